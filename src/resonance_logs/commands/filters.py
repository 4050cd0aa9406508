"""Find the fights that match the filters of a command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BeforeValidator, Field
from pyroaring import BitMap64
from sqlalchemy import ColumnElement, Connection, func

from resonance_logs.commands.models import (
    Arguments,
    Flag,
    GameId,
    Integer,
    RecorderName,
    Text,
)
from resonance_logs.fights.name_folding import fold_name
from resonance_logs.store.facets import find_encounters
from resonance_logs.store.marks import FAVORITE, TAG
from resonance_logs.store.membership import is_member
from resonance_logs.store.schema import encounters, facet_values

MAX_CHOICES: Final = 1_000


def _none_to_empty(value: object) -> object:
    return [] if value is None else value


Choices = Annotated[list[Text], Field(max_length=MAX_CHOICES), BeforeValidator(_none_to_empty)]


class Sort(StrEnum):
    """Sort order of a list of fights; ties by id, in the same direction."""

    STARTED_AT = "startedAt"
    DURATION = "duration"
    TOTAL_DMG = "totalDmg"


class Filters(Arguments):
    """A fight must match every given filter (not empty or null); within a list, any value
    matches.
    """

    encounter_ids: Annotated[
        list[Integer], Field(max_length=MAX_CHOICES), BeforeValidator(_none_to_empty)
    ] = Field(default=[], description="Only these fights.")
    boss_names: Choices = Field(default=[], description="Boss names.")
    encounter_names: Choices = Field(default=[], description="Scene names.")
    player_name: Text | None = Field(
        default=None, description="Player name contains this text, ignoring case."
    )
    player_names: Choices = Field(default=[], description="Full player names.")
    class_ids: Annotated[
        list[Integer], Field(max_length=MAX_CHOICES), BeforeValidator(_none_to_empty)
    ] = Field(
        default=[], description="Player classes, by id; of all games, unless games are given."
    )
    date_from_ms: Integer | None = Field(
        default=None, description="Started at or after this time (epoch ms)."
    )
    date_to_ms: Integer | None = Field(
        default=None, description="Started at or before this time (epoch ms)."
    )
    is_favorite: Flag | None = Field(default=None, description="Is a favourite, or is not.")
    tags: Choices = Field(default=[], description="Tags.")
    min_duration_ms: Integer | None = Field(default=None, description="Minimum duration.")
    is_defeated: Flag | None = Field(default=None, description="Any boss was defeated, or none.")
    sort: Sort = Sort.STARTED_AT
    descending: Flag = True
    games: Annotated[
        list[GameId], Field(max_length=MAX_CHOICES), BeforeValidator(_none_to_empty)
    ] = Field(default=[], description="Ids of games.")
    recorders: Annotated[
        list[RecorderName], Field(max_length=MAX_CHOICES), BeforeValidator(_none_to_empty)
    ] = Field(default=[], description="Names of recorders.")


@dataclass(frozen=True, slots=True)
class Candidates:
    """The ended fights that match the filters by value; start and duration are not checked yet.

    ``condition`` holds for these fights among the ended ones; it is None where it holds for all.
    """

    count: int
    condition: ColumnElement[bool] | None = None


def find_candidates(connection: Connection, filters: Filters) -> Candidates:
    """Unite the fights of a filter's values, then intersect the filters: one statement each."""
    conditions = _conditions(filters)
    sets = [find_encounters(connection, each) for each in conditions or [_is_a("outcome")]]
    if filters.encounter_ids:
        sets.append(BitMap64(each for each in filters.encounter_ids if each >= 0))
    ids = sets[0].intersection(*sets[1:])
    if filters.is_favorite is False:
        ids -= find_encounters(connection, _is_one_of(FAVORITE.kind, [FAVORITE.value]))
    elif not conditions and not filters.encounter_ids:
        return Candidates(len(ids))
    return Candidates(len(ids), is_member(connection, encounters.c.id, ids))


def contains(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    """Whether a column of folded names contains ``part``, folded too; nothing is a wildcard."""
    return func.instr(column, fold_name(part)) > 0


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """One condition per given filter; excluded favourites are handled by the caller.

    Every ended fight has an outcome, in its game. A value is one of a game, so that each condition
    is restricted to the games.
    """
    wanted = {
        "boss": filters.boss_names,
        "scene": filters.encounter_names,
        "player": filters.player_names,
        "class": [str(class_id) for class_id in filters.class_ids],
        "outcome": [] if filters.is_defeated is None else [str(int(filters.is_defeated))],
        FAVORITE.kind: [FAVORITE.value] if filters.is_favorite else [],
        TAG: filters.tags,
        "recorder": filters.recorders,
    }
    conditions = [_is_one_of(kind, values) for kind, values in wanted.items() if values]
    if filters.player_name:
        conditions.append(_is_a("player") & contains(facet_values.c.folded, filters.player_name))
    if filters.games:
        is_of_game = facet_values.c.game.in_(filters.games)
        conditions = [each & is_of_game for each in conditions or [_is_a("outcome")]]
    return conditions


def _is_a(kind: str) -> ColumnElement[bool]:
    return facet_values.c.kind == kind


def _is_one_of(kind: str, values: list[str]) -> ColumnElement[bool]:
    return _is_a(kind) & facet_values.c.value.in_(values)
