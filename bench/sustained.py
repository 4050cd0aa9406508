"""Tasks made with keywords, enqueued, committed; the live counters too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.figures import Figure, Target
from bench.floor import FAST, fast_floor_rate, floor_rate
from bench.material import Row, begin, feed, make_rows
from bench.rounds import database, in_turns, seconds
from bench.run import Run


def recording_rate(path: Path, rows: Sequence[Row]) -> float:
    """Events per second from creating a task to its commit."""
    with database(path) as opened:
        begin(opened)

        def record() -> None:
            feed(opened, rows)
            opened.flush()

        return len(rows) / seconds(record)


def measure(run: Run) -> Iterator[Figure]:
    """The rate, beside the floor."""
    rows = make_rows(run.size(500_000, 20_000))
    floors, fast_floors, rates = in_turns(
        run.size(7, 2),
        lambda: floor_rate(run.folder / "floor.db", rows),
        lambda: fast_floor_rate(run.folder / "floor.db", rows),
        lambda: recording_rate(run.folder / "night.db", rows),
    )
    target = Target(1.0, at_least=True, of_floor=True)
    name = "sustained: enqueue to committed"
    yield Figure.paired(name, rates, floors, "events/s", target)
    yield Figure.paired(f"{name}; {FAST}", rates, fast_floors, "events/s")
