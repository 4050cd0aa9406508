"""SIGINT, SIGTERM and SIGHUP end every command, with an exit code, and without a traceback."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from itertools import cycle
from pathlib import Path
from urllib.parse import urlparse

import httpx
import pytest

from resonance_logs import Database, encode_task
from tests.helpers.cli import Process, error_lines, first_fight
from tests.helpers.cli_waiting import wait_for
from tests.helpers.serving import Server
from tests.helpers.stopping import fights

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(sys.platform != "linux", reason="POSIX signals and /proc"),
]

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
ALL = pytest.mark.parametrize("number", SIGNALS)
LINES = b"".join(encode_task(task) + b"\n" for task in first_fight())

COMMANDS = [
    ["list"],
    ["show", "1"],
    ["recorders"],
    ["call", "get_recent_encounters"],
    ["info"],
    ["doctor"],
    ["check"],
    ["check", "--quick", "--json"],
    ["backup", "backup.db"],
    ["export", "fights.db", "--all"],
    ["prune", "--keep-fights-newest", "1"],
    ["favorite", "1"],
    ["note", "1", "a note"],
    ["tag", "1", "a tag"],
    ["delete", "1", "--yes"],
    ["rejects", "list"],
    ["rejects", "delete", "--all", "--yes"],
    ["serve", "--port", "0"],
    ["serve", "--port", "0", "--read-only"],
    ["ingest", "-"],
]


def has_open(process: subprocess.Popen[bytes], path: Path) -> bool:
    """Whether a process has a file open; it handles signals by then."""
    folder = Path(f"/proc/{process.pid}/fd")
    for each in folder.iterdir():
        try:
            if each.readlink() == path:
                return True
        except FileNotFoundError:
            continue
    return process.poll() is not None


@pytest.mark.parametrize(("command", "number"), list(zip(COMMANDS, cycle(SIGNALS), strict=False)))
def test_a_command_that_waits_for_the_file_is_ended_and_leaves_nothing(
    start: type[Process],
    recorded: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    number: signal.Signals,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESONANCE_LOGS_CLOSE_SECONDS", "0.5")
    with closing(sqlite3.connect(recorded, isolation_level=None)) as blocker:
        blocker.execute("PRAGMA locking_mode=EXCLUSIVE").close()
        blocker.execute("BEGIN IMMEDIATE").close()  # nobody can even read
        process = start(*command, "--db", recorded)
        wait_for(lambda: has_open(process.popen, recorded))
        process.popen.send_signal(number)
        code, _, err = process.end()
    assert code == 1, err
    assert error_lines(err)[-1].startswith("error: ")
    assert not list(tmp_path.glob("*.part*"))
    assert not (tmp_path / "backup.db").exists()


@ALL
def test_a_fifo_without_a_writer_is_left(
    start: type[Process], path: Path, tmp_path: Path, number: signal.Signals
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = start("ingest", fifo, "--db", path)
    wait_for(lambda: has_open(process.popen, fifo))
    process.popen.send_signal(number)
    code, _, err = process.end()
    assert code == 1
    assert error_lines(err)[-1].startswith(f"error: stopped in {fifo} after 0 tasks")


def test_a_fifo_is_read_from_its_late_writer_to_its_end(
    start: type[Process], path: Path, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = start("ingest", fifo, "--db", path)
    wait_for(lambda: has_open(process.popen, fifo))
    time.sleep(0.3)  # polled a few times without a writer
    with fifo.open("wb") as writer:
        writer.write(LINES)
    code, out, err = process.end()
    assert (code, err) == (0, "")
    assert "fights 1 · tasks 9" in out


def test_a_program_under_nohup_keeps_ignoring_the_end_of_its_terminal(path: Path) -> None:
    script = "trap '' HUP; exec \"$@\""
    process = subprocess.Popen(
        ["sh", "-c", script, "sh", sys.executable, "-m", "resonance_logs", "ingest", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "RESONANCE_LOGS_DB": str(path)},
    )
    assert process.stdin is not None
    process.stdin.write(LINES)
    process.stdin.flush()
    wait_for(lambda: fights(path) == 1)
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(LINES.replace(b"17000", b"17001"), timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert b"fights 2" in out


@ALL
def test_a_server_with_open_streams_stops_in_time(path: Path, number: signal.Signals) -> None:
    server = Server(path)
    address = urlparse(server.address)
    begun = threading.Event()

    def follow() -> None:
        try:
            with httpx.stream("GET", f"{server.address}api/live", timeout=60) as answer:
                for _ in answer.iter_bytes():
                    begun.set()
        except httpx.HTTPError:
            begun.set()

    followers = [threading.Thread(target=follow) for _ in range(2)]
    for each in followers:
        each.start()
    assert begun.wait(60)
    assert address.hostname is not None
    head = (
        f"POST /api/tasks HTTP/1.1\r\nHost: {address.netloc}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port or 0)) as sender:
        sender.sendall(head.encode())
        sender.sendall(b"%x\r\n%s\r\n" % (len(LINES), LINES))
        wait_for(lambda: fights(path) == 1)
        code, errors = server.end(number)
    for each in followers:
        each.join(60)
    assert code == 0
    assert error_lines(errors)[-1] == "stopped"
    assert fights(path) == 1


_LOADING = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "resonance_logs.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
from resonance_logs.__main__ import main
main()
"""


def test_a_signal_while_the_program_is_loaded_leaves_no_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", _LOADING], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "error: stopped\n")


@ALL
def test_a_check_that_is_interrupted_anywhere_leaves_no_traceback(
    start: type[Process], path: Path, number: signal.Signals
) -> None:
    with Database.open(path) as db:
        for _ in range(40):
            db.enqueue_many(first_fight())
    for wait in (0.0, 0.05):
        process = start("check", "--db", path)
        wait_for(lambda: has_open(process.popen, path))  # noqa: B023 - called at once
        time.sleep(wait)
        process.popen.send_signal(number)
        code, _, err = process.end()
        assert code in {0, 1, -signal.SIGINT, -number}
        assert error_lines(err) in ([], ["error: stopped"])
