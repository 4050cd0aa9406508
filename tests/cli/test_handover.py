"""``ingest`` hands its tasks to the server that records the file."""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from resonance_logs import (
    Database,
    DatabaseUnavailable,
    EndEncounter,
    QueueFull,
    RecordingError,
    encode_task,
)
from resonance_logs.cli.handover import REQUEST_TASKS, ServerClient, ServerRecorder
from resonance_logs.cli.ingest_target import Target
from resonance_logs.cli.server_note import (
    ServerNote,
    loopback_address,
    note_file,
    note_kept,
    read_note,
)
from resonance_logs.web.connection_limits import ConnectionLimits
from resonance_logs.web.guard import Rules
from tests.helpers.cli import Process, Run, error_lines, first_fight
from tests.helpers.cli_waiting import wait_for
from tests.helpers.http import running
from tests.helpers.serving import TOKEN, Server

LINES = b"".join(encode_task(task) + b"\n" for task in first_fight())


@contextmanager
def serving(path: Path, *words: str) -> Iterator[Server]:
    server = Server(path, *words)
    try:
        yield server
    finally:
        if server.popen.poll() is None:
            server.end(signal.SIGINT)


def fights(path: Path) -> int:
    try:
        with Database.open(path, record=False) as db:
            return db.commands.get_recent_encounters().total_count
    except DatabaseUnavailable:
        return 0


def test_a_file_goes_to_the_server_that_records(run: Run, path: Path, tasks_file: Path) -> None:
    with serving(path) as server:
        done = run("ingest", tasks_file)
        assert done.exit_code == 0, done.stderr
        assert done.stdout.startswith(
            "fights 3 · tasks 16 · refused lines 0 · ignored 0 · strays 0 · rejected 0 · "
        )
        assert done.stderr == (
            f"the server at {server.address} records this file; sending the tasks to it\n"
        )
        assert fights(path) == 3
    assert not note_file(path).exists()


