"""One signal ends every command, wherever it waits, and says what became of the tasks."""

import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from resonance_logs import Database, encode_task
from resonance_logs.store.sqlite.lock import is_held
from tests.helpers.cli import Process, Run, error_lines, first_fight
from tests.helpers.cli_waiting import wait_for
from tests.helpers.damage import stale_index, zero_root
from tests.helpers.serving import Server
from tests.helpers.stopping import fights

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

LINES = b"".join(encode_task(task) + b"\n" for task in first_fight())
ALL = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESONANCE_LOGS_CLOSE_SECONDS", "0.5")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program is in the middle of writing all the while."""
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE").close()
        yield
        blocker.execute("ROLLBACK").close()


def wait_for_line(process: subprocess.Popen[bytes], words: str) -> None:
    """Read standard error up to the line with these words."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line.decode():
            return
    raise AssertionError(f"it never said: {words}")


@ALL
def test_a_locked_file_keeps_no_ingest_from_ending_and_no_task_is_lost(
    start: type[Process], path: Path, number: signal.Signals
) -> None:
    process = start("ingest", "-", "--db", path, stdin=subprocess.PIPE)
    assert process.popen.stdin is not None
    process.popen.stdin.write(LINES)
    process.popen.stdin.flush()
    wait_for(lambda: fights(path) == 1)
    with locked(path):
        process.popen.stdin.write(LINES)
        process.popen.stdin.close()
        process.popen.stdin = None
        wait_for_line(process.popen, "nothing can be written now")
        process.popen.send_signal(number)
        code, _, err = process.end()
    assert code == 1
    assert "9 tasks are written, 9 tasks are kept in" in error_lines(err)[-1]
    Database.open(path).close()
    assert fights(path) == 2


@ALL
def test_a_signal_while_the_file_is_opened_ends_it(
    start: type[Process], recorded: Path, tasks_file: Path, number: signal.Signals
) -> None:
    with locked(recorded):
        process = start("ingest", tasks_file, "--db", recorded)
        wait_for(lambda: is_held(recorded))
        process.popen.send_signal(number)
        code, _, err = process.end()
    assert code == 1
    assert error_lines(err) == ["error: stopped"]


@ALL
def test_a_command_that_waits_within_sqlite_is_ended(
    recorded: Path, number: signal.Signals
) -> None:
    """Without a thread that hears of the signal this would wait for ever."""
    script = """
        import sqlite3, sys
        from resonance_logs.cli.stopping import ended_by_signals
        waiting = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=3600)
        with ended_by_signals():
            is_told = False
            while True:
                try:
                    if not is_told:
                        is_told = True
                        print("waits", flush=True)
                    waiting.execute("BEGIN IMMEDIATE")
                except KeyboardInterrupt:
                    pass  # it came before the call, and not within it
    """
    with locked(recorded):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), str(recorded)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "error: stopped\n")


@ALL
def test_an_import_into_a_locked_file_is_ended(
    start: type[Process],
    recorded: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    exported = tmp_path / "exported.db"
    with Database.open(recorded, record=False) as db:
        db.export_fights([1], exported)
        db.commands.delete_encounter(1)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with locked(recorded):
        process = start("import", exported, "--db", recorded)
        wait_for(lambda: any(tmp_path.glob("resonance-logs-*/import.db")))
        process.popen.send_signal(number)
        code, out, err = process.end()
    assert (code, out, error_lines(err)) == (1, "", ["error: stopped"])
    assert fights(recorded) == 2


@ALL
def test_a_server_whose_file_is_locked_keeps_the_tasks_and_says_where(
    path: Path, number: signal.Signals
) -> None:
    Database.open(path).close()
    server = Server(path)
    with locked(path):
        waiting = threading.Thread(
            target=lambda: httpx.post(f"{server.address}api/tasks", content=LINES, timeout=60)
        )
        waiting.start()
        metrics = f"{server.address}metrics"
        wait_for(lambda: "resonance_logs_faulty 1.0" in httpx.get(metrics, timeout=60).text)
        code, errors = server.end(number)
        waiting.join(60)
    assert code == 1
    assert re.search(r"error: .* 0 tasks are written, 9 tasks are kept in", errors)
    Database.open(path).close()
    assert fights(path) == 1


def test_damage_that_may_not_be_repaired_ends_an_ingest(
    start: type[Process], recorded: Path, tasks_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zero_root(recorded, "entities")
    monkeypatch.setenv("RESONANCE_LOGS_SALVAGE", "false")
    code, _, err = start("ingest", tasks_file, "--db", recorded).end()
    assert code == 1
    assert "recording has stopped" in error_lines(err)[-1]
    assert re.search(r"16 tasks are kept in \S+spill-2\.ndjson", err)
    monkeypatch.delenv("RESONANCE_LOGS_SALVAGE")
    Database.open(recorded).close()
    assert fights(recorded) == 6


def test_damage_that_may_not_be_repaired_is_reported_by_a_server(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zero_root(recorded, "entities")
    monkeypatch.setenv("RESONANCE_LOGS_SALVAGE", "false")
    server = Server(recorded)
    for _ in range(2):
        answer = httpx.post(f"{server.address}api/tasks", content=LINES, timeout=60)
        assert answer.status_code == 503
        assert "9 tasks are kept in" in answer.json()["message"]
    code, errors = server.end(signal.SIGINT)
    assert code == 1
    assert "recording has stopped" in error_lines(errors)[-1]


def test_a_damaged_page_is_repaired_by_an_ingest_and_reported_by_doctor(
    start: type[Process], run: Run, recorded: Path, tasks_file: Path
) -> None:
    zero_root(recorded, "entities")
    code, out, err = start("ingest", tasks_file, "--db", recorded).end()
    assert code == 0
    assert "tasks 16" in out
    assert "the damaged file is kept as" in "".join(error_lines(err))
    assert fights(recorded) == 6
    done = run("doctor")
    assert done.exit_code == 1
    assert "met damage of the file, which was repaired" in done.stdout
    assert "no problems found" not in done.stdout


@pytest.mark.parametrize("command", [["list"], ["list", "--json"], ["export", "x.db", "--all"]])
def test_a_damaged_index_is_an_error_in_one_line(
    run: Run, recorded: Path, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        stale_index(recorded, "ix_encounters_started"),
        closing(sqlite3.connect(recorded, isolation_level=None)) as other,
    ):
        other.execute("DELETE FROM encounters WHERE id = 3")
    done = run(*command)
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert "an index names encounter 3, which has no row" in line
    assert "resonance-logs salvage" in line


def test_an_unexpected_error_is_one_line_and_can_be_looked_at(
    run: Run, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object, **_more: object) -> None:
        raise KeyError("an unforeseen flaw")

    monkeypatch.setattr("resonance_logs.commands.Commands.get_recent_encounters_filtered", fail)
    done = run("list")
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert line.startswith("error: unexpected KeyError: 'an unforeseen flaw'")
    assert "RESONANCE_LOGS_TRACEBACK=1" in line
    monkeypatch.setenv("RESONANCE_LOGS_TRACEBACK", "1")
    assert isinstance(run("list").exception, KeyError)


def test_the_command_leaves_the_signals_as_they_were(run: Run, recorded: Path) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    threads = threading.active_count()
    assert run("list").exit_code == 0
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert signal.set_wakeup_fd(-1) == -1
    assert threading.active_count() == threads
