"""Rounds: compared measurements take turns, so that all are subject to the same noise."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from resonance_logs import Database, Settings


def in_turns(rounds: int, *runs: Callable[[], float]) -> list[list[float]]:
    """The results of each of ``runs``, round by round."""
    results: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, given in zip(runs, results, strict=True):
            gc.collect()
            given.append(run())
    return results


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def database(path: Path, settings: Settings | None = None) -> Iterator[Database]:
    """A new database; its files are deleted afterwards."""
    try:
        with Database.open(path, settings=settings) as opened:
            yield opened
    finally:
        remove(path)


def remove(path: Path) -> None:
    """Delete a database's files."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