def test_through_a_symlink_the_server_is_found_too(
    run: Run, path: Path, tmp_path: Path, tasks_file: Path
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with serving(path):
        note = read_note(link)
        assert note is not None
        assert read_note(path) == note


def test_refused_lines_keep_their_file_and_line(run: Run, path: Path, tmp_path: Path) -> None:
    file = tmp_path / "night.ndjson"
    file.write_bytes(LINES + b"\0\0" + LINES + b"nonsense\n")
    with serving(path):
        done = run("ingest", file, "--rejects", tmp_path / "refused")
    assert done.exit_code == 1
    assert "fights 2 · tasks 18 · refused lines 2" in done.stdout
    assert error_lines(done.stderr)[1:] == [
        f"refused: {file}:10: not JSON: 2 zero bytes; the task at byte 2 was accepted",
        f"refused: {file}:19: not JSON: invalid character (byte 4)",
    ]
    assert (tmp_path / "refused").read_bytes() == b"\0\0\nnonsense\n"


def test_an_open_fight_is_reported(run: Run, path: Path) -> None:
    with serving(path):
        done = run("ingest", "-", stdin=LINES.rsplit(b"\n", 2)[0])
    assert done.exit_code == 0
    assert "the last fight is still open" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_growing_file_is_followed_through_the_server(
    start: type[Process], path: Path, tmp_path: Path
) -> None:
    file = tmp_path / "growing.ndjson"
    file.write_bytes(LINES)
    with serving(path):
        process = start("ingest", "--follow", file, "--db", path)
        wait_for(lambda: fights(path) == 1)
        with file.open("ab") as growing:
            growing.write(LINES[:200])
            growing.flush()
            growing.write(LINES[200:])
        wait_for(lambda: fights(path) == 2)
        process.popen.send_signal(signal.SIGINT)
        code, out, _ = process.end()
    assert code == 0
    assert "fights 2 · tasks 18" in out


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_server_that_goes_away_is_reported_with_what_it_has_taken(
    start: type[Process], path: Path, tmp_path: Path
) -> None:
    file = tmp_path / "growing.ndjson"
    file.write_bytes(LINES)
    with serving(path) as server:
        process = start("ingest", "--follow", file, "--db", path)
        wait_for(lambda: fights(path) == 1)
        server.end(signal.SIGINT)
        with file.open("ab") as growing:
            growing.write(LINES)
        code, _, err = process.end()
    assert code == 1
    last = error_lines(err)[-1]
    assert last.startswith(f"error: the server at {server.address} no longer answers: ")
    assert last.endswith("; it accepted 9 tasks; it did not accept the next 9")
    assert fights(path) == 1


@pytest.mark.parametrize(
    ("token", "told"),
    [(None, "which needs a token"), ("x" * 20, "which does not accept this token"), (TOKEN, None)],
)
def test_a_token_comes_from_the_environment_and_is_never_written(
    run: Run,
    path: Path,
    tasks_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    token: str | None,
    told: str | None,
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    with serving(path, "--token-file", str(file)) as server:
        assert TOKEN not in note_file(path).read_text()
        if token is not None:
            monkeypatch.setenv("RESONANCE_LOGS_TOKEN", token)
        done = run("ingest", tasks_file)
    if told is None:
        assert done.exit_code == 0
        assert fights(path) == 3
        return
    assert done.exit_code == 1
    assert error_lines(done.stderr) == [
        f"error: {path} is being recorded by the server at {server.address}, {told}; "
        "set RESONANCE_LOGS_TOKEN to the token that the server was started with"
    ]


def test_without_a_server_it_is_reported_that_another_program_records(
    run: Run, path: Path, tasks_file: Path
) -> None:
    with Database.open(path):
        done = run("ingest", tasks_file)
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert line.startswith(f"error: {path} is being recorded by another program")


def test_the_note_of_a_killed_server_is_out_of_date(run: Run, path: Path, tasks_file: Path) -> None:
    server = Server(path)
    server.popen.kill()
    server.popen.communicate(timeout=30)
    assert note_file(path).exists()
    assert read_note(path) is None
    with Database.open(path):
        assert run("ingest", tasks_file).exit_code == 1
    assert run("ingest", tasks_file).exit_code == 0
    assert fights(path) == 3


def test_another_server_at_the_address_gets_no_tasks(
    run: Run, path: Path, tmp_path: Path, tasks_file: Path
) -> None:
    other = tmp_path / "other.db"
    with serving(other), Database.open(path):
        there = read_note(other)
        assert there is not None
        note = ServerNote(there.address, "of a server that has ended", os.getpid())
        with note_kept(path, note):
            done = run("ingest", tasks_file)
        assert done.exit_code == 1
        assert "is being recorded by another program" in done.stderr
        assert fights(other) == 0


def test_who_serves_for_reading_only_leaves_no_note(path: Path) -> None:
    with Database.open(path), serving(path):
        assert not note_file(path).exists()


def test_a_note_comes_back_as_it_was_and_only_its_owner_reads_it(path: Path) -> None:
    note = ServerNote("http://127.0.0.1:8017/")
    with note_kept(path, note):
        assert read_note(path) == note
        if sys.platform != "win32":
            assert note_file(path).stat().st_mode & 0o777 == 0o600
    assert not note_file(path).exists()


def test_a_note_that_another_server_has_replaced_is_left(path: Path) -> None:
    note = ServerNote("http://127.0.0.1:8017/")
    with note_kept(path, ServerNote("http://127.0.0.1:1/")):
        note_file(path).write_text(
            json.dumps({"address": note.address, "instance": note.instance, "pid": note.pid})
        )
    assert read_note(path) == note


def test_a_note_that_cannot_be_written_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with note_kept(tmp_path / "file" / "fights.db", ServerNote("http://127.0.0.1:1/")):
        pass
    assert "ingest will not find this server" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 5_000,
        "\udcff",
        '{"address": 1, "instance": "a", "pid": 1}',
        '{"address": "http://127.0.0.1:1/", "instance": "a"',
        '{"address": "http://127.0.0.1:1/", "instance": "", "pid": PID}',
        '{"address": "http://127.0.0.1:1/", "instance": "a", "pid": PID, "more": 1}',
        '{"address": "http://127.0.0.1:1/", "instance": "a", "pid": "PID"}',
        '{"address": "http://127.0.0.1:1/", "instance": "a", "pid": true}',
        '{"address": "http://127.0.0.1:1/", "instance": "a", "pid": 0}',
        '{"address": "http://127.0.0.1:1/", "instance": "a", "pid": 99999999999999999999}',
        '{"address": "http://127.0.0.1:x/", "instance": "a", "pid": PID}',
        '{"address": "http://127.0.0.1:1/elsewhere", "instance": "a", "pid": PID}',
        '{"address": "https://127.0.0.1:1/", "instance": "a", "pid": PID}',
        '{"address": "http://192.168.1.5:1/", "instance": "a", "pid": PID}',
        '{"address": "http://raid.lan:1/", "instance": "a", "pid": PID}',
        '{"address": "http://u:p@127.0.0.1:1/", "instance": "a", "pid": PID}',
    ],
)
def test_a_note_that_makes_no_sense_is_ignored(path: Path, text: str) -> None:
    written = text.replace("PID", str(os.getpid())).encode("utf-8", "surrogateescape")
    note_file(path).write_bytes(written)
    assert read_note(path) is None


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:5/"),
        ("127.0.0.2", "http://127.0.0.2:5/"),
        ("0.0.0.0", "http://127.0.0.1:5/"),
        ("::", "http://[::1]:5/"),
        ("::1", "http://[::1]:5/"),
        ("192.168.1.5", None),
    ],
)
def test_a_server_is_reached_by_loopback_or_not_at_all(host: str, address: str | None) -> None:
    assert loopback_address(host, 5) == address


