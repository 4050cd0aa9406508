"""Memory while a large file is ingested by the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.children import run_child
from bench.figures import Figure, Target
from bench.material import ending, make_rows, opening, tasks_of, write_file
from bench.rounds import remove
from bench.run import Run

FIGHT: Final = 25_000


def measure(run: Run) -> Iterator[Figure]:
    """The peak of a separate process, over a file of many fights."""
    events = run.size(5_000_000, 300_000)
    file, path = run.folder / "long.ndjson", run.folder / "night.db"
    size = _write(file, events // FIGHT)
    answer = run_child("memory_child", file, path)
    file.unlink()
    remove(path)
    yield Figure.of(
        f"ingesting {events:,} events: peak memory",
        answer["peak_kb"] / 1024,
        "MB",
        target=Target(200.0),
        note=f"file of {size / 1e6:,.0f} MB; {answer['before_kb'] / 1024:.0f} MB after imports",
    )
    yield Figure.of("its rate, the fights' ends included", events / answer["seconds"], "events/s")


def _write(file: Path, fights: int) -> int:
    """The same fight over and over."""
    rows = make_rows(FIGHT)
    one = write_file(file, [*opening(), *tasks_of(rows), ending(rows)])
    block = file.read_bytes()
    with file.open("ab") as stream:
        for _ in range(fights - 1):
            stream.write(block)
    return one * fights
