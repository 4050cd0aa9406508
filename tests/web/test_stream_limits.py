"""Limits of streams of tasks: what they expand to, how fast they are, and when they end."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace

import httpx
import pytest
import zstandard
from anyio import CapacityLimiter
from fastapi import FastAPI

from resonance_logs import Database
from resonance_logs.web.connection_limits import ConnectionLimits
from resonance_logs.web.guard import Rules
from resonance_logs.web.refused_lines import MAX_LINES, RefusedLines, are_too_many
from resonance_logs.web.senders import Senders
from tests.helpers.http import LINES, running
from tests.helpers.raw_http import POST, connect, is_closed, receive_all
from tests.web.test_health import figures

pytestmark = pytest.mark.attack

ZSTD = zstandard.ZstdCompressor().compress
Prepare = Callable[[FastAPI], None]


@pytest.fixture
def start(recorded_db: Database) -> Iterator[Callable[[Prepare], str]]:
    """Starts servers whose application was changed before; gives their URLs."""
    with ExitStack() as stack:
        yield lambda prepare: stack.enter_context(running(recorded_db, Rules(), prepare=prepare))


Start = Callable[[Prepare], str]


@pytest.mark.parametrize("blank", [b"\n", b" \t\r\n", b"\r\n"])
def test_very_many_blank_lines_end_with_a_fault_and_what_came_before_is_recorded(
    client: httpx.Client, recorded_db: Database, blank: bytes
) -> None:
    packed = ZSTD(LINES + blank * (200_000_000 // len(blank)))
    assert len(packed) < 100_000
    answer = client.post("/api/tasks", content=packed).json()
    assert (answer["accepted"], answer["refused"], answer["committed"]) == (8, 0, True)
    assert answer["fault"].startswith("body: decompresses to more than 400 times its size")
    assert recorded_db.commands.get_recent_encounters().total_count == 3
    text = client.get("/metrics").text
    assert 'resonance_logs_refused_total{reason="expanding_body"} 1.0' in text


def test_a_body_may_consist_of_equal_tasks(client: httpx.Client) -> None:
    begin, _, hit, *_, end = LINES.splitlines(keepends=True)
    lines = begin + hit * 7_998 + end
    for pack in (ZSTD, gzip.compress):
        answer = client.post("/api/tasks", content=pack(lines)).json()
        assert (answer["accepted"], answer["fault"]) == (8_000, None)


def test_a_body_without_tasks_ends_after_very_many_refused_lines(client: httpx.Client) -> None:
    answer = client.post("/api/tasks", content=ZSTD(LINES + b"x\n" * 10_000_000)).json()
    assert answer["accepted"] == 8
    assert MAX_LINES < answer["refused"] < 2 * MAX_LINES
    assert "lines are not tasks" in answer["fault"]
    assert 'reason="refused_lines"} 1.0' in client.get("/metrics").text


def test_a_body_with_tasks_may_have_as_many_refused_lines_as_it_likes() -> None:
    assert are_too_many(MAX_LINES + 1, 0)
    assert not are_too_many(MAX_LINES, 0)
    assert not are_too_many(10 * MAX_LINES, MAX_LINES)


@pytest.mark.parametrize("lines", [20_000, 200_000])
def test_reading_ends_once_the_client_has_left(start: Start, lines: int) -> None:
    """The rest of the body has arrived, and would take hours; even if it is not read yet."""

    def slow_down(app: FastAPI) -> None:
        app.state.refused_lines = RefusedLines(lines_a_second=1.0)

    address = start(slow_down)
    body = b"x\n" * lines
    with connect(address) as leaving:
        leaving.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        with suppress(TimeoutError):
            leaving.settimeout(0.5)
            leaving.recv(1)
    for _ in range(200):
        answer = httpx.post(f"{address}/api/tasks", content=b"", timeout=60)
        if answer.status_code == 200:
            break
        time.sleep(0.1)
    assert answer.status_code == 200
    assert answer.json()["position"] < 200_000


def test_refused_lines_of_all_requests_have_one_pace() -> None:
    pace = RefusedLines(lines_a_second=1_000.0)
    began = time.monotonic()
    for _ in range(25):
        pace.wait(100, lambda: False)
    assert time.monotonic() - began >= 0.4
    pace.wait(1_000_000, lambda: True)


def test_the_slowest_stream_gives_way_if_others_wait(start: Start) -> None:
    def two_at_once(app: FastAPI) -> None:
        app.state.streams = CapacityLimiter(2)
        app.state.senders = Senders(slow_after_s=0.5)

    address = start(two_at_once)
    head = POST.replace(b"/api/tasks", b"/api/tasks?recorder=r%d")
    with connect(address) as slow, connect(address) as slower:
        slow.sendall(head % 1 + b"Content-Length: 9999\r\n\r\n" + b"\n" * 100)
        slower.sendall(head % 2 + b"Content-Length: 9999\r\n\r\n" + LINES[:9])
        answer = httpx.post(f"{address}/api/tasks", content=LINES, timeout=60)
        assert answer.json()["accepted"] == 8
        said = json.loads(slower.recv(1 << 16).partition(b"\r\n\r\n")[2])
        assert "was the slowest" in said["fault"]
        assert not is_closed(slow)
    assert 'reason="stream_gave_way"} 1.0' in httpx.get(f"{address}/metrics").text


def test_a_long_upload_is_taken_whatever_its_size(recorded_db: Database) -> None:
    """Ten times as long as a client may be silent, and more than is ever kept in memory."""
    limits = replace(ConnectionLimits(), silent_body_s=0.5, rate_window_s=0.5, tick_s=0.1)
    blocks = 50
    with running(recorded_db, Rules(), limits=limits) as address, connect(address) as sending:
        begin, _, hit, *_, end = LINES.splitlines(keepends=True)
        block = hit * 160
        length = b"Content-Length: %d\r\n" % (len(begin + end) + blocks * len(block))
        sending.sendall(POST + b"Connection: close\r\n" + length + b"\r\n" + begin)
        for _ in range(blocks):
            sending.sendall(block)
            time.sleep(0.1)
        sending.sendall(end)
        answer = json.loads(receive_all(sending).partition(b"\r\n\r\n")[2])
    assert (answer["accepted"], answer["fault"]) == (2 + blocks * 160, None)


def test_the_metrics_have_every_reason_from_the_start(client: httpx.Client) -> None:
    found = figures(client)
    assert found["connections"] >= 1
    assert found["web_sockets"] == 0
    assert found["refused_total"] == 0
