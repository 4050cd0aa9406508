"""Small fights, and how to record them and look at what was stored."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from resonance_logs import (
    BeginEncounter,
    Database,
    EndEncounter,
    InsertDamageEvent,
    Task,
    UpsertEntity,
)


def fight(started: int = 1_000, hits: int = 3) -> list[Task]:
    return [
        BeginEncounter(started_at_ms=started, local_player_id=7, scene_name="Tina's Court"),
        UpsertEntity(entity_id=7, seen_at_ms=started, name="Aoi", class_id=1),
        *(
            InsertDamageEvent(
                timestamp_ms=started + 100 * n,
                attacker_id=7,
                value=10,
                defender_id=900,
                monster_name="Boss",
                is_boss=True,
            )
            for n in range(hits)
        ),
        EndEncounter(ended_at_ms=started + 2_000, defeated_bosses=["Boss"]),
    ]


def record(db: Database, tasks: list[Task]) -> None:
    for task in tasks:
        db.enqueue(task)
    db.flush(30)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()
