"""Bosses and scenes: attempts, kill times, and DPS by class."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import numpy as np
from pydantic import Field
from sqlalchemy import Connection, Row, Select, exists, literal, select

from resonance_logs.commands.filters import Filters, find_candidates
from resonance_logs.commands.formulas import seconds
from resonance_logs.commands.models import (
    Arguments,
    GameArguments,
    GameId,
    Limit,
    Shape,
    Text,
)
from resonance_logs.commands.order_statistics import Distribution, distribution
from resonance_logs.commands.registry import command
from resonance_logs.commands.skill_names import batched
from resonance_logs.errors import InvalidArgument, NotFound
from resonance_logs.fights.games import find_game
from resonance_logs.store.schema import actor_encounter_stats, encounter_bosses, encounters
from resonance_logs.store.sqlite.connections import Store


class BossProfileArguments(Arguments):
    """A boss, a scene, or both."""

    boss_name: Text | None = Field(default=None, description="Fights with this boss.")
    scene_name: Text | None = Field(default=None, description="Fights in this scene.")
    newest: Limit = Field(
        default=1_000, description="DPS by class covers this many of the newest kills, 1 to 1,000."
    )
    game: GameId | None = Field(
        default=None, description="The game; null: that of the most recent of the fights."
    )


class TargetOverview(Shape):
    """The ended fights of a game with a boss, or in a scene.

    ``best_time`` (in seconds) is that of the kills, null without one. In a scene there may be
    fights without a boss, which are no tries, and a kill is a fight in which every boss was
    defeated. Fights in which the clock was set back have no part in times.
    """

    name: str
    game: str
    fights: int
    tries: int
    kills: int
    best_time: float | None
    last_started_at_ms: int


class TargetsOverview(Shape):
    """All bosses and all scenes of ended fights, most attempts first."""

    bosses: list[TargetOverview]
    scenes: list[TargetOverview]


class Attempt(Shape):
    """A fight with a boss, or in a scene (possibly without a boss); ``duration`` in seconds."""

    encounter_id: int
    started_at_ms: int
    duration: float
    has_boss: bool
    is_kill: bool
    scene_name: str | None
    total_dmg: int
    dps: float
    clock_jumped: bool


class ClassDps(Shape):
    """The DPS of players of a class, one value per player and fight."""

    class_id: int | None
    class_name: str
    dps: Distribution


class BossProfile(Shape):
    """The fights of a game with a boss, or in a scene; times in seconds, null without a kill.

    Those with a boss are tries; of a scene alone, those in which every boss was defeated are kills.
    ``fastest`` are the shortest kills, ``newest`` the last fights, each at most 100; ``classes`` is
    of the newest ``kills_compared`` kills, the highest median first. Fights in which the clock was
    set back count, but have no part in times and DPS.
    """

    boss_name: str | None
    scene_name: str | None
    game: str
    fights: int
    tries: int
    kills: int
    time_spent: float
    best_time: float | None
    median_time: float | None
    first_started_at_ms: int
    last_started_at_ms: int
    fastest: list[Attempt]
    newest: list[Attempt]
    kills_compared: int
    classes: list[ClassDps]


MAX_SHOWN_FIGHTS: Final = 100

_BOSSES: Final = """
    SELECT b.monster_name AS name, e.game AS game, count(*) AS fights, count(*) AS tries,
        sum(b.is_defeated) AS kills,
        min(CASE WHEN b.is_defeated AND NOT e.clock_jumped THEN e.duration_ms END) AS best_ms,
        max(e.started_at_ms) AS last_ms
    FROM encounters e CROSS JOIN encounter_bosses b ON b.encounter_id = e.id
    WHERE e.ended_at_ms IS NOT NULL AND (:game IS NULL OR e.game = :game)
    GROUP BY 1, 2 ORDER BY tries DESC, 1, 2
"""
_SCENES: Final = """
    SELECT scene_name AS name, game, count(*) AS fights, sum(bosses <> '[]') AS tries,
        sum(is_kill) AS kills,
        min(CASE WHEN is_kill AND NOT clock_jumped THEN duration_ms END) AS best_ms,
        max(started_at_ms) AS last_ms
    FROM (
        SELECT scene_name, game, bosses, clock_jumped, duration_ms, started_at_ms,
            is_defeated AND NOT EXISTS (
                SELECT 1 FROM encounter_bosses b WHERE b.encounter_id = id AND NOT b.is_defeated
            ) AS is_kill
        FROM encounters
        WHERE ended_at_ms IS NOT NULL AND scene_name IS NOT NULL
            AND (:game IS NULL OR game = :game)
    )
    GROUP BY 1, 2 ORDER BY tries DESC, fights DESC, 1, 2
