"""Recording beside a main thread that computes in pure Python."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Final

from bench.figures import Figure, Target
from bench.floor import FAST, ONE_ROW, ReadyRow, fast_floor_rate, floor_rate, plain_table, ready
from bench.material import Row, begin, feed, make_rows
from bench.rounds import database, in_turns, remove
from bench.run import Run

EXECUTEMANY_BATCH: Final = 1_000


def while_busy(work: Callable[[], int]) -> float:
    """How often per second ``work`` runs in a thread while this thread computes."""
    done = threading.Event()
    rates: list[float] = []

    def timed() -> None:
        try:
            started = time.perf_counter()
            count = work()
            rates.append(count / (time.perf_counter() - started))
        finally:
            done.set()

    thread = threading.Thread(target=timed)
    thread.start()
    number = 0
    while not done.is_set():
        for step in range(10_000):
            number = (number * 31 + step) % 1_000_003
    thread.join()
    return rates[0]


def recording_rate(path: Path, rows: list[Row]) -> float:
    """Events per second by the recorder, fed by a second thread."""
    with database(path) as opened:
        begin(opened)

        def record() -> int:
            feed(opened, rows)
            opened.flush()
            return len(rows)

        return while_busy(record)


def executemany_rate(path: Path, rows: list[ReadyRow], limit_s: float) -> float:
    """Events per second by executemany, in batches, until the time is over."""
    connection = plain_table(path)
    try:
        return while_busy(lambda: _executemany(connection, rows, limit_s))
    finally:
        connection.close()
        remove(path)


def _executemany(connection: sqlite3.Connection, rows: list[ReadyRow], limit_s: float) -> int:
    until = time.perf_counter() + limit_s
    endless = cycle(rows)
    count = 0

    def one_batch() -> Iterator[ReadyRow]:
        nonlocal count
        for _, row in zip(range(EXECUTEMANY_BATCH), endless, strict=False):
            if time.perf_counter() > until:
                return
            count += 1
            yield row

    while time.perf_counter() < until:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(ONE_ROW, one_batch())
        connection.execute("COMMIT")
    return count


def measure(run: Run) -> Iterator[Figure]:
    """Both beside the idle floor."""
    rows = make_rows(run.size(500_000, 20_000))
    as_ready = ready(rows)
    floors, fast_floors, recorded, plain = in_turns(
        run.size(5, 2),
        lambda: floor_rate(run.folder / "floor.db", rows),
        lambda: fast_floor_rate(run.folder / "floor.db", rows),
        lambda: recording_rate(run.folder / "night.db", rows),
        lambda: executemany_rate(run.folder / "plain.db", as_ready, run.size(3.0, 1.0)),
    )
    target = Target(0.15, at_least=True, of_floor=True)
    yield Figure.paired("main thread busy: recorder", recorded, floors, "events/s", target)
    yield Figure.paired(f"main thread busy: recorder; {FAST}", recorded, fast_floors, "events/s")
    yield Figure.paired("main thread busy: executemany", plain, floors, "events/s")
