"""The server under load: 50 requests at once while 5,000 tasks per second are recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.children import run_child
from bench.figures import Figure, Target, percentile
from bench.history_file import build
from bench.run import Run
from bench.sending import TASKS_A_SECOND
from bench.serving import served

WARM_UP_S: Final = 2.0


def measure(run: Run) -> Iterator[Figure]:
    """Times of answers, errors, and the effect on recording."""
    path = run.folder / "web.db"
    fights = run.size(100_000, 2_000)
    build(path, fights)
    yield from figures(path, fights, run.size(20.0, 3.0))


def figures(path: Path, fights: int, seconds: float) -> Iterator[Figure]:
    """The same for an existing file."""
    with served(path) as address:
        load(address, WARM_UP_S, fights)
        asked, sent = load(address, seconds, fights)
    times = [each for of_one in asked["times"].values() for each in of_one]
    yield Figure.of(
        "web: 50 requests at once, median",
        median(times) * 1e3,
        "ms",
        floor=median(asked["refused"]) * 1e3,
        target=Target(30.0),
        note=f"{len(times):,} answers, {fights:,} fights; floor: 50 that no command answers",
    )
    yield Figure.of("web: 50 requests at once, 99 %", percentile(times, 99) * 1e3, "ms")
    for name, of_one in asked["times"].items():
        yield Figure.of(f"web: of these {name}", median(of_one) * 1e3, "ms")
    yield Figure.of("web: requests that failed", asked["failed"], "", target=Target(0))
    yield Figure.of(
        "web: tasks recorded meanwhile",
        sent["sent"] / sent["seconds"] if _is_all_recorded(sent) else 0.0,
        "tasks/s",
        target=Target(TASKS_A_SECOND * 0.98, at_least=True),
        note=f"{sent['sent']:,} tasks, all on the disk {sent['late'] * 1e3:.0f} ms after the last",
    )


def load(address: str, seconds: float, fights: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Send requests while another process sends tasks; returns the results of both."""
    command = [sys.executable, "-m", "bench.sending", address, str(seconds)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as sending:
        assert sending.stdout is not None
        sending.stdout.readline()
        asked = run_child("asking", address, seconds, fights)
        sent: dict[str, Any] = json.loads(sending.stdout.read().splitlines()[-1])
    return asked, sent


def _is_all_recorded(sent: dict[str, Any]) -> bool:
    return bool(sent["committed"]) and not sent["refused"] and sent["accepted"] >= sent["sent"]
