"""Signals and closed pipes, in separate processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from resonance_logs import encode_task
from tests.helpers.cli import Process, error_lines, first_fight
from tests.helpers.cli_waiting import wait_for
from tests.helpers.stopping import fights

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and pipes")

LINES = b"".join(encode_task(task) + b"\n" for task in first_fight())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_ingest_has_committed_what_it_read_and_says_how_far_it_came(
    start: type[Process], path: Path, number: signal.Signals
) -> None:
    process = start("ingest", "-", "--db", path, stdin=subprocess.PIPE)
    assert process.popen.stdin is not None
    process.popen.stdin.write(LINES + LINES[:40])
    process.popen.stdin.flush()
    wait_for(lambda: fights(path) == 1)
    process.popen.send_signal(number)
    assert process.popen.wait(60) == 1
    code, out, err = process.end()
    assert code == 1
    assert "fights 1 · tasks 9 · refused lines 0" in out
    assert error_lines(err)[-1] == (
        "error: stopped in standard input after 9 tasks; everything read is committed"
    )
    assert fights(path) == 1


def test_a_follower_reads_what_is_appended_until_it_is_stopped(
    start: type[Process], path: Path, tmp_path: Path
) -> None:
    file = tmp_path / "growing.ndjson"
    file.write_bytes(LINES)
    process = start("ingest", "--follow", file, "--db", path)
    wait_for(lambda: fights(path) == 1)
    with file.open("ab") as growing:
        growing.write(LINES)
    wait_for(lambda: fights(path) == 2)
    process.popen.send_signal(signal.SIGINT)
    code, out, err = process.end()
    assert (code, err) == (0, "")
    assert "fights 2" in out


def test_a_follower_of_a_silent_file_ends_once_its_database_is_deleted(
    start: type[Process], path: Path, tmp_path: Path
) -> None:
    file = tmp_path / "growing.ndjson"
    file.write_bytes(LINES)
    process = start("ingest", "--follow", file, "--db", path)
    wait_for(lambda: fights(path) == 1)
    path.unlink()
    code, _, err = process.end()
    (kept,) = tmp_path.glob("*.removed-*.db")
    assert code == 1
    assert f"everything that was recorded is kept in {kept}" in err
    assert fights(kept) == 1


def test_a_pipe_that_closes_in_the_middle_of_a_line_loses_only_that_line(
    start: type[Process], path: Path
) -> None:
    process = start("ingest", "-", "--db", path, stdin=subprocess.PIPE)
    code, out, err = process.end(LINES + LINES[:40])
    assert code == 1
    assert "fights 1 · tasks 9 · refused lines 1" in out
    assert error_lines(err) == [
        "refused: standard input:10: cut off: the JSON ends in the middle",
    ]


def test_a_reader_that_goes_away_gets_no_traceback(start: type[Process], recorded: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "resonance_logs", "call", "--list"],
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_full_disk_behind_standard_output_is_one_line(recorded: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    with full.open("wb") as disk:
        done = subprocess.run(
            [sys.executable, "-m", "resonance_logs", "list", "--db", str(recorded)],
            stdout=disk,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 1
    assert error_lines(done.stderr.decode()) == ["error: No space left on device"]


def on_a_terminal(*words: str | Path, answer: bytes = b"") -> tuple[int, str]:
    """Run the command line on a pseudo-terminal; returns its exit code and all of its output."""
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "resonance_logs", *map(str, words)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
    )
    os.close(slave)
    os.write(master, answer)
    shown = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # Linux reports the end like this
            break
        if not part:
            break
        shown += part
    os.close(master)
    return process.wait(60), shown.decode()


def test_on_a_terminal_a_bar_shows_how_far_reading_is(path: Path, tasks_file: Path) -> None:
    code, shown = on_a_terminal("ingest", tasks_file, "--db", path)
    assert code == 0
    assert "night.ndjson" in shown
    assert "100%" in shown
    assert "fights 3" in shown


@pytest.mark.parametrize(("answer", "code", "left"), [(b"n\n", 1, 3), (b"y\n", 0, 2)])
def test_on_a_terminal_deleting_asks_for_confirmation(
    recorded: Path, answer: bytes, code: int, left: int
) -> None:
    ended, shown = on_a_terminal("delete", "1", "--db", recorded, answer=answer)
    assert "Delete fight 1 permanently? [y/N]" in shown
    assert ended == code
    assert fights(recorded) == left
