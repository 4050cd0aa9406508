"""Recorders as processes of their own, to be killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

RECORDER = """
    import sys, time
    from resonance_logs import *
    db = Database.open(sys.argv[1], settings=Settings(batch_seconds=0.001, live_seconds=0.01))
    print("open", flush=True)
    number = 0
    for number in range(int(sys.argv[2])):
        at = 1_000 * number
        db.enqueue(BeginEncounter(started_at_ms=at, local_player_id=7))
        db.enqueue(UpsertEntity(entity_id=7, seen_at_ms=at, name="Aoi", class_id=1))
        db.enqueue(UpsertEntity(entity_id=8, seen_at_ms=at, name="Bea"))
        for n in range(50):
            db.enqueue(InsertDamageEvent(timestamp_ms=at + n, attacker_id=7, value=10,
                       defender_id=900, monster_name="Boss", is_boss=True, skill_id=5))
            if n % 10 == 9:
                db.flush()
                print(number, n + 1, flush=True)
        db.enqueue(EndEncounter(ended_at_ms=at + 500, defeated_bosses=["Boss"]))
    db.flush()
    print("done", flush=True)
    time.sleep(60)
"""


def recorder(path: Path, fights: int) -> subprocess.Popen[str]:
    """A process that records fights of 50 hits and prints what is flushed."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RECORDER), str(path), str(fights)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def kill(process: subprocess.Popen[str]) -> list[str]:
    """Kill it like a crash; returns the lines that it still printed."""
    process.send_signal(signal.SIGKILL)
    assert process.stdout is not None
    with process.stdout as stdout:  # communicate() would lose what readline() has buffered
        told = stdout.read().splitlines()
    process.wait(timeout=30)
    return told


def kill_recorder_after(path: Path, fights: int, *, lines: int) -> None:
    """Start a recorder of this many fights, and kill it once it has printed ``lines`` lines."""
    process = recorder(path, fights)
    assert process.stdout is not None
    for _ in range(lines):
        process.stdout.readline()
    kill(process)
