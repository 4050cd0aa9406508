"""Bytes written to disk while 1,000 hits per second are recorded."""

from __future__ import annotations

from collections.abc import Iterator

from bench.children import run_child
from bench.figures import Figure
from bench.run import Run


def measure(run: Run) -> Iterator[Figure]:
    """The journal, compared with one row per hit, both until the file is closed."""
    seconds = run.size(10, 3)
    rows = run_child("journal_child", "rows", run.folder / "rows.db", seconds)
    ours = run_child("journal_child", "recorder", run.folder / "night.db", seconds)
    yield Figure.of(
        "recording 1,000 hits/s: bytes written",
        ours["written"],
        "bytes/hit",
        floor=rows["written"],
        note=f"floor: one row per hit, committed as often; {seconds} s, log and checkpoints",
    )
    yield Figure.of(
        "the same as the kernel dirtied pages",
        ours["dirtied"],
        "bytes/hit",
        floor=rows["dirtied"] or None,
    )
    yield Figure.of("journal alone", ours["journal"], "bytes/hit", floor=rows["file"])
