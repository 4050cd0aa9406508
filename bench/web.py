"""The server under load: 50 requests at once while 5,000 tasks a second are recorded."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from bench.figures import Figure, Target, percentile
from bench.history_file import LOCAL_PLAYER, build
from bench.material import ending, make_rows, opening, tasks_of
from bench.run import Run
from resonance_logs import encode_task

AT_ONCE: Final = 50
TASKS_A_SECOND: Final = 5_000
TICK_S: Final = 0.1
BETWEEN_S: Final = 0.5
QUESTIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("get_recent_encounters", {"limit": 50}),
    ("get_recent_encounters_filtered", {"limit": 50, "filters": {"bossNames": ["Boss 3"]}}),
    ("get_encounter_by_id", {"encounterId": 7}),
    (
        "get_encounter_player_skills",
        {"encounterId": 7, "actorId": LOCAL_PLAYER, "skillType": "dps"},
    ),
    ("get_live_encounter", {}),
)


def measure(run: Run) -> Iterator[Figure]:
    """Times of answers, errors, and whether recording was harmed."""
    path = run.folder / "web.db"
    fights = run.size(100_000, 2_000)
    build(path, fights)
    seconds = run.size(20.0, 3.0)
    with _server(path) as address:
        _load(address, 1.0)
        times, failed, accepted = _load(address, seconds)
    note = f"{len(times):,} answers in {seconds:.0f} s, {fights:,} fights; {failed} failed"
    yield Figure.of(
        "web: 50 requests at once, median",
        median(times) * 1e3,
        "ms",
        target=Target(30.0),
        note=note,
    )
    yield Figure.of("web: 50 requests at once, 99 %", percentile(times, 99) * 1e3, "ms")
    yield Figure.of(
        "web: tasks recorded meanwhile",
        accepted / seconds,
        "tasks/s",
        target=Target(TASKS_A_SECOND * 0.98, at_least=True),
    )


@contextmanager
def _server(path: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "resonance_logs", "serve", "--port", "0", "--db", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"at (http://\S+)/ ", process.stdout.readline())
    assert found is not None
    try:
        yield found[1]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def _load(address: str, seconds: float) -> tuple[list[float], int, int]:
    """The times of answers, how many were no answers, and how many tasks were accepted."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        recording = pool.submit(record, address, seconds)
        times, failed = asyncio.run(_ask_for(address, seconds))
        return times, failed, recording.result()


async def _ask_for(address: str, seconds: float) -> tuple[list[float], int]:
    """Ask all at once, again and again, over as many connections as there are questions at once."""
    place = urlsplit(address)
    streams = [
        await asyncio.open_connection(place.hostname, place.port, limit=2**22)
        for _ in range(AT_ONCE)
    ]
    times: list[float] = []
    failed = 0
    end = time.perf_counter() + seconds
    turn = 0
    while time.perf_counter() < end:
        asked = [
            _ask(*stream, _request(place.netloc, *QUESTIONS[(turn + n) % len(QUESTIONS)]))
            for n, stream in enumerate(streams)
        ]
        for took, head, body in await asyncio.gather(*asked):
            times.append(took)
            failed += not (head.startswith(b"HTTP/1.1 200") and _is_json(body))
        turn += 1
        await asyncio.sleep(BETWEEN_S)
    for _, writer in streams:
        writer.close()
    return times, failed


def _request(host: str, name: str, body: dict[str, Any]) -> bytes:
    text = json.dumps(body)
    return (
        f"POST /api/commands/{name} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json"
        f"\r\ncontent-length: {len(text)}\r\n\r\n{text}"
    ).encode()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[float, bytes, bytes]:
    """The seconds from sending to having all of the answer, and what it is."""
    started = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    body = await reader.readexactly(int(length[1])) if length else b""
    return time.perf_counter() - started, head, body


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def record(address: str, seconds: float) -> int:
    """Send tasks at their rate, in a process of its own; how many were accepted."""

    async def send() -> int:
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            answer = await client.post("/api/tasks", content=_stream(seconds))
            return int(answer.json()["accepted"])

    return asyncio.run(send())


async def _stream(seconds: float) -> AsyncIterator[bytes]:
    """Tasks at their rate, as a meter sends them."""
    per_tick = round(TASKS_A_SECOND * TICK_S)
    rows = make_rows(round(TASKS_A_SECOND * seconds))
    lines: Sequence[bytes] = [encode_task(task) + b"\n" for task in tasks_of(rows)]
    yield b"".join(encode_task(task) + b"\n" for task in opening())
    tick = time.perf_counter()
    for start in range(0, len(lines), per_tick):
        yield b"".join(lines[start : start + per_tick])
        tick += TICK_S
        await asyncio.sleep(max(0.0, tick - time.perf_counter()))
    yield encode_task(ending(rows)) + b"\n"
