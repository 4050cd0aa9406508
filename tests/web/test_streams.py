"""Each recorder's tasks are a stream of its own, and sending them again is harmless."""

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from resonance_logs import Database
from resonance_logs.web import senders
from tests.helpers.http import LINES
from tests.helpers.waiting import wait_until

LINE = LINES.splitlines(keepends=True)


def post(client: httpx.Client, content: object, **query: object) -> httpx.Response:
    return client.post("/api/tasks", content=content, params=query)  # type: ignore[arg-type]


def totals(database: Database) -> list[tuple[str, str, int]]:
    rows = database.commands.get_recent_encounters().rows
    return sorted((row.recorder, row.game, row.total_dmg) for row in rows)[: len(rows)]


def test_two_recorders_sent_in_turns_each_get_their_own_fight(
    client: httpx.Client, recorded_db: Database
) -> None:
    for line in LINE:
        for recorder, game in (("left", "bpsr"), ("right", "wow")):
            assert post(client, line, recorder=recorder, game=game).json()["accepted"] == 1
    assert totals(recorded_db)[-2:] == [("left", "bpsr", 50), ("right", "wow", 50)]


def test_the_answer_and_the_recorder_tell_the_position(client: httpx.Client) -> None:
    first = post(client, b"".join(LINE[:5]), recorder="left").json()
    assert (first["recorder"], first["game"], first["position"]) == ("left", "bpsr", 5)
    assert (first["accepted"], first["skipped"], first["storedPosition"]) == (5, 0, 5)
    second = post(client, b"".join(LINE[5:]), recorder="left").json()
    assert (second["position"], second["accepted"]) == (8, 3)
    assert client.get("/api/recorders/left").json() == {
        "name": "left",
        "game": "bpsr",
        "position": 8,
        "storedPosition": 8,
    }


def test_tasks_that_are_sent_again_are_skipped(client: httpx.Client, recorded_db: Database) -> None:
    post(client, b"".join(LINE[:5]), recorder="left", **{"from": 0})
    again = post(client, LINES, recorder="left", **{"from": 0}).json()
    assert (again["skipped"], again["accepted"], again["position"]) == (5, 3, 8)
    rest = post(client, b"".join(LINE[6:]), recorder="left", **{"from": 6}).json()
    assert (rest["skipped"], rest["accepted"], rest["position"]) == (2, 0, 8)
    assert ("left", "bpsr", 50) in totals(recorded_db)
    assert recorded_db.stats().ignored == 0


def test_a_gap_is_refused_with_the_position_and_nothing_is_recorded(client: httpx.Client) -> None:
    post(client, b"".join(LINE[:3]), recorder="left", **{"from": 0})
    answer = post(client, b"".join(LINE[4:]), recorder="left", **{"from": 4})
    assert answer.status_code == 409
    assert answer.json() == {
        "code": "position_gap",
        "message": (
            "the tasks of recorder 'left' begin at 4, but only 3 were accepted before; "
            "send those from 3 on"
        ),
        "argument": None,
        "position": 3,
    }
    assert client.get("/api/recorders/left").json()["position"] == 3


def test_refused_lines_count_in_the_position_and_blank_ones_do_not(client: httpx.Client) -> None:
    body = LINE[0] + b"\n nonsense\n\r\n" + LINE[1] + b'{"type":"dance"}\n' + b"\0\0" + LINE[2]
    answer = post(client, body, recorder="left", **{"from": 0}).json()
    assert (answer["accepted"], answer["refused"], answer["position"]) == (3, 3, 5)
    again = post(client, body + LINE[3], recorder="left", **{"from": 0}).json()
    assert (again["accepted"], again["skipped"], again["refused"]) == (1, 5, 0)
    assert again["position"] == 6