# --- What a server answers ----------------------------------------------------------------------


class ScriptedClient:
    """Answers each request as a function of the number of its lines."""

    address = "http://127.0.0.1:1/"

    def __init__(self, *answers: Callable[[int], dict[str, Any]]) -> None:
        self._answers = list(answers)
        self.lines: list[int] = []

    def post(self, body: bytes, *, wait: bool, recorder: object) -> dict[str, Any]:
        self.lines.append(body.count(b"\n"))
        answer = self._answers.pop(0) if self._answers else taken
        return answer(self.lines[-1])


def taken(lines: int) -> dict[str, Any]:
    return {"accepted": lines, "refused": 0, "refusals": [], "committed": True, "fault": None}


def full(lines: int) -> dict[str, Any]:
    return taken(lines) | {"accepted": lines // 2, "fault": "the queue is full"}


def strict(lines: int) -> dict[str, Any]:
    refusal = {"line": 1, "field": "ended_at_ms", "reason": "unknown"}
    return taken(lines) | {"accepted": lines - 1, "refused": 1, "refusals": [refusal]}


def gone(lines: int) -> dict[str, Any]:
    raise RecordingError("the server no longer answers: reset")


def recorder(
    client: ScriptedClient, said: list[str] | None = None, *, is_live: bool = True
) -> ServerRecorder:
    say = ([] if said is None else said).append
    return ServerRecorder(client, is_live=is_live, say=say)  # type: ignore[arg-type]


ENDS = [EndEncounter(ended_at_ms=number) for number in range(10)]


def test_what_a_full_queue_did_not_take_is_sent_again() -> None:
    client = ScriptedClient(full)
    server = recorder(client)
    with pytest.raises(QueueFull) as told:
        server.enqueue_many(ENDS)
    assert told.value.taken == 10
    server.flush()
    assert client.lines == [10, 5, 0]
    assert server.accepted == 10


def test_tasks_of_a_file_are_gathered_into_larger_requests() -> None:
    client = ScriptedClient()
    server = recorder(client, is_live=False)
    for _ in range(REQUEST_TASKS // 10 + 3):
        server.enqueue_many(ENDS)
    server.flush()
    assert client.lines == [REQUEST_TASKS, 30, 0]


def test_what_the_server_refuses_is_reported_and_counted() -> None:
    said: list[str] = []
    server = recorder(ScriptedClient(strict), said)
    server.enqueue_many(ENDS)
    server.flush()
    assert (server.accepted, server.refused) == (9, 1)
    assert said == ["refused by the server: ended_at_ms: unknown"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (gone, "reset; it accepted 0 tasks; it is unknown whether it accepted the next 10"),
        (lambda _: {}, "sent an invalid answer; it accepted 0 tasks; it is unknown whether"),
        (
            lambda lines: strict(lines) | {"fault": "the queue is full"},
            "full; it accepted 9 tasks; it is unknown whether it accepted the next 10",
        ),
    ],
)
def test_what_is_not_known_is_said(answer: Callable[[int], dict[str, Any]], told: str) -> None:
    with pytest.raises(RecordingError, match=told):
        recorder(ScriptedClient(answer)).enqueue_many(ENDS)


def test_a_server_that_asks_for_patience_is_asked_again() -> None:
    answers = [(429, b"{}"), (429, b"<html>"), (200, b'{"accepted": 1}')]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            status, body = answers.pop(0)
            self.send_response(status)
            self.send_header("retry-after", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        client = ServerClient(ServerNote(f"http://127.0.0.1:{server.server_port}/"), None)
        assert client.post(b"x\n", wait=False) == {"accepted": 1}
        server.shutdown()
    assert answers == []


def test_after_a_stop_a_server_that_cannot_write_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resonance_logs.cli.handover.CLOSE_S", 0.0)
    client = ScriptedClient(*[lambda lines: taken(lines) | {"committed": False}] * 9)
    with pytest.raises(RecordingError, match="cannot write its file now"):
        recorder(client).flush(lambda: True)


@pytest.mark.parametrize("recorder", [None, "raid"])
def test_a_meter_may_be_silent_for_longer_than_the_server_waits(
    path: Path, recorder: str | None
) -> None:
    """Each batch is a request of its own."""
    limits = ConnectionLimits(header_s=0.3, idle_s=0.3, silent_body_s=0.3, tick_s=0.1)
    tasks = first_fight()
    with Database.open(path) as db, running(db, Rules(), limits=limits) as address:
        client = ServerClient(ServerNote(f"{address}/"), token=None)
        target = Target(recorder=recorder)
        sending = target.server_recorder(client, lambda: client, is_live=True, say=print)
        for start in range(0, len(tasks), 3):
            sending.enqueue_many(tasks[start : start + 3])
            time.sleep(0.6)
        sending.flush()
        assert sending.accepted == len(tasks)
        assert db.commands.get_recent_encounters().total_count == 1


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """A server that sends these answers, one per connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            for each in answers:
                connection, _ = listener.accept()
                with connection:
                    while b"\r\n\r\n" not in connection.recv(1 << 16):
                        pass
                    connection.sendall(each)

        thread = Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


def test_a_server_with_too_many_connections_is_asked_again() -> None:
    full = b"HTTP/1.1 503 Full\r\nretry-after: 0\r\ncontent-length: 2\r\n\r\n{}"
    good = b'HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"accepted": 0}'
    with answering(full, good) as address:
        client = ServerClient(ServerNote(address), token=None)
        assert client.post(b"", wait=False) == {"accepted": 0}


def test_tasks_that_arrived_too_late_can_be_sent_again() -> None:
    late = b"HTTP/1.1 408 Late\r\ncontent-length: 2\r\n\r\n{}"
    with answering(late) as address:
        client = ServerClient(ServerNote(address), token=None)
        with pytest.raises(RecordingError, match="no longer waits") as raised:
            client.post(b"", wait=False)
    assert raised.value.__cause__ is not None
