"""Names to choose from: bosses, scenes and players."""

from __future__ import annotations

from sqlalchemy import Select, exists, func, select

from resonance_logs.commands.filters import contains
from resonance_logs.commands.models import (
    MAX_LIMIT,
    Arguments,
    Limit,
    NoArguments,
    PlayerArguments,
    Shape,
    Text,
)
from resonance_logs.commands.registry import command
from resonance_logs.store.schema import entities, facet_encounters, facet_values
from resonance_logs.store.sqlite.connections import Store


class PrefixArguments(Arguments):
    """Part of a name."""

    prefix: Text


class RecentPlayersArguments(Arguments):
    """A number of players."""

    limit: Limit = 50


class Names(Shape):
    """Names."""

    names: list[str]


@command(is_quick=True)
def get_unique_boss_names(store: Store, _arguments: NoArguments) -> Names:
    """Names of all bosses in ended fights, sorted."""
    return _read_names(store, facet_names_statement("boss"))


@command(is_quick=True)
def get_unique_scene_names(store: Store, _arguments: NoArguments) -> Names:
    """Names of all scenes of ended fights, sorted."""
    return _read_names(store, facet_names_statement("scene"))


@command(is_quick=True)
def get_player_names_filtered(store: Store, arguments: PrefixArguments) -> Names:
    """Names that contain ``prefix``, most recently seen first; at most 1,000."""
    seen, lowest_id = func.max(entities.c.last_seen_ms), func.min(entities.c.entity_id)
    statement = (
        select(entities.c.name)
        .where(entities.c.name.is_not(None))
        .group_by(entities.c.name)
        .order_by(seen.desc(), lowest_id)
        .limit(MAX_LIMIT)
    )
    if arguments.prefix:
        statement = statement.where(contains(entities.c.name_folded, arguments.prefix))
    return _read_names(store, statement)


@command(is_quick=True)
def get_recent_players_command(
    store: Store, arguments: RecentPlayersArguments
) -> list[tuple[int, str]]:
    """Ids and names of players with a known name, most recently seen first."""
    statement = (
        select(entities.c.entity_id, entities.c.name)
        .where(entities.c.name.is_not(None))
        .order_by(entities.c.last_seen_ms.desc(), entities.c.entity_id)
        .limit(arguments.limit)
    )
    with store.read_transaction() as connection:
        return [(row.entity_id, row.name) for row in connection.execute(statement)]


@command(is_quick=True)
def get_player_name_command(store: Store, arguments: PlayerArguments) -> str | None:
    """The player's name; null if it (or the player) is unknown."""
    statement = select(entities.c.name).where(entities.c.entity_id == arguments.uid)
    with store.read_transaction() as connection:
        name: str | None = connection.execute(statement).scalar_one_or_none()
    return name


def facet_names_statement(kind: str) -> Select[str]:
    """The values of a kind that any fight has, sorted."""
    used = exists().where(facet_encounters.c.value_id == facet_values.c.value_id)
    return (
        select(facet_values.c.value)
        .where(facet_values.c.kind == kind, used)
        .order_by(facet_values.c.value)
    )


def _read_names(store: Store, statement: Select[str]) -> Names:
    with store.read_transaction() as connection:
        return Names(names=list(connection.execute(statement).scalars()))
