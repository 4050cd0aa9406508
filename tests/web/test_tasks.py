"""Tasks over HTTP are recorded like those of a file; the answer lists the refused lines."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
import zstandard

from resonance_logs import Database
from resonance_logs.web.tasks import MAX_STREAMS
from tests.helpers.http import LINES, Serve


def test_tasks_are_recorded_and_committed(client: httpx.Client, recorded_db: Database) -> None:
    answer = client.post("/api/tasks", content=LINES)
    assert answer.status_code == 200
    assert answer.json() == {
        "recorder": "default",
        "game": "bpsr",
        "position": 24,
        "storedPosition": 24,
        "accepted": 8,
        "skipped": 0,
        "refused": 0,
        "refusals": [],
        "ignored": 0,
        "strays": 0,
        "rejected": 0,
        "cut": 0,
        "committed": True,
        "fault": None,
    }
    newest = recorded_db.commands.get_recent_encounters(1).rows[0]
    assert (newest.started_at_ms, newest.total_dmg) == (900_000, 50)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_packed_tasks_are_taken_too(client: httpx.Client, pack: object) -> None:
    packed = pack(LINES)  # type: ignore[operator]
    assert client.post("/api/tasks", content=packed).json()["accepted"] == 8


def test_a_stream_is_taken_as_it_comes(client: httpx.Client, recorded_db: Database) -> None:
    seen: list[bool] = []

    def body() -> Iterator[bytes]:
        lines = LINES.splitlines(keepends=True)
        yield b"".join(lines[:3])
        for _ in range(500):
            live = recorded_db.commands.get_live_encounter()
            if live is not None:
                seen.append(live.started_at_ms == 900_000)
                break
            time.sleep(0.01)
        for line in lines[3:]:
            yield line[:7]
            yield line[7:]

    assert client.post("/api/tasks", content=body()).json()["accepted"] == 8
    assert seen == [True]


def readers() -> int:
    """How many threads of the server read or wait."""
    return sum(each.name.startswith("AnyIO worker") for each in threading.enumerate())


def test_streams_that_stand_still_hold_up_nothing_else(client: httpx.Client) -> None:
    head = (
        b"POST /api/tasks?recorder=r%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n"
    )
    first = LINES.splitlines(keepends=True)[0]
    with ExitStack() as streams:
        for number in range(MAX_STREAMS + 5):
            address = (client.base_url.host, client.base_url.port)
            stream = streams.enter_context(socket.create_connection(address))
            stream.sendall(head % number + first)
        for _ in range(500):
            if readers() >= MAX_STREAMS:
                break
            time.sleep(0.01)
        assert readers() >= MAX_STREAMS
        for path in ("/api/encounters/1/export?format=csv", "/healthz", "/metrics"):
            assert client.get(path).status_code == 200
        assert client.post("/api/commands/get_recent_encounters").status_code == 200


def test_refused_lines_are_reported_and_their_neighbours_taken(client: httpx.Client) -> None:
    bad = b'nonsense\n{"type":"end_encounter","ended_at_ms":"late"}\n'
    answer = client.post("/api/tasks", content=LINES + bad).json()
    assert (answer["accepted"], answer["refused"], answer["committed"]) == (8, 2, True)
    first, second = answer["refusals"]
    assert (first["line"], first["field"]) == (9, None)
    assert (second["line"], second["field"]) == (10, "ended_at_ms")
    assert second["reason"] == "expected int, got str"


def test_junk_before_a_task_costs_only_itself(client: httpx.Client) -> None:
    junk = b"\0" * 4096
    answer = client.post("/api/tasks", content=LINES[:20] + LINES + junk + LINES).json()
    assert (answer["accepted"], answer["refused"]) == (16, 2)
    first, second = answer["refusals"]
    assert (first["line"], second["line"]) == (1, 9)
    assert (
        first["reason"] == "cut off: the JSON ends in the middle; the task at byte 20 was accepted"
    )
    assert second["reason"] == "not JSON: 4,096 zero bytes; the task at byte 4096 was accepted"


def test_of_very_many_refused_lines_the_first_are_listed(client: httpx.Client) -> None:
    answer = client.post("/api/tasks", content=b"x\n" * 5_000).json()
    assert (answer["refused"], len(answer["refusals"])) == (5_000, 1_000)


def test_of_a_torn_packed_body_what_came_is_taken_and_the_fault_reported(
    client: httpx.Client,
) -> None:
    whole = gzip.compress(LINES * 200)
    answer = client.post("/api/tasks", content=whole[: len(whole) // 2]).json()
    assert answer["accepted"] > 0
    assert "body" in answer["fault"]


def test_a_read_only_server_refuses_tasks_and_says_why(serve: Serve) -> None:
    answer = serve(None, "this server is read-only").post("/api/tasks", content=LINES)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.json()["message"] == "this server is read-only"


def test_an_answer_need_not_be_waited_for(client: httpx.Client, recorded_db: Database) -> None:
    answer = client.post("/api/tasks?wait=false", content=LINES).json()
    assert (answer["accepted"], answer["committed"]) == (8, False)
    recorded_db.flush(30)
    assert recorded_db.commands.get_recent_encounters().total_count == 3
