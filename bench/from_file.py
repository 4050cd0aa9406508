"""From a file of tasks (NDJSON) to committed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, Target
from bench.floor import FAST, fast_floor_rate, floor_rate
from bench.material import ending, make_rows, opening, tasks_of, write_file
from bench.rounds import database, in_turns, seconds
from bench.run import Run
from resonance_logs import Database
from resonance_logs.sources.task_source import TaskSource


def read_rate(path: Path, file: Path, events: int) -> float:
    """Events per second from the file to their commit."""
    with database(path) as opened:
        return events / seconds(lambda: _ingest(opened, file))


def _ingest(opened: Database, file: Path) -> None:
    for batch in TaskSource(file).batches():
        opened.enqueue_many(batch.tasks)
    opened.flush()


def measure(run: Run) -> Iterator[Figure]:
    """The rate of an open fight, and that of a fight with its end."""
    rows = make_rows(run.size(500_000, 20_000))
    tasks = [*opening(), *tasks_of(rows)]
    still_open, ended = run.folder / "open.ndjson", run.folder / "ended.ndjson"
    write_file(still_open, tasks)
    write_file(ended, [*tasks, ending(rows)])
    del tasks
    floors, fast_floors, of_open, of_ended = in_turns(
        run.size(5, 2),
        lambda: floor_rate(run.folder / "floor.db", rows),
        lambda: fast_floor_rate(run.folder / "floor.db", rows),
        lambda: read_rate(run.folder / "night.db", still_open, len(rows)),
        lambda: read_rate(run.folder / "night.db", ended, len(rows)),
    )
    target = Target(0.7, at_least=True, of_floor=True)
    yield Figure.paired("NDJSON file to committed", of_open, floors, "events/s", target)
    yield Figure.paired(f"NDJSON file to committed; {FAST}", of_open, fast_floors, "events/s")
    yield Figure.paired("the same with the fight's end", of_ended, floors, "events/s")
