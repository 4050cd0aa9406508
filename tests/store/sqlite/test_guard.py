"""Reading a foreign file ends in time, and when the program stops."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from resonance_logs import DamagedDatabase, Database, DatabaseUnavailable
from resonance_logs.store.sqlite import guard as guards
from resonance_logs.store.sqlite.guard import Guard
from tests.helpers.hostile_files import make_template

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.touch()
    return file


def test_a_statement_without_end_is_ended_and_the_error_says_why(file: Path) -> None:
    guard = Guard(file, seconds=0.05)
    with closing(sqlite3.connect(":memory:")) as connection:
        guard.watch(connection)
        with pytest.raises(DatabaseUnavailable, match="takes too long to read"), guard.reading():
            connection.execute(ENDLESS).fetchall()


def test_each_step_has_its_own_time(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    guard = Guard(file, seconds=10)
    for _ in range(5):
        now += 9
        guard.check()
        guard.begin()
    now += 11
    with pytest.raises(DatabaseUnavailable, match="more than 10 s for one step"):
        guard.check()


def test_a_large_file_has_more_time(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    os.truncate(file, 100 * guards.BYTES_PER_SECOND)
    guard = Guard(file, seconds=10)
    now += 109
    guard.check()


def test_a_program_that_stops_ends_it(file: Path) -> None:
    stopped = threading.Event()
    guard = Guard(file, stopped.is_set)
    with closing(sqlite3.connect(":memory:")) as connection:
        guard.watch(connection)
        threading.Timer(0.1, stopped.set).start()
        with pytest.raises(DatabaseUnavailable, match="the program stops"), guard.reading():
            connection.execute(ENDLESS).fetchall()


def test_a_value_larger_than_allowed_is_not_read(file: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        Guard(file).watch(connection)
        with pytest.raises(sqlite3.DataError, match="too big"):
            connection.execute(f"SELECT zeroblob({guards.MAX_VALUE_BYTES + 1})").fetchall()


def test_a_large_value_in_a_file_is_damage(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = make_template(tmp_path)
    with closing(sqlite3.connect(template)) as connection:
        connection.execute("UPDATE encounters SET note = zeroblob(900000)||'' WHERE id = 1")
        connection.commit()
    monkeypatch.setitem(guards._LIMITS, sqlite3.SQLITE_LIMIT_LENGTH, 500_000)
    with Database.open(path) as db, pytest.raises(DamagedDatabase, match="too big"):
        db.import_fights(template)


def test_closing_the_database_ends_an_import(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a server stops while a file is uploaded."""
    template = make_template(tmp_path)
    db = Database.open(path)
    check = Guard.check

    def close_then_check(self: Guard) -> None:
        db.close()
        check(self)

    monkeypatch.setattr(Guard, "check", close_then_check)
    with pytest.raises(DatabaseUnavailable, match="because the program stops"):
        db.import_fights(template)


PROGRAM = f"""
import sqlite3, sys
from contextlib import closing
from pathlib import Path
from resonance_logs.store.sqlite.guard import Guard
guard = Guard(Path(sys.argv[1]))
with closing(sqlite3.connect(":memory:")) as connection:
    guard.watch(connection)
    print("begun", flush=True)
    with guard.reading():
        connection.execute({ENDLESS!r}).fetchall()
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_a_statement_without_end(file: Path) -> None:
    """Python raises KeyboardInterrupt in SQLite's handler, which loses it."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=50)
    assert errors.rstrip().endswith("KeyboardInterrupt")