"""


@command()
def get_bosses_and_scenes(store: Store, arguments: GameArguments) -> TargetsOverview:
    """All bosses and scenes: attempts, kills, best times; most attempts first.

    A try in a scene is a fight with a boss, and a kill one in which every boss was defeated.
    """
    with store.read_transaction() as connection:
        return TargetsOverview(
            bosses=_overview(connection, _BOSSES, arguments.game),
            scenes=_overview(connection, _SCENES, arguments.game),
        )


@command()
def get_boss_profile(store: Store, arguments: BossProfileArguments) -> BossProfile:
    """The fights with a boss, in a scene, or both: attempts, kills, times, DPS by class.

    Raises:
        InvalidArgument: neither a boss nor a scene is given.
        NotFound: there is no such fight.
    """
    if arguments.boss_name is None and arguments.scene_name is None:
        raise InvalidArgument("bossName", "give bossName, sceneName or both")
    with store.read_transaction() as connection:
        fights = _fights(connection, arguments)
        kills = [each for each in fights if each.is_kill]
        timed = [each for each in kills if not each.clock_jumped]
        compared = timed[: arguments.newest]
        game = fights[0].game
        classes = _classes(connection, game, [each.id for each in compared])
    times = [seconds(each.duration_ms) for each in timed]
    fastest = sorted(timed, key=lambda each: (each.duration_ms, each.started_at_ms, each.id))
    return BossProfile(
        boss_name=arguments.boss_name,
        scene_name=arguments.scene_name,
        game=game,
        fights=len(fights),
        tries=sum(each.has_boss for each in fights),
        kills=len(kills),
        time_spent=sum(seconds(each.duration_ms) for each in fights),
        best_time=min(times, default=None),
        median_time=float(np.median(times)) if times else None,
        first_started_at_ms=fights[-1].started_at_ms,
        last_started_at_ms=fights[0].started_at_ms,
        fastest=[_try(each) for each in fastest[:MAX_SHOWN_FIGHTS]],
        newest=[_try(each) for each in fights[:MAX_SHOWN_FIGHTS]],
        kills_compared=len(compared),
        classes=classes,
    )


def _overview(connection: Connection, statement: str, game: str | None) -> list[TargetOverview]:
    return [
        TargetOverview(
            name=row.name,
            game=row.game,
            fights=row.fights,
            tries=row.tries,
            kills=row.kills,
            best_time=None if row.best_ms is None else seconds(row.best_ms),
            last_started_at_ms=row.last_ms,
        )
        for row in connection.exec_driver_sql(statement, {"game": game})
    ]


def _fights(connection: Connection, arguments: BossProfileArguments) -> list[Row[Any]]:
    """The fights, newest first; all are of one game."""
    boss, scene, game = arguments.boss_name, arguments.scene_name, arguments.game
    filters = Filters(
        boss_names=[] if boss is None else [boss],
        encounter_names=[] if scene is None else [scene],
        games=[] if game is None else [game],
    )
    candidates = find_candidates(connection, filters)
    if candidates.count and candidates.condition is not None:
        statement = _statement(boss).where(candidates.condition)
        fights = list(connection.execute(statement))
        if fights:
            return [each for each in fights if each.game == fights[0].game]
    names = " in ".join(f"'{each}'" for each in (boss, scene) if each is not None)
    where = "" if game is None else f" of {game}"
    raise NotFound(f"there is no fight{where} with {names}")


def _statement(boss: str | None) -> Select[Any]:
    columns = (
        encounters.c.id,
        encounters.c.started_at_ms,
        encounters.c.duration_ms,
        encounters.c.scene_name,
        encounters.c.total_dmg,
        encounters.c.clock_jumped,
        encounters.c.game,
    )
    order = encounters.c.started_at_ms.desc(), encounters.c.id.desc()
    if boss is None:
        has_boss = (encounters.c.bosses != "[]").label("has_boss")
        survived = exists().where(
            encounter_bosses.c.encounter_id == encounters.c.id, encounter_bosses.c.is_defeated == 0
        )
        is_kill = ((encounters.c.is_defeated == 1) & ~survived).label("is_kill")
        return select(*columns, has_boss, is_kill).order_by(*order)
    return (
        select(
            *columns,
            literal(1).label("has_boss"),
            encounter_bosses.c.is_defeated.label("is_kill"),
        )
        .join(encounter_bosses, encounter_bosses.c.encounter_id == encounters.c.id)
        .where(encounter_bosses.c.monster_name == boss)
        .order_by(*order)
    )


def _try(row: Row[Any]) -> Attempt:
    duration = seconds(row.duration_ms)
    return Attempt(
        encounter_id=row.id,
        started_at_ms=row.started_at_ms,
        duration=duration,
        has_boss=bool(row.has_boss),
        is_kill=bool(row.is_kill),
        scene_name=row.scene_name,
        total_dmg=row.total_dmg,
        dps=row.total_dmg / duration,
        clock_jumped=bool(row.clock_jumped),
    )


def _classes(connection: Connection, game_id: str, encounter_ids: list[int]) -> list[ClassDps]:
    actors, game = actor_encounter_stats, find_game(game_id)
    found: defaultdict[int | None, list[float]] = defaultdict(list)
    for part in batched(encounter_ids):
        statement = (
            select(actors.c.class_id, actors.c.damage_dealt, encounters.c.duration_ms)
            .join(encounters)
            .where(actors.c.encounter_id.in_(part), actors.c.is_player == 1)
        )
        for class_id, damage, duration_ms in connection.execute(statement):
            found[class_id].append(damage / seconds(duration_ms))
    classes = [
        ClassDps(
            class_id=each, class_name=game.class_name(each), dps=distribution(np.array(values))
        )
        for each, values in found.items()
    ]
    return sorted(classes, key=lambda each: (-each.dps.median, each.class_id or 0))
