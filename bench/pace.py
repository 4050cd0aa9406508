"""What recording costs at the pace of a fight, while a game runs on the same machine."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Final

from bench.children import run_child
from bench.figures import Figure, Target
from bench.rounds import remove
from bench.run import Run

MAX_CPU_US: Final = {250: 50.0, 1_000: 30.0, 5_000: 10.0}
"""Wanted processor time of a task, in microseconds, by tasks a second; the loop that creates them
is included."""


def measure(run: Run) -> Iterator[Figure]:
    """Processor time of the whole process for a task, and the calls of ``enqueue``."""
    for rate, bound in MAX_CPU_US.items():
        rounds = []
        for _ in range(run.size(3, 1)):
            rounds.append(run_child("pace_child", run.folder, rate, run.size(20, 3)))
            remove(run.folder / "pace.db")
        yield _figure(rounds, rate, "cpu", "processor time of a task", target=Target(bound))
        yield _figure(rounds, rate, "call", "enqueue, 50 %")
        yield _figure(rounds, rate, "slow_call", "enqueue, 99.9 %")
        yield _figure(rounds, rate, "late", "its thread wakes late by, 99 %")


def _figure(
    rounds: list[dict[str, dict[str, float]]],
    rate: int,
    name: str,
    what: str,
    target: Target | None = None,
) -> Figure:
    measured, empty = (
        1e6 * median(each[kind][name] for each in rounds) for kind in ("recorded", "empty")
    )
    text = f"{what}, at {rate:,}/s"
    return Figure.of(text, measured, "µs", floor=empty, target=target, note="floor: an empty call")
