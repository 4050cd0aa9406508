"""The cost of recording for a thread that creates 5,000 tasks per second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from bench.figures import Figure, Target, percentile
from bench.material import ending, make_rows, opening, tasks_of
from bench.rounds import database
from bench.run import Run
from resonance_logs import Task

TICK_S: Final = 0.001
PER_TICK: Final = 5


@dataclass(slots=True)
class Pace:
    """What the thread experienced, in seconds."""

    calls: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)


def _keep_pace(tasks: list[Task], take: Callable[[Task], object], pace: Pace) -> None:
    """Give ``take`` a few tasks per tick; record how long it takes, and how late each tick is."""
    clock = time.perf_counter
    tick = clock()
    for start in range(0, len(tasks), PER_TICK):
        tick += TICK_S
        if (wait := tick - clock()) > 0:
            time.sleep(wait)
            pace.late.append(clock() - tick)
        for task in tasks[start : start + PER_TICK]:
            before = clock()
            take(task)
            pace.calls.append(clock() - before)


def pace_of(tasks: list[Task], take: Callable[[Task], object]) -> Pace:
    """The same in a thread, while this one waits."""
    pace = Pace()
    thread = threading.Thread(target=_keep_pace, args=(tasks, take, pace))
    thread.start()
    thread.join()
    return pace


def _two_fights(count: int) -> list[Task]:
    rows = make_rows(count)
    events = tasks_of(rows)
    fight = [*opening(), *events[: count // 2], ending(rows)]
    return [*fight, *opening(), *events[count // 2 :]]


def measure(run: Run) -> Iterator[Figure]:
    """The calls of enqueue, and the lateness of the thread, with a writer and without."""
    tasks = _two_fights(run.size(100_000, 10_000))
    without = pace_of(tasks, lambda _task: None)
    with database(run.folder / "night.db") as opened:
        pace = pace_of(tasks, opened.enqueue)
    calls = [1e6 * each for each in pace.calls]
    empty = [1e6 * each for each in without.calls]
    for percent, bound in ((50, 5.0), (99.9, 1_000.0)):
        yield Figure.of(
            f"enqueue at 5,000/s, {percent:g} %",
            percentile(calls, percent),
            "µs",
            floor=percentile(empty, percent),
            target=Target(bound),
            note=f"longest {max(calls) / 1000:.2f} ms" if percent > 50 else "floor: an empty call",
        )
    late, alone = [[1e3 * each for each in one.late] for one in (pace, without)]
    for percent, target in ((50, None), (99, Target(3.0)), (99.9, None)):
        yield Figure.of(
            f"its thread wakes late by, {percent:g} %",
            percentile(late, percent),
            "ms",
            floor=percentile(alone, percent),
            target=target,
            note=f"{len(late):,} sleeps, median {median(late):.3f} ms" if percent == 99 else "",
        )
