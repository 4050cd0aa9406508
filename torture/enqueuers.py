"""The crowd's recorder: eight threads enqueue into one database until it reads a line.

It prints ``open``, ``rss KB`` after each fight, ``trouble MESSAGE``, and ``closed N`` (fights).
"""

from __future__ import annotations

import logging
import random
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Final

from resonance_logs import (
    BeginEncounter,
    Database,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
)
from torture.recorder import Trouble, say
from torture.stream import APART_MS, FIRST_MS

THREADS: Final = 8
A_THREAD: Final = 150
"""Events of each thread in a fight."""
PAUSE_S: Final = 0.005


def round_tasks(seed: int, number: int) -> list[list[Task]]:
    """The tasks of one fight: the begin, a part per thread, the end."""
    start = FIRST_MS + APART_MS * number
    opening: list[Task] = [BeginEncounter(started_at_ms=start, local_player_id=1)]
    opening += [
        UpsertEntity(entity_id=thread, seen_at_ms=start, name=f"Player {thread}", class_id=thread)
        for thread in range(1, THREADS + 1)
    ]
    parts = [_part(seed, number, thread, start) for thread in range(1, THREADS + 1)]
    return [opening, *parts, [EndEncounter(ended_at_ms=start + 60_000, defeated_bosses=["Golem"])]]


def _part(seed: int, number: int, thread: int, start: int) -> list[Task]:
    dice = random.Random(f"{seed} {number} {thread}")
    return [_event(dice, thread, start + dice.randrange(50_000)) for _ in range(A_THREAD)]


def _event(dice: random.Random, thread: int, at: int) -> Task:
    value, is_crit, skill = dice.randrange(1_000_000), dice.random() < 0.3, dice.randrange(5)
    if dice.random() < 0.2:
        return InsertHealEvent(
            timestamp_ms=at, healer_id=thread, value=value, skill_id=skill, is_crit=is_crit
        )
    return InsertDamageEvent(
        timestamp_ms=at,
        attacker_id=thread,
        value=value,
        defender_id=900,
        monster_name="Golem",
        is_boss=True,
        skill_id=skill,
        is_crit=is_crit,
        hp_loss=value,
    )


def enqueue(db: Database, tasks: Sequence[Task], stop: threading.Event) -> None:
    """Enqueue the tasks at the pace of a fight: ten, and a short pause."""
    for first in range(0, len(tasks), 10):
        for task in tasks[first : first + 10]:
            db.enqueue(task)
        stop.wait(PAUSE_S)


def record(db: Database, seed: int, stop: threading.Event) -> int:
    """Record fights until ``stop`` is set; returns how many there were."""
    with ThreadPoolExecutor(THREADS) as pool:
        for number in count():
            opening, *parts, ending = round_tasks(seed, number)
            db.enqueue_many(opening)
            for done in [pool.submit(enqueue, db, part, stop) for part in parts]:
                done.result()
            db.enqueue_many(ending)
            db.flush()
            say("rss", _resident_kb())
            if stop.is_set():
                return number + 1
    raise AssertionError("numbers do not end")


def _resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4


def _stop_on_line(stop: threading.Event) -> None:
    sys.stdin.readline()
    stop.set()


def main() -> None:
    """Record until a line arrives."""
    path, seed = sys.argv[1], int(sys.argv[2])
    logging.getLogger("resonance_logs").addHandler(Trouble())
    stop = threading.Event()
    with Database.open(path) as db:
        say("open")
        threading.Thread(target=_stop_on_line, args=(stop,), daemon=True).start()
        rounds = record(db, seed, stop)
    say("closed", rounds)


if __name__ == "__main__":
    main()
