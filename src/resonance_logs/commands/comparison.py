"""Compare fights or players: figures, skills, overlaid curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypeGuard

from pydantic import Field, Strict, ValidationInfo, model_validator
from sqlalchemy import Connection

from resonance_logs.commands.actor_totals import SKILL, FightTotals, by_total, sum_by
from resonance_logs.commands.encounter import (
    ActorEncounterStat,
    BossSummary,
    EncounterSummary,
    find_encounter,
    summary,
)
from resonance_logs.commands.formulas import rates, ratio
from resonance_logs.commands.models import (
    FROM_PYTHON,
    Accepts,
    Arguments,
    EncounterArguments,
    Integer,
    Shape,
    SkillType,
)
from resonance_logs.commands.party import PartyRow, party_row
from resonance_logs.commands.registry import command
from resonance_logs.commands.skill_names import skill_names
from resonance_logs.commands.skills import SkillRow
from resonance_logs.commands.timeline import (
    MAX_BUCKETS,
    TimelineArguments,
    get_encounter_timeline,
    round_width,
)
from resonance_logs.errors import NotFound
from resonance_logs.fights.games import Game
from resonance_logs.fights.tally import SIX
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.tasks import MAX_INTEGER


class ComparisonSide(EncounterArguments):
    """A fight, or one of its actors."""

    actor_id: Integer | None = Field(default=None, description="Null: the whole fight.")

    @model_validator(mode="before")
    @classmethod
    def _from_python(cls, given: object, info: ValidationInfo) -> object:
        """In Python also a fight's id, or a tuple of the ids of a fight and an actor."""
        if info.context != FROM_PYTHON or isinstance(given, ComparisonSide | Mapping):
            return given
        encounter_id, actor_id = given if _is_pair(given) else (given, None)
        return {"encounter_id": encounter_id, "actor_id": actor_id}


def _is_pair(given: object) -> TypeGuard[tuple[object, object]]:
    return isinstance(given, tuple) and len(given) == 2


class ComparisonArguments(Arguments):
    """What to compare, and the maximum number of buckets."""

    sides: Annotated[
        list[Annotated[ComparisonSide, Accepts(ComparisonSide | tuple[int, int | None] | int)],],
        Field(min_length=2, max_length=8),
    ]
    kind: SkillType = SkillType.DPS
    points: Annotated[int, Strict(), Field(ge=1, le=MAX_BUCKETS)] = 120
    smooth_ms: Annotated[int, Strict(), Field(ge=0, le=MAX_INTEGER)] = Field(
        default=0, description="Smoothing of the curves, as in get_encounter_timeline."
    )


class ComparedSide(Shape):
    """One side: a fight, or one of its actors (``actor_id``).

    ``values`` are per second, one per bucket, null if the events are not stored; ``active_dps`` is
    null for a whole fight, and for anything but damage dealt.
    """

    encounter_id: int
    game: str
    started_at_ms: int
    duration: float
    scene_name: str | None
    bosses: list[BossSummary]
    actor_id: int | None
    name: str | None
    class_id: int | None
    class_name: str
    class_spec_name: str
    total: int
    per_second: float
    active_dps: float | None
    hits: int
    crit_rate: float
    lucky_rate: float
    values: list[float] | None


class ComparedSkill(Shape):
    """A skill of a game on each side, in order; null if it was not used."""

    game: str
    skill_id: int
    name: str
    sides: list[SkillRow | None]


class ComparedActor(Shape):
    """An actor of a game on each side, in order; null if absent, or if it did nothing of the kind.

    ``share`` of a row is of all players in its fight, or of the actor itself if it is a side alone.
    """

    game: str
    actor_id: int
    name: str | None
    class_id: int | None
    sides: list[PartyRow | None]


class Comparison(Shape):
    """Fights or players compared; ``values`` are per second, in buckets of ``bucket_ms``."""

    kind: str
    bucket_ms: int
    sides: list[ComparedSide]
    actors: list[ComparedActor]
    skills: list[ComparedSkill]


_NOTHING: Final = [0] * SIX


@dataclass(frozen=True, slots=True)
class _Side:
    """A side without its curve; ``actors`` are those that are counted."""

    game: Game
    fight: EncounterSummary
    actor: ActorEncounterStat | None
    six: list[int]
    """Total, hits, crit hits, lucky hits, crit total, lucky total."""
    actors: list[PartyRow]
    skills: list[SkillRow]


