"""The floor: multi-row INSERT of prepared tuples into a plain table, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Final

from bench.figures import Figure
from bench.material import Row, make_rows
from bench.rounds import in_turns, remove, seconds
from bench.run import Run

ReadyRow = tuple[object, ...]

BATCH: Final = 5_000
FAST: Final = "flags as 0 and 1"
COLUMNS: Final = (
    "encounter_id, is_heal, timestamp_ms, attacker_id, defender_id, monster_name, skill_id, "
    "value, is_crit, is_lucky, hp_loss, shield_loss, defender_max_hp, is_boss"
)
WIDTH: Final = len(COLUMNS.split(","))
ONE_ROW: Final = f"INSERT INTO events ({COLUMNS}) VALUES ({','.join('?' * WIDTH)})"


def plain_table(path: Path) -> sqlite3.Connection:
    """A new file with the plain event table."""
    remove(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"CREATE TABLE events (id INTEGER PRIMARY KEY, {COLUMNS})")
    return connection


def insert(connection: sqlite3.Connection, rows: Sequence[ReadyRow]) -> None:
    """One transaction of few statements of many rows each."""
    maximum = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // WIDTH
    connection.execute("BEGIN IMMEDIATE")
    for part in _parts(rows, maximum):
        marks = ",".join([f"({','.join('?' * WIDTH)})"] * len(part))
        connection.execute(
            f"INSERT INTO events ({COLUMNS}) VALUES {marks}", tuple(chain.from_iterable(part))
        )
    connection.execute("COMMIT")


def _parts(rows: Sequence[ReadyRow], size: int) -> Iterator[Sequence[ReadyRow]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def floor_rate(path: Path, rows: Sequence[Row]) -> float:
    """Events per second of the floor, with flags as bools, as in Python events."""
    return _rate(path, rows)


def fast_floor_rate(path: Path, rows: Sequence[Row]) -> float:
    """The same with flags converted to 0 or 1: sqlite3 binds a bool several times as slowly."""
    return _rate(path, ready(rows))


def ready(rows: Sequence[Row]) -> list[ReadyRow]:
    """The rows in the form that SQLite inserts fastest."""
    return [tuple(+each if isinstance(each, bool) else each for each in row) for row in rows]


def _rate(path: Path, rows: Sequence[ReadyRow]) -> float:
    connection = plain_table(path)
    try:

        def insert_all() -> None:
            for part in _parts(rows, BATCH):
                insert(connection, part)

        return len(rows) / seconds(insert_all)
    finally:
        connection.close()
        remove(path)


def measure(run: Run) -> Iterator[Figure]:
    """The floor itself."""
    rows = make_rows(run.size(500_000, 20_000))
    path = run.folder / "floor.db"
    both = in_turns(
        run.size(5, 2), lambda: floor_rate(path, rows), lambda: fast_floor_rate(path, rows)
    )
    for name, rates in zip(("", f", {FAST}"), both, strict=True):
        yield Figure.of(
            f"floor: multi-row INSERT{name}",
            median(rates),
            "events/s",
            note=f"batches of 5,000; {min(rates):,.0f} to {max(rates):,.0f} in {len(rates)} rounds",
        )
