"""The events to measure with: a raid of 20 against a boss and its adds, one in six a heal."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Final

from resonance_logs import (
    BeginEncounter,
    Database,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
    encode_task,
)

Row = tuple[int, bool, int, int, int, str | None, int, int, bool, bool, int, int, int | None, bool]
"""Encounter, is_heal, timestamp, attacker or healer, defender or target, monster, skill, value,
is_crit, is_lucky, hp_loss, shield_loss, defender_max_hp, is_boss: 14 columns."""

START_MS: Final = 1_760_000_000_000
PLAYERS: Final = range(36_000_001, 36_000_021)
BOSS_NAME: Final = "Void Sovereign"
_MONSTERS: Final = (
    (900_001, BOSS_NAME, 900_000_000, True),
    (900_002, "Void Adept", 4_000_000, False),
    (900_003, "Void Hound", 1_500_000, False),
)


@lru_cache(maxsize=1)
def make_rows(count: int) -> list[Row]:
    """The same events at each call, 100 per second."""
    random = Random(1)
    rows = [_heal(random, n) if n % 6 == 5 else _hit(random, n) for n in range(count)]
    gc.collect()  # from now on the collector ignores these tuples
    return rows


def _hit(random: Random, number: int) -> Row:
    attacker = random.choice(PLAYERS)
    monster, name, max_hp, boss = _MONSTERS[min(int(random.expovariate(1.5)), 2)]
    crit, lucky = random.random() < 0.3, random.random() < 0.1
    value = int(random.gauss(60_000, 12_000)) * (2 if crit else 1)
    skill = attacker % 8 * 100 + int(random.expovariate(0.4)) % 12
    at = START_MS + 10 * number
    return (
        1, False, at, attacker, monster, name, skill, value, crit, lucky, value, 0, max_hp, boss
    )  # fmt: skip


def _heal(random: Random, number: int) -> Row:
    healer, target = PLAYERS[random.randrange(4)], random.choice(PLAYERS)
    crit, lucky = random.random() < 0.3, random.random() < 0.1
    skill = 900 + int(random.expovariate(0.5)) % 6
    value = random.randrange(8_000, 30_000)
    at = START_MS + 10 * number
    return 1, True, at, healer, target, None, skill, value, crit, lucky, 0, 0, None, False


def opening() -> Iterator[Task]:
    """The tasks before the events."""
    yield BeginEncounter(started_at_ms=START_MS, local_player_id=PLAYERS[0], scene_name="The Void")
    for player in PLAYERS:
        yield UpsertEntity(
            entity_id=player, seen_at_ms=START_MS, name=f"Player {player}", class_id=player % 5 + 1
        )


def ending(rows: list[Row]) -> EndEncounter:
    """The task after them."""
    return EndEncounter(ended_at_ms=rows[-1][2] + 1, defeated_bosses=[BOSS_NAME])


def begin(database: Database) -> None:
    """Make sure the fight is open and everything is committed."""
    for task in opening():
        database.enqueue(task)
    database.flush()


def feed(database: Database, rows: Iterable[Row]) -> None:
    """Create a task for each event, with keywords, as an application does, and enqueue it."""
    enqueue = database.enqueue
    for _, heal, at, who, whom, name, skill, value, crit, lucky, hp, shield, maximum, boss in rows:
        if heal:
            enqueue(
                InsertHealEvent(
                    timestamp_ms=at,
                    healer_id=who,
                    target_id=whom,
                    skill_id=skill,
                    value=value,
                    is_crit=crit,
                    is_lucky=lucky,
                )
            )
        else:
            enqueue(
                InsertDamageEvent(
                    timestamp_ms=at,
                    attacker_id=who,
                    defender_id=whom,
                    monster_name=name,
                    skill_id=skill,
                    value=value,
                    is_crit=crit,
                    is_lucky=lucky,
                    hp_loss=hp,
                    shield_loss=shield,
                    defender_max_hp=maximum,
                    is_boss=boss,
                )
            )


class _TaskList(list[Task]):
    """Collects tasks in a list, instead of a database."""

    enqueue = list.append


def tasks_of(rows: Iterable[Row]) -> list[Task]:
    """The tasks of the events, without begin and end."""
    taker = _TaskList()
    feed(taker, rows)  # type: ignore[arg-type]
    return taker


def write_file(path: Path, tasks: Iterable[Task]) -> int:
    """Write tasks as NDJSON; the bytes written."""
    size = 0
    with path.open("wb") as file:
        for task in tasks:
            size += file.write(encode_task(task) + b"\n")
    return size
