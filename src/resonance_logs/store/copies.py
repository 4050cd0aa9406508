"""Whole files: copied, checked, put aside; each step leaves the old or the new, never half."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from resonance_logs.errors import BackupError
from resonance_logs.store.access import Access, address, check_readable, find_access
from resonance_logs.store.engine import connect
from resonance_logs.store.lock import check_other_names

SPARE: Final = 1.05
"""Free space asked for, as a multiple of the file."""

_logger = logging.getLogger(__name__)


def copy_checked(source: Path, target: Path) -> None:
    """Copy a database, as committed at one moment, into a new file, and see that it is sound.

    Raises:
        BackupError: it cannot be copied, or is damaged; no target is made.
    """
    with part_of(target) as part:
        copy_database(source, part)
        check_copy(part, source)
        part.replace(target)


def check_room(count: int, folder: Path) -> None:
    """See that a copy of so many bytes has room in a folder, which is made where it is missing.

    Raises:
        BackupError: it has none, or the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise BackupError(f"{folder} cannot be written to: {error.strerror}") from error
    needed = int(count * SPARE)
    if free < needed:
        raise BackupError(f"{folder} has {free:,} bytes free, and the copy needs {needed:,}")


@contextmanager
def part_of(target: Path) -> Iterator[Path]:
    """A name beside the target for what is not whole yet; nothing is left of it afterwards."""
    part = target.with_name(f"{target.name}.part")
    files = [part.with_name(part.name + suffix) for suffix in ("", "-wal", "-shm", "-journal")]
    try:
        for file in files:
            file.unlink(missing_ok=True)
        yield part
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{target} could not be made: {error}") from error
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def copy_database(source: Path, target: Path) -> None:
    """Copy what is committed at one moment.

    Raises:
        AlreadyRecording: the source is being recorded under another name.
        BackupError: the source cannot be read, or the target not be written.
        DatabaseUnavailable: the source was not closed cleanly, and cannot be written here.
    """
    check_other_names(source)
    check_readable(source, find_access(source))
    try:
        with closing(connect(source)) as reader, closing(sqlite3.connect(target)) as writer:
            reader.backup(writer)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise BackupError(f"{source} cannot be copied: {error}") from error


def check_copy(part: Path, source: Path) -> None:
    """See that a copy is sound.

    Raises:
        BackupError: it is not, and so neither is the ``source`` that it was made of.
    """
    with closing(connect(part)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise BackupError(f"{source} is damaged, and so would be its copy: {found[0]}")


def copy_files(path: Path, target: Path) -> None:
    """Copy a database file and its log as they are, whatever is in them.

    Only where this process has no connection that it still writes by: closing a file takes
    SQLite's locks on it from the whole process.

    Raises:
        OSError: they cannot be read, or the target cannot be written.
    """
    for suffix in ("", "-wal"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            shutil.copy2(beside, target.with_name(target.name + suffix))


@contextmanager
def log_kept(path: Path) -> Iterator[None]:
    """While the block runs, and at its end, closing the database moves no log into the file.

    SQLite does so when the last connection is closed, unless that one may only read.
    """
    log = path.with_name(f"{path.name}-wal")
    is_there = log.exists() and log.stat().st_size and path.exists() and path.stat().st_size
    if not is_there or find_access(path) is not Access.WRITE:
        yield  # SQLite would throw the log of an empty file away
        return
    check_other_names(path)
    with closing(sqlite3.connect(address(path, Access.SHARED_READ), uri=True)) as last:
        with closing(sqlite3.connect(path)) as first:
            for connection in (first, last):
                _touch(connection)
        yield


def _touch(connection: sqlite3.Connection) -> None:
    """Have the log opened, though what is read may be damaged."""
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        _logger.debug("looked at, and not readable: %s", error)


def fold(path: Path) -> None:
    """Have the whole database in its one file, unless it is too damaged for that.

    Raises:
        BackupError: another program has it open.
    """
    try:
        with closing(connect(path)) as connection:
            connection.execute("PRAGMA busy_timeout=1000").close()
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()
    except sqlite3.OperationalError as error:
        raise BackupError(f"{path} is open in another program; close that one first") from error
    except sqlite3.DatabaseError as error:
        _logger.info("%s is damaged, and stays in several files: %s", path, error)


def free_name(path: Path, what: str) -> Path:
    """A name beside a database, with what it stands for and the time."""
    moment = time.strftime("%Y%m%d-%H%M%S")
    for number in count(1):
        again = f"-{number}" if number > 1 else ""
        name = path.with_name(f"{path.stem}.{what}-{moment}{again}{path.suffix}")
        if not name.exists():
            return name
    raise AssertionError("numbers do not end")
