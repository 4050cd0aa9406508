"""Copy, verify and put aside whole files; each step leaves the old or the new, never half."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from resonance_logs.errors import BackupError
from resonance_logs.store.sqlite.access import Access, check_readable, find_access
from resonance_logs.store.sqlite.connections import connect, one_line
from resonance_logs.store.sqlite.files import open_file
from resonance_logs.store.sqlite.guard import Guard
from resonance_logs.store.sqlite.lock import check_other_names
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.system.whole_files import make_folder, open_private, whole_file

FREE_SPACE_FACTOR: Final = 1.05
"""Required free space, as a multiple of the file's size."""

_PART_PAGES: Final = 2_000
"""A few milliseconds of copying; then a guard is asked whether to go on."""

_logger = limited_logger(__name__)


def copy_verified(source: Path, target: Path, *, is_read_only: bool = False) -> None:
    """Copy a snapshot of a database to a new file, and verify it.

    With ``is_read_only`` the source is opened without write access, even where it can be written.

    Raises:
        BackupError: it cannot be copied, or is damaged; no target is created.
    """
    with whole_database(target) as part:
        copy_database(source, part, is_read_only=is_read_only)
        check_copy(part, source)


def check_room(count: int, folder: Path) -> None:
    """Check that a folder, which is created if missing, has room for a copy of this size.

    Raises:
        BackupError: there is no room, or the folder is not writable.
    """
    try:
        make_folder(folder)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise BackupError(f"{folder} is not writable: {error.strerror}") from error
    needed = int(count * FREE_SPACE_FACTOR)
    if free < needed:
        raise BackupError(f"{folder} has {free:,} bytes free, but the copy needs {needed:,}")


@contextmanager
def whole_database(
    target: Path, *, replaces: bool = False, mode_of: Path | None = None
) -> Iterator[Path]:
    """An empty file that becomes the target at the end of the block; see ``whole_file``.

    Raises:
        BackupError: it cannot be written, or the target exists and is not to be replaced.
    """
    try:
        with whole_file(target, replaces=replaces, mode_of=mode_of) as part:
            yield part
            if _size(_beside(part, "-wal")):
                raise BackupError(f"{target} could not be made: its log could not be written to it")
    except FileExistsError as error:
        raise BackupError(f"{target} already exists; choose another name") from error
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{target} could not be made: {error}") from error


def copy_database(
    source: Path, target: Path, *, is_read_only: bool = False, guard: Guard | None = None
) -> None:
    """Copy a snapshot of the committed data; a ``guard`` bounds the time that it may take.

    Raises:
        AlreadyRecording: the source is being recorded under another name.
        BackupError: the source cannot be read, or the target cannot be written.
        DatabaseUnavailable: the source was not closed cleanly, and cannot be written here.
    """
    check_other_names(source)
    check_readable(source, find_access(source, read_only=is_read_only))
    try:
        with (
            closing(connect(source, is_read_only=is_read_only, guard=guard)) as reader,
            closing(sqlite3.connect(target)) as writer,
        ):
            if guard is None:
                reader.backup(writer)
            else:
                _copy_in_parts(reader, writer, guard)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise BackupError(f"{source} cannot be copied: {one_line(error)}") from error


def _copy_in_parts(reader: sqlite3.Connection, writer: sqlite3.Connection, guard: Guard) -> None:
    """Copy part by part; a transaction keeps the snapshot that all of them are of."""

    def check(_status: int, _remaining: int, _total: int) -> None:
        guard.check()

    reader.execute("BEGIN").close()
    reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    reader.backup(writer, pages=_PART_PAGES, progress=check)
    reader.execute("COMMIT").close()


def check_copy(part: Path, source: Path, guard: Guard | None = None) -> None:
    """Verify a copy; a ``guard`` bounds the time that it may take.

    Raises:
        BackupError: it is damaged, and so is the ``source`` that it was made from.
    """
    with closing(connect(part, guard=guard)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise BackupError(f"{source} is damaged, and so would be its copy: {one_line(found[0])}")


def copy_files(path: Path, target: Path) -> None:
    """Copy a database file and its log unchanged, whatever they contain.

    Only if this process has no connection that it still writes through: closing a file releases all
    of the process's SQLite locks on it.

    Raises:
        OSError: they cannot be read, or the target cannot be written.
    """
    for suffix in ("", "-wal"):
        if _beside(path, suffix).exists():
            _copy_file(_beside(path, suffix), _beside(target, suffix))


def keep_copy(path: Path, target: Path) -> None:
    """Copy a database file and its log unchanged to a new name that neither has before both are
    whole; with the same condition as ``copy_files``.

    Raises:
        OSError: they cannot be read, or the target cannot be written.
    """
    log, kept_log = _beside(path, "-wal"), _beside(target, "-wal")
    is_log_kept = False
    try:
        with whole_file(target, replaces=False) as part:
            _copy_file(path, part)
            if log.exists():
                with whole_file(kept_log, replaces=False) as log_part:
                    _copy_file(log, log_part)
                is_log_kept = True
    except BaseException:
        if is_log_kept:
            kept_log.unlink(missing_ok=True)
        raise


def _copy_file(source: Path, target: Path) -> None:
    """Copy the content of a file, and when it was last changed, but not its mode."""
    with source.open("rb") as reader, open(target, "wb", opener=open_private) as writer:
        shutil.copyfileobj(reader, writer)
    found = source.stat()
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def preserve_wal(path: Path) -> Iterator[None]:
    """While the block runs, and at its end, closing the database does not move its log into the
    file.

    SQLite does so when the last connection is closed, unless it is read-only.
    """
    log = path.with_name(f"{path.name}-wal")
    is_there = log.exists() and log.stat().st_size and path.exists() and path.stat().st_size
    if not is_there or find_access(path) is not Access.WRITE:
        yield  # SQLite would discard the log of an empty file
        return
    check_other_names(path)
    with closing(open_file(path, Access.SHARED_READ)) as last:
        with closing(open_file(path, Access.WRITE)) as first:
            for connection in (first, last):
                _open_wal(connection)
        yield


def _open_wal(connection: sqlite3.Connection) -> None:
    """Make SQLite open the log, although the data may be damaged."""
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        _logger.debug("not readable: %s", error)


def collapse_wal(path: Path) -> None:
    """Collapse the database into its one file, unless it is too damaged for that.

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
        _logger.info("%s is damaged and stays in several files: %s", path, error)


def free_name(path: Path, what: str) -> Path:
    """A name beside a database that tells its purpose and the time."""
    moment = time.strftime("%Y%m%d-%H%M%S")
    for number in count(1):
        again = f"-{number}" if number > 1 else ""
        name = path.with_name(f"{path.stem}.{what}-{moment}{again}{path.suffix}")
        if not name.exists():
            return name
    raise AssertionError("numbers do not end")