@command()
def compare_encounters(store: Store, arguments: ComparisonArguments) -> Comparison:
    """Compare two to eight fights, or actors of fights: figures, skills, curves.

    All curves have the same bucket width, chosen for the longest fight.

    Raises:
        NotFound: a fight does not exist, or an actor is not in it.
    """
    kind = arguments.kind
    with store.read_transaction() as connection:
        sides = [_read(connection, each, kind) for each in arguments.sides]
    width = round_width(round(max(side.fight.duration for side in sides) * 1_000), arguments.points)
    return Comparison(
        kind=kind,
        bucket_ms=width,
        sides=[_compared(side, kind, _curve(store, side, arguments, width)) for side in sides],
        actors=_actors(sides),
        skills=_skills(sides),
    )


def _read(connection: Connection, side: ComparisonSide, kind: SkillType) -> _Side:
    row = find_encounter(connection, side.encounter_id)
    totals = FightTotals.read(connection, row, None, None)
    actor = None if side.actor_id is None else totals.actor(side.actor_id)
    counted = totals.side(players=True) if actor is None else [actor]
    sums = totals.sums_by_actor(kind, players=actor is None or actor.is_player)
    rows = [row for each in counted for row in totals.rows_for(each, kind)]
    six = [
        sum(column)
        for column in zip(_NOTHING, *(sums[each.actor_id] for each in counted), strict=True)
    ]
    return _Side(
        game=totals.game,
        fight=summary(row, []),
        actor=actor,
        six=six,
        actors=[party_row(totals, each, sums[each.actor_id], kind, six[0]) for each in counted],
        skills=_skill_rows(connection, totals, sum_by(rows, SKILL), six[0]),
    )


def _skill_rows(
    connection: Connection, fight: FightTotals, sums: dict[int, list[int]], whole: int
) -> list[SkillRow]:
    names = skill_names(connection, fight.game.id, sums)
    return [
        SkillRow(skill_id=skill, name=names[skill], **rates(six, whole, fight.duration))
        for skill, six in sorted(sums.items(), key=by_total)
    ]


def _curve(
    store: Store, side: _Side, arguments: ComparisonArguments, width: int
) -> list[float] | None:
    asked = TimelineArguments(
        encounter_id=side.fight.id,
        kind=arguments.kind,
        actor_id=None if side.actor is None else side.actor.actor_id,
        bucket_ms=width,
        smooth_ms=arguments.smooth_ms,
    )
    try:
        timeline = get_encounter_timeline(store, asked)
    except NotFound:
        return None
    lines = [line.rates or [] for line in timeline.series] or [[0.0] * timeline.buckets]
    return [sum(rates) for rates in zip(*lines, strict=True)]


def _compared(side: _Side, kind: SkillType, values: list[float] | None) -> ComparedSide:
    game, fight, actor = side.game, side.fight, side.actor
    total, hits, crits, luckies, *_ = side.six
    return ComparedSide(
        encounter_id=fight.id,
        game=game.id,
        started_at_ms=fight.started_at_ms,
        duration=fight.duration,
        scene_name=fight.scene_name,
        bosses=fight.bosses,
        actor_id=None if actor is None else actor.actor_id,
        name=None if actor is None else actor.name,
        class_id=None if actor is None else actor.class_id,
        class_name="" if actor is None else game.class_name(actor.class_id),
        class_spec_name="" if actor is None else game.spec_name(actor.class_id, actor.class_spec),
        total=total,
        per_second=total / fight.duration,
        active_dps=actor.active_dps if actor is not None and kind is SkillType.DPS else None,
        hits=hits,
        crit_rate=ratio(crits, hits),
        lucky_rate=ratio(luckies, hits),
        values=values,
    )


def _actors(sides: list[_Side]) -> list[ComparedActor]:
    """Every actor of any side, largest total first; names come from the first side."""
    by_id = [
        {(side.game.id, row.actor_id): row for row in side.actors if row.hits} for side in sides
    ]
    first = {key: row for rows in reversed(by_id) for key, row in rows.items()}
    compared = [
        ComparedActor(
            game=key[0],
            actor_id=row.actor_id,
            name=row.name,
            class_id=row.class_id,
            sides=[rows.get(key) for rows in by_id],
        )
        for key, row in first.items()
    ]
    return sorted(
        compared,
        key=lambda each: (
            -sum(row.total for row in each.sides if row),
            each.actor_id,
            each.game,
        ),
    )


def _skills(sides: list[_Side]) -> list[ComparedSkill]:
    """Every skill of any side, largest total first; the same id in two games is two skills."""
    by_id = [{(side.game.id, row.skill_id): row for row in side.skills} for side in sides]
    first = {key: row for rows in reversed(by_id) for key, row in rows.items()}
    compared = [
        ComparedSkill(
            game=key[0],
            skill_id=row.skill_id,
            name=row.name,
            sides=[rows.get(key) for rows in by_id],
        )
        for key, row in first.items()
    ]
    return sorted(
        compared,
        key=lambda each: (
            -sum(row.total_dmg for row in each.sides if row),
            each.skill_id,
            each.game,
        ),
    )
