"""The process whose writes ``journal`` counts."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.children import proc_number
from bench.floor import insert, plain_table, ready
from bench.material import Row, begin, feed, make_rows
from resonance_logs import Database, Settings

RATE: Final = 1_000
STEP_S: Final = 0.01


def _paced(rows: list[Row], step_s: float, take: Callable[[list[Row]], object]) -> None:
    per_step = round(RATE * step_s)
    due = time.perf_counter()
    for start in range(0, len(rows), per_step):
        due += step_s
        time.sleep(max(0.0, due - time.perf_counter()))
        take(rows[start : start + per_step])


def _recorded(path: Path, rows: list[Row]) -> dict[str, float]:
    with Database.open(path) as database:
        begin(database)
        before = _counts()
        _paced(rows, STEP_S, lambda part: feed(database, part))
        database.flush()
    return _per_hit(before, rows) | {"journal": _journal_bytes(path) / len(rows)}


def _inserted(path: Path, rows: list[Row]) -> dict[str, float]:
    connection = plain_table(path)
    before = _counts()
    _paced(rows, Settings().batch_seconds, lambda part: insert(connection, ready(part)))
    connection.close()
    return _per_hit(before, rows) | {"file": path.stat().st_size / len(rows)}


def _counts() -> dict[str, int]:
    return {
        "written": proc_number("io", "wchar"),
        "dirtied": proc_number("io", "write_bytes"),
    }


def _per_hit(before: dict[str, int], rows: list[Row]) -> dict[str, float]:
    return {name: (count - before[name]) / len(rows) for name, count in _counts().items()}


def _journal_bytes(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        statement = "SELECT sum(length(payload)) FROM encounter_journal"
        return int(connection.execute(statement).fetchone()[0])
    finally:
        connection.close()


if __name__ == "__main__":
    kind, file, seconds = sys.argv[1:]
    events = make_rows(RATE * int(seconds))
    measure = {"recorder": _recorded, "rows": _inserted}[kind]
    print(json.dumps(measure(Path(file), events)))
