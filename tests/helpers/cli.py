"""Fights for the command line, and how it is run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from resonance_logs import (
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
    encode_task,
)

DAY_MS = 86_400_000

FIRST_MS = 1_700_000_000_000

EVIL_NAME = "Cid [red]\x1b[31m\u202eevil"

Run = Callable[..., Result]


def hit(timestamp_ms: int, attacker_id: int, value: int, **fields: object) -> InsertDamageEvent:
    return InsertDamageEvent(
        timestamp_ms=timestamp_ms,
        attacker_id=attacker_id,
        value=value,
        **fields,  # type: ignore[arg-type]
    )


def first_fight() -> list[Task]:
    start = FIRST_MS
    boss = {"defender_id": 900, "monster_name": "Tina", "is_boss": True, "defender_max_hp": 5_000}
    return [
        BeginEncounter(started_at_ms=start, local_player_id=7, scene_id=3, scene_name="The Court"),
        UpsertEntity(entity_id=7, seen_at_ms=start, name="Aoi", class_id=1, class_spec=1),
        UpsertEntity(entity_id=8, seen_at_ms=start, name="Bea", class_id=5),
        hit(start + 1_000, 7, 3_000, skill_id=17, is_crit=True, **boss),
        hit(start + 2_000, 7, 1_000, skill_id=18, **boss),
        hit(start + 3_000, 8, 1_000, skill_id=19, **boss),
        hit(start + 4_000, 900, 70, defender_id=7, skill_id=20),
        InsertHealEvent(timestamp_ms=start + 5_000, healer_id=8, target_id=7, value=60, skill_id=9),
        EndEncounter(ended_at_ms=start + 120_000, defeated_bosses=["Tina"]),
    ]


def second_fight() -> list[Task]:
    start = FIRST_MS + DAY_MS
    return [
        BeginEncounter(started_at_ms=start, scene_id=4, scene_name="The Void"),
        UpsertEntity(entity_id=9, seen_at_ms=start, name=EVIL_NAME, class_id=9),
        hit(start, 9, 12_345_678, defender_id=901, monster_name="Kanamia", is_boss=True),
        EndEncounter(ended_at_ms=start + 60_000),
    ]


def third_fight() -> list[Task]:
    start = FIRST_MS + 2 * DAY_MS
    return [
        BeginEncounter(started_at_ms=start, scene_id=5),
        hit(start, 7, 10, defender_id=902),
        EndEncounter(ended_at_ms=start + 10_000),
    ]


def all_fights() -> list[Task]:
    return [*first_fight(), *second_fight(), *third_fight()]


def write_lines(file: Path, tasks: list[Task]) -> Path:
    file.write_bytes(b"".join(encode_task(task) + b"\n" for task in tasks))
    return file


class Process:
    """The command line in a process of its own."""

    def __init__(self, *args: str | Path, stdin: int | None = subprocess.DEVNULL) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "resonance_logs", *map(str, args)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "COLUMNS": "100", "PYTHONUNBUFFERED": "1"},
        )

    def end(self, given: bytes | None = None) -> tuple[int, str, str]:
        """Wait for the end: exit code, standard output, standard error."""
        out, err = self.popen.communicate(given, timeout=60)
        return self.popen.returncode, out.decode(), err.decode()


def error_lines(text: str) -> list[str]:
    """The lines of standard error, which never hold a traceback."""
    assert "Traceback" not in text
    return text.splitlines()
