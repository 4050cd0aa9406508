"""The process whose processor time ``pace`` counts: one thread creates tasks at a set rate."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.figures import percentile
from bench.material import begin, make_rows, tasks_of
from resonance_logs import Database, Task


def paced(tasks: list[Task], rate: int, take: Callable[[Task], object]) -> dict[str, float]:
    """Give ``take`` a task at a time; returns seconds of the process and of the calls."""
    clock = time.perf_counter
    calls, late = [], []
    used = time.process_time()
    due = clock()
    for task in tasks:
        due += 1 / rate
        if (wait := due - clock()) > 0:
            time.sleep(wait)
            late.append(clock() - due)
        before = clock()
        take(task)
        calls.append(clock() - before)
    used = time.process_time() - used
    return {
        "cpu": used / len(tasks),
        "call": percentile(calls, 50),
        "slow_call": percentile(calls, 99.9),
        "late": percentile(late or [0.0], 99),
    }


def recorded(path: Path, tasks: list[Task], rate: int) -> dict[str, float]:
    """The same, recorded."""
    with Database.open(path) as database:
        begin(database)
        database.flush()
        return paced(tasks, rate, database.enqueue)


if __name__ == "__main__":
    folder, rate, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    events = tasks_of(make_rows(int(rate * seconds)))
    empty = paced(events, rate, lambda _task: None)
    print(json.dumps({"empty": empty, "recorded": recorded(folder / "pace.db", events, rate)}))
