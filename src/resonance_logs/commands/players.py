"""Player statistics: fights, classes, bosses; and the list of known players."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import numpy as np
from pydantic import Field
from sqlalchemy import ColumnElement, Connection, Row, func, select

from resonance_logs.commands.filters import contains
from resonance_logs.commands.formulas import ratio, seconds
from resonance_logs.commands.known_names import find_entity
from resonance_logs.commands.models import (
    ONLY_OF_GAME,
    PLAYERS_GAME,
    Arguments,
    GameId,
    GamePlayerArguments,
    Limit,
    Offset,
    PlayerArguments,
    Shape,
    Text,
)
from resonance_logs.commands.order_statistics import (
    Distribution,
    Float64Array,
    distribution,
    running_median,
)
from resonance_logs.commands.player_history import BossFights, Career, FightBoss
from resonance_logs.commands.registry import command
from resonance_logs.errors import NotFound
from resonance_logs.fights.games import Game, find_game
from resonance_logs.store.rows import select_in
from resonance_logs.store.schema import encounters, entities
from resonance_logs.store.sqlite.connections import Store


class PlayersArguments(Arguments):
    """A page of the list of players."""

    search: Text | None = Field(default=None, description="Name contains this text, ignoring case.")
    limit: Limit = 50
    offset: Offset = 0
    game: GameId | None = ONLY_OF_GAME


class PlayerFightsArguments(PlayerArguments):
    """A page of a player's fights."""

    boss_name: Text | None = Field(default=None, description="Only fights with this boss.")
    limit: Limit = 50
    offset: Offset = 0
    game: GameId | None = PLAYERS_GAME


class PlayerOverview(Shape):
    """A known player of a game, as last seen."""

    uid: int
    game: str
    name: str | None
    class_id: int | None
    class_name: str
    class_spec_name: str
    ability_score: int | None
    level: int | None
    first_seen_ms: int
    last_seen_ms: int


class PlayerPage(Shape):
    """A page of players, and the total count."""

    rows: list[PlayerOverview]
    total_count: int


class ClassRecord(Shape):
    """A class and spec that a player played: number of fights, DPS.

    DPS is null where the clock was set back in all of them.
    """

    class_id: int | None
    class_name: str
    class_spec: int | None
    class_spec_name: str
    fights: int
    median_dps: float | None
    best_dps: float | None


class BossRecord(Shape):
    """A player's fights with a boss; DPS over all attempts, and over the kills (null: none).

    Fights in which the clock was set back count as tries and kills, but have no part in DPS.
    """

    monster_name: str
    tries: int
    kills: int
    median_dps: float | None
    best_dps: float | None
    best_encounter_id: int | None
    median_kill_dps: float | None
    best_kill_dps: float | None
    last_started_at_ms: int


class PlayerProfile(Shape):
    """Statistics over all ended fights of a player; ``dps`` is null if there are none.

    ``kills`` are the fights in which any boss was defeated; ``classes`` and ``bosses`` are sorted
    by number of fights.
    """

    player: PlayerOverview
    fights: int
    kills: int
    total_dmg: int
    total_heal: int
    active_time_ms: int
    dps: Distribution | None
    classes: list[ClassRecord]
    bosses: list[BossRecord]


class PlayerFight(Shape):
    """A player's figures in one fight; ``trend_dps`` is the median of it and the nine before it."""

    encounter_id: int
    started_at_ms: int
    duration: float
    scene_name: str | None
    bosses: list[FightBoss]
    class_id: int | None
    class_name: str
    class_spec_name: str
    total_dmg: int
    dps: float
    active_dps: float
    total_heal: int
    damage_taken: int
    trend_dps: float


class PlayerFights(Shape):
    """A page of a player's fights, newest first, and the total count; all are of one game."""

    game: str
    rows: list[PlayerFight]
    total_count: int


TREND_WINDOW: Final = 10
"""The trend is the median of this many fights."""


@command(is_quick=True)
def get_players(store: Store, arguments: PlayersArguments) -> PlayerPage:
    """Known players whose name contains ``search``, most recently seen first."""
    where: list[ColumnElement[bool]] = []
    if arguments.search:
        where.append(contains(entities.c.name_folded, arguments.search))
    if arguments.game is not None:
        where.append(entities.c.game == arguments.game)
    count = select(func.count()).select_from(entities).where(*where)
    page = (
        select(entities)
        .where(*where)
        .order_by(entities.c.last_seen_ms.desc(), entities.c.entity_id, entities.c.game)
        .limit(arguments.limit)
        .offset(arguments.offset)
    )
    with store.read_transaction() as connection:
        return PlayerPage(
            rows=[_overview(row) for row in connection.execute(page)],
            total_count=connection.execute(count).scalar_one(),
        )


