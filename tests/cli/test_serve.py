"""``serve`` is safe by default, prints where it listens, and shuts down cleanly."""

import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from resonance_logs import Database, encode_task
from tests.helpers.cli import Run, error_lines
from tests.helpers.raw_http import connect, exchange, statuses
from tests.helpers.recording import fight, record
from tests.helpers.serving import TOKEN, Server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_tasks_are_accepted_until_it_is_stopped_and_nothing_is_lost(
    path: Path, number: signal.Signals
) -> None:
    server = Server(path)
    lines = b"".join(encode_task(task) + b"\n" for task in fight())
    answer = httpx.post(f"{server.address}api/tasks?wait=false", content=lines, timeout=30)
    assert answer.json()["accepted"] == 6
    with httpx.stream("GET", f"{server.address}api/live", timeout=30) as live:
        next(live.iter_lines())
        code, _ = server.end(number)
    assert code == 0
    with Database.open(path, record=False) as db:
        assert db.commands.get_recent_encounters().rows[0].total_dmg == 30
        last = db.commands.get_database_health().last_run
    assert last is not None
    assert last.is_clean


def test_a_signal_right_after_the_address_was_printed_stops_it_cleanly(path: Path) -> None:
    for _ in range(3):
        assert Server(path).end(signal.SIGINT) == (0, "stopped\n")


def test_beside_a_recorder_it_serves_for_reading_only(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fight())
        server = Server(path)
        body = {"limit": 5}
        answer = httpx.post(f"{server.address}api/commands/get_recent_encounters", json=body)
        assert answer.json()["totalCount"] == 1
        assert httpx.post(f"{server.address}api/tasks", content=b"").status_code == 503
        _, errors = server.end(signal.SIGINT)
    assert "serving without recording" in errors


def test_a_token_from_a_file_is_asked_for(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    server = Server(path, "--token-file", str(file))
    assert httpx.get(f"{server.address}healthz").status_code == 401
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert httpx.get(f"{server.address}healthz", headers=headers).status_code == 200
    server.end(signal.SIGINT)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "raid.lan"])
def test_where_others_can_reach_it_it_does_not_start_without_a_token(run: Run, host: str) -> None:
    done = run("serve", "--host", host)
    assert done.exit_code == 2
    assert "give --token or --token-file" in " ".join(done.stderr.split())


@pytest.mark.parametrize("token", ["", "short", "with a space in it", "ünicode-is-not-plain"])
def test_a_token_that_is_no_good_is_refused(run: Run, token: str) -> None:
    done = run("serve", "--token", token)
    assert done.exit_code == 2
    assert "at least 16 characters" in " ".join(done.stderr.split())


def test_a_port_that_is_taken_is_reported(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--port", str(taken.getsockname()[1]))
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert re.match(r"error: cannot listen on 127\.0\.0\.1, port \d+: ", line)


def test_two_tokens_or_a_file_that_does_not_exist_are_reported(run: Run, tmp_path: Path) -> None:
    both = run("serve", "--token", TOKEN, "--token-file", tmp_path / "x")
    assert both.exit_code == 2
    missing = run("serve", "--token-file", tmp_path / "x")
    assert missing.exit_code == 1
    assert error_lines(missing.stderr) == [f"error: {tmp_path}/x: No such file or directory"]


def test_behind_a_proxy_it_does_not_start_without_a_token(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_option = run("serve", "--trusted-proxy", "127.0.0.1")
    monkeypatch.setenv("RESONANCE_LOGS_TRUSTED_PROXIES", "10.0.0.1, 192.168.0.0/24")
    for done in (by_option, run("serve")):
        assert done.exit_code == 2
        assert "give --token or --token-file" in " ".join(done.stderr.split())


@pytest.mark.parametrize("proxy", ["", "localhost", "10.0.0.1/8", "10.0.0.0/99", "1.2.3"])
def test_a_proxy_that_is_no_address_is_refused(run: Run, proxy: str) -> None:
    done = run("serve", "--token", TOKEN, "--trusted-proxy", proxy)
    assert done.exit_code == 2
    assert "is neither an IP address nor a network" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "content", [b"\xff\xfe" * 20, "ünicode-is-not-plain".encode(), b"", b"x" * 65_537]
)
def test_a_file_that_holds_no_token_is_refused(run: Run, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    done = run("serve", "--token-file", file)
    assert done.exit_code == 2
    assert "token" in " ".join(error_lines(done.stderr))


def test_the_number_of_connections_can_be_chosen(path: Path) -> None:
    server = Server(path, "--max-connections", "50", "--max-connections-per-client", "2")
    live = b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(server.address) as first, connect(server.address) as second:
        for each in (first, second):
            each.sendall(live)
            assert statuses(each.recv(1 << 16)) == [200]
        assert statuses(exchange(server.address, b"")) == [503]
    assert server.end(signal.SIGINT)[0] == 0


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs prlimit")
def test_more_connections_than_open_files_are_not_promised(path: Path) -> None:
    command = ["prlimit", "--nofile=400:400", sys.executable, "-m", "resonance_logs", "serve"]
    options = ["--port", "0", "--max-connections", "100000", "--db", str(path)]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("serving ")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "serving up to 272 connections instead of 100,000" in errors
