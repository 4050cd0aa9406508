"""The size of the stored hits of an ended fight."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from bench.figures import Figure, Target
from bench.rounds import database
from bench.run import Run
from resonance_logs import Task, decode_task, encode_task
from resonance_logs.fights.kinds import EVENT_TASKS
from resonance_logs.sources.simulation import Night, simulate

GRUUL: Final = Path(__file__).parents[2] / "shared/data/gruul-20071024.ndjson.gz"


def measure(run: Run) -> Iterator[Figure]:
    """A simulated raid, and a real night."""
    night = Night(seed=1, players=20, fights=run.size(5, 1), seconds=run.size(300, 30))
    yield _figure(run.folder / "raid.db", "archive of a simulated raid of 20", simulate(night))
    if not GRUUL.exists():
        yield Figure.skipped("archive of the Gruul night", f"there is no {GRUUL}")
        return
    with gzip.open(GRUUL) as lines:
        tasks = [decode_task(line) for line in lines]
    yield _figure(run.folder / "gruul.db", "archive of the Gruul night", tasks)


def _figure(path: Path, name: str, tasks: Iterable[Task]) -> Figure:
    json_bytes = json_events = 0
    with database(path) as opened:
        for task in tasks:
            opened.enqueue(task)
            if type(task) in EVENT_TASKS:
                json_events += 1
                json_bytes += len(encode_task(task)) + 1
        opened.flush()
        events, size, fights = _stored(path)
    return Figure.of(
        name,
        size / events,
        "bytes/hit",
        floor=json_bytes / json_events,
        target=Target(8.0),
        note=f"floor: as JSON; {events:,} hits in {fights:,} fights",
    )


def _stored(path: Path) -> tuple[int, int, int]:
    connection = sqlite3.connect(path)
    try:
        events, size, fights = connection.execute(
            "SELECT sum(events), sum(length(payload)), count(*) FROM encounter_archives"
        ).fetchone()
    finally:
        connection.close()
    return int(events), int(size), int(fights)