def test_a_recorder_is_busy_while_a_request_sends_for_it(
    client: httpx.Client, recorded_db: Database
) -> None:
    go = threading.Event()
    answers: list[int] = []

    def body() -> Iterator[bytes]:
        yield b"".join(LINE[:5])
        go.wait(30)
        yield b"".join(LINE[5:])

    thread = threading.Thread(
        target=lambda: answers.append(post(client, body(), recorder="left").status_code)
    )
    before = recorded_db.stats().written
    thread.start()
    try:
        wait_until(lambda: recorded_db.stats().written == before + 5)
        busy = post(client, LINES, recorder="left")
        assert (busy.status_code, busy.json()["code"]) == (409, "recorder_busy")
        assert "recorder 'left' is busy" in busy.json()["message"]
        assert post(client, LINES, recorder="right").status_code == 200
    finally:
        go.set()
        thread.join()
    assert answers == [200]
    assert post(client, b"", recorder="left").json()["position"] == 8


def test_a_body_that_breaks_off_in_a_line_is_continued_from_that_line(
    client: httpx.Client, recorded_db: Database
) -> None:
    head = (
        b"POST /api/tasks?recorder=left&from=0 HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: %d\r\n\r\n" % len(LINES)
    )
    address = (client.base_url.host, client.base_url.port)
    before = recorded_db.stats().written
    with socket.create_connection(address) as stream:
        stream.sendall(head + b"".join(LINE[:4]) + LINE[4][:20])
        wait_until(lambda: recorded_db.stats().written == before + 4)

    def sends_again() -> bool:
        answer = post(client, b"".join(LINE[4:]), recorder="left", **{"from": 4})
        return answer.status_code == 200 and answer.json()["position"] == 8

    wait_until(sends_again)
    assert ("left", "bpsr", 50) in totals(recorded_db)


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ({"recorder": ""}, "recorder"),
        ({"recorder": "x" * 65}, "recorder"),
        ({"game": "Blue Protocol"}, "game"),
        ({"game": ""}, "game"),
        ({"from": -1}, "from"),
        ({"from": "soon"}, "from"),
        ({"from": 2**53}, "from"),
    ],
)
def test_an_invalid_recorder_game_or_position_is_named(
    client: httpx.Client, query: dict[str, object], argument: str
) -> None:
    answer = post(client, LINES, **query)
    assert (answer.status_code, answer.json()["argument"]) == (422, argument)


def test_a_recorder_records_one_game(client: httpx.Client) -> None:
    assert post(client, LINES, recorder="left", game="wow").json()["game"] == "wow"
    assert post(client, LINES, recorder="left").json()["game"] == "wow"
    answer = post(client, LINES, recorder="left", game="bpsr")
    assert (answer.status_code, answer.json()["argument"]) == (422, "game")


@pytest.mark.parametrize("name", ["a/b", "Tina’s <b>raid</b>", "%", "default"])
def test_a_recorder_is_found_by_any_name(client: httpx.Client, name: str) -> None:
    post(client, LINES, recorder=name)
    path = "/api/recorders/" + "".join(f"%{byte:02X}" for byte in name.encode())
    assert client.get(path).json()["name"] == name


def test_a_recorder_that_never_sent_anything_is_not_found(client: httpx.Client) -> None:
    answer = client.get("/api/recorders/nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_request_that_is_silent_gives_way_to_another_one(
    client: httpx.Client, recorded_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sender may be gone without a word, as after a lost connection."""
    monkeypatch.setattr(senders, "SILENT_S", 0.2)
    head = (
        b"POST /api/tasks?recorder=left&from=0 HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 9999\r\n\r\n"
    )
    before = recorded_db.stats().written
    with socket.create_connection((client.base_url.host, client.base_url.port)) as dead:
        dead.sendall(head + b"".join(LINE[:4]) + LINE[4][:9])
        wait_until(lambda: recorded_db.stats().written == before + 4)
        wait_until(lambda: post(client, LINES, recorder="left", **{"from": 0}).is_success)
        assert b"another request sends for this recorder now" in dead.recv(9_999)
    assert client.get("/api/recorders/left").json()["position"] == 8
    assert ("left", "bpsr", 50) in totals(recorded_db)
