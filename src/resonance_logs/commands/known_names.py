"""Names to choose from: bosses, scenes and players."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, exists, func, select

from resonance_logs.commands.filters import contains
from resonance_logs.commands.models import (
    MAX_LIMIT,
    ONLY_OF_GAME,
    Arguments,
    GameArguments,
    GameId,
    GamePlayerArguments,
    Limit,
    NoArguments,
    Shape,
    Text,
)
from resonance_logs.commands.registry import command
from resonance_logs.store.schema import entities, facet_encounters, facet_values
from resonance_logs.store.sqlite.connections import Store


class PrefixArguments(Arguments):
    """Part of a name."""

    prefix: Text
    game: GameId | None = ONLY_OF_GAME


class RecentPlayersArguments(Arguments):
    """A number of players."""

    limit: Limit = 50
    game: GameId | None = ONLY_OF_GAME


class Names(Shape):
    """Names."""

    names: list[str]


@command(is_quick=True)
def get_unique_boss_names(store: Store, arguments: GameArguments) -> Names:
    """Names of all bosses in ended fights, sorted."""
    return read_names(store, facet_names_statement("boss", arguments.game))


@command(is_quick=True)
def get_unique_scene_names(store: Store, arguments: GameArguments) -> Names:
    """Names of all scenes of ended fights, sorted."""
    return read_names(store, facet_names_statement("scene", arguments.game))


@command(is_quick=True)
def get_unique_recorder_names(store: Store, _arguments: NoArguments) -> Names:
    """Names of all recorders of ended fights, sorted."""
    return read_names(store, facet_names_statement("recorder"))


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
    if arguments.game is not None:
        statement = statement.where(entities.c.game == arguments.game)
    return read_names(store, statement)


@command(is_quick=True)
def get_recent_players_command(
    store: Store, arguments: RecentPlayersArguments
) -> list[tuple[int, str]]:
    """Ids and names of players with a known name, most recently seen first."""
    statement = (
        select(entities.c.entity_id, entities.c.name)
        .where(entities.c.name.is_not(None))
        .order_by(entities.c.last_seen_ms.desc(), entities.c.entity_id, entities.c.game)
        .limit(arguments.limit)
    )
    if arguments.game is not None:
        statement = statement.where(entities.c.game == arguments.game)
    with store.read_transaction() as connection:
        return [(row.entity_id, row.name) for row in connection.execute(statement)]


@command(is_quick=True)
def get_player_name_command(store: Store, arguments: GamePlayerArguments) -> str | None:
    """The player's name; null if it (or the player) is unknown."""
    with store.read_transaction() as connection:
        player = find_entity(connection, arguments)
        return None if player is None else player.name


def find_entity(connection: Connection, player: GamePlayerArguments) -> Row[Any] | None:
    """The stored player of this id and game; without a game, of those with the id the last seen."""
    games = games_of_players(connection) if player.game is None else [player.game]
    statement = (
        select(entities)
        .where(entities.c.game.in_(games), entities.c.entity_id == player.uid)
        .order_by(entities.c.last_seen_ms.desc(), entities.c.game)
        .limit(1)
    )
    return connection.execute(statement).one_or_none()


def games_of_players(connection: Connection) -> list[str]:
    """The games of all known players, sorted; each is found by one step in the index."""
    game = entities.c.game
    first = select(func.min(game).label("game")).cte("games", recursive=True)
    following = select(func.min(game)).where(game > first.c.game).scalar_subquery()
    found = first.union_all(select(following).where(first.c.game.is_not(None)))
    statement = select(found.c.game).where(found.c.game.is_not(None)).order_by(found.c.game)
    return list(connection.execute(statement).scalars())


def facet_names_statement(kind: str, game: str | None = None) -> Select[str]:
    """The values of a kind that any fight (of the game, if given) has, sorted."""
    used = exists().where(facet_encounters.c.value_id == facet_values.c.value_id)
    statement = (
        select(facet_values.c.value)
        .distinct()
        .where(facet_values.c.kind == kind, used)
        .order_by(facet_values.c.value)
    )
    return statement if game is None else statement.where(facet_values.c.game == game)


def read_names(store: Store, statement: Select[str]) -> Names:
    """The names that a statement selects, in its order."""
    with store.read_transaction() as connection:
        return Names(names=list(connection.execute(statement).scalars()))