@command()
def get_player_profile(store: Store, arguments: GamePlayerArguments) -> PlayerProfile:
    """Statistics over all ended fights of a player: classes, bosses, distribution of DPS.

    Raises:
        NotFound: there is no such player.
    """
    with store.read_transaction() as connection:
        player = _find_player(connection, arguments)
        career = Career.read(connection, player.uid, player.game)
    kills = {index for met in career.bosses.values() for index in met.kills.tolist()}
    return PlayerProfile(
        player=player,
        fights=len(career.ids),
        kills=len(kills),
        total_dmg=int(career.damage.sum()),
        total_heal=int(career.heal.sum()),
        active_time_ms=int(career.active_ms.sum()),
        dps=distribution(career.dps[career.is_timed]) if career.is_timed.any() else None,
        classes=_classes(find_game(player.game), career),
        bosses=sorted(
            (_boss(career, name, met) for name, met in career.bosses.items()),
            key=lambda boss: (-boss.tries, boss.monster_name),
        ),
    )


@command()
def get_player_fights(store: Store, arguments: PlayerFightsArguments) -> PlayerFights:
    """A player's ended fights (with ``bossName`` only those with it), newest first.

    Raises:
        NotFound: there is no such player.
    """
    with store.read_transaction() as connection:
        asked = GamePlayerArguments(uid=arguments.uid, game=arguments.game)
        player = _find_player(connection, asked)
        career = Career.read(connection, player.uid, player.game)
        chosen = career.with_boss(arguments.boss_name)
        end = len(chosen) - arguments.offset
        start = max(0, end - arguments.limit)
        shown = chosen[start : max(0, end)].tolist()
        rows = select_in(
            connection, encounters, ("id", "scene_name"), "id", career.ids[shown].tolist()
        )
    scenes = dict(rows)
    before = max(0, start + 1 - TREND_WINDOW)
    trend = running_median(career.dps[chosen[before : max(0, end)]], TREND_WINDOW)[start - before :]
    bosses = career.bosses_of(shown)
    game = find_game(player.game)
    fights = [
        _fight(game, career, index, scenes.get(int(career.ids[index])), median, bosses[index])
        for index, median in zip(shown, trend, strict=True)
    ]
    return PlayerFights(game=game.id, rows=fights[::-1], total_count=len(chosen))


def _find_player(connection: Connection, asked: GamePlayerArguments) -> PlayerOverview:
    row = find_entity(connection, asked)
    if row is None:
        where = "" if asked.game is None else f" of {asked.game}"
        raise NotFound(f"there is no player {asked.uid}{where}")
    return _overview(row)


def _overview(row: Row[Any]) -> PlayerOverview:
    game = find_game(row.game)
    return PlayerOverview(
        uid=row.entity_id,
        game=game.id,
        name=row.name,
        class_id=row.class_id,
        class_name=game.class_name(row.class_id),
        class_spec_name=game.spec_name(row.class_id, row.class_spec),
        ability_score=row.ability_score,
        level=row.level,
        first_seen_ms=row.first_seen_ms,
        last_seen_ms=row.last_seen_ms,
    )


def _classes(game: Game, career: Career) -> list[ClassRecord]:
    indexes: defaultdict[tuple[int | None, int | None], list[int]] = defaultdict(list)
    for index, played in enumerate(career.classes):
        indexes[played].append(index)
    found = [
        ClassRecord(
            class_id=class_id,
            class_name=game.class_name(class_id),
            class_spec=class_spec,
            class_spec_name=game.spec_name(class_id, class_spec),
            fights=len(own),
            **_median_and_best(career.dps[career.timed(np.array(own))]),
        )
        for (class_id, class_spec), own in indexes.items()
    ]
    return sorted(found, key=lambda each: (-each.fights, each.class_id or 0, each.class_spec or 0))


def _boss(career: Career, name: str, met: BossFights) -> BossRecord:
    timed = career.timed(met.indexes)
    dps, kills = career.dps[timed], career.dps[career.timed(met.kills)]
    return BossRecord(
        monster_name=name,
        tries=len(met.indexes),
        kills=len(met.kills),
        **_median_and_best(dps),
        best_encounter_id=int(career.ids[timed[dps.argmax()]]) if len(dps) else None,
        median_kill_dps=float(np.median(kills)) if len(kills) else None,
        best_kill_dps=float(kills.max()) if len(kills) else None,
        last_started_at_ms=int(career.started_ms[met.indexes[-1]]),
    )


def _median_and_best(dps: Float64Array) -> dict[str, float | None]:
    if not len(dps):
        return {"median_dps": None, "best_dps": None}
    return {"median_dps": float(np.median(dps)), "best_dps": float(dps.max())}


def _fight(
    game: Game,
    career: Career,
    index: int,
    scene_name: str | None,
    trend: float,
    bosses: list[FightBoss],
) -> PlayerFight:
    class_id, class_spec = career.classes[index]
    damage = int(career.damage[index])
    return PlayerFight(
        encounter_id=int(career.ids[index]),
        started_at_ms=int(career.started_ms[index]),
        duration=seconds(int(career.duration_ms[index])),
        scene_name=scene_name,
        bosses=bosses,
        class_id=class_id,
        class_name=game.class_name(class_id),
        class_spec_name=game.spec_name(class_id, class_spec),
        total_dmg=damage,
        dps=float(career.dps[index]),
        active_dps=ratio(damage, int(career.active_ms[index]) / 1000),
        total_heal=int(career.heal[index]),
        damage_taken=int(career.taken[index]),
        trend_dps=trend,
    )
