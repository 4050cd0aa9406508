"""The process that sends tasks to a server, at most as many per second as a meter."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import httpx

from bench.material import ending, make_rows, opening, tasks_of
from resonance_logs import encode_task

TASKS_A_SECOND: Final = 5_000
TICK_S: Final = 0.1


def send(address: str, seconds: float) -> dict[str, Any]:
    """The server's answer, and the seconds until they were sent, and then on disk."""
    rows = make_rows(round(TASKS_A_SECOND * seconds))
    lines = [encode_task(task) + b"\n" for task in tasks_of(rows)]
    first = b"".join(encode_task(task) + b"\n" for task in opening())
    print("ready", flush=True)
    marks: list[float] = []
    content = _stream(first, lines, encode_task(ending(rows)) + b"\n", marks)
    answer = httpx.post(f"{address}/api/tasks", content=content, timeout=60).json()
    late = time.perf_counter() - marks[-1]
    return {**answer, "sent": len(lines), "seconds": marks[-1] - marks[0], "late": late}


def _stream(first: bytes, lines: list[bytes], last: bytes, marks: list[float]) -> Iterator[bytes]:
    """The tasks at their rate; when the first and the last were sent is added to ``marks``."""
    per_tick = round(TASKS_A_SECOND * TICK_S)
    yield first
    tick = time.perf_counter()
    marks.append(tick)
    for start in range(0, len(lines), per_tick):
        yield b"".join(lines[start : start + per_tick])
        tick += TICK_S
        time.sleep(max(0.0, tick - time.perf_counter()))
    marks.append(time.perf_counter())
    yield last


if __name__ == "__main__":
    print(json.dumps(send(sys.argv[1], float(sys.argv[2]))))
