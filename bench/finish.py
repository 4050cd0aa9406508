"""The end of a fight: everything computed, stored and archived, the journal pruned."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

from bench.figures import Figure, Target
from bench.floor import floor_rate
from bench.material import Row, begin, ending, feed, make_rows
from bench.rounds import database, in_turns, seconds
from bench.run import Run


def ending_time(path: Path, rows: list[Row]) -> float:
    """Microseconds per hit from enqueuing the end to its commit, with all else committed."""
    with database(path) as opened:
        begin(opened)
        feed(opened, rows)
        opened.flush()

        def end() -> None:
            opened.enqueue(ending(rows))
            opened.flush()

        return 1e6 * seconds(end) / len(rows)


def _floor_time(path: Path, rows: list[Row]) -> float:
    return 1e6 / floor_rate(path, rows)


def measure(run: Run) -> Iterator[Figure]:
    """Fights of three sizes."""
    sizes = run.size((20_000, 200_000, 1_000_000), (2_000, 20_000, 100_000))
    found: list[float] = []
    for size, rounds in zip(sizes, run.size((9, 5, 3), (3, 2, 1)), strict=True):
        rows = make_rows(size)
        floors, times = in_turns(
            rounds,
            partial(_floor_time, run.folder / "floor.db", rows),
            partial(ending_time, run.folder / "night.db", rows),
        )
        yield Figure.paired(f"end of a fight of {size:,}", times, floors, "µs/hit", Target(3.0))
        found.append(median(times))
    note = "1 is linear; ends of small fights carry a fixed cost"
    yield Figure.of("largest to middle, per hit", found[2] / found[1], "×", note=note)
