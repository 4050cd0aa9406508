"""Copies of the whole file: made while recording goes on, checked, and put back."""

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
from resonance_logs.store.engine import connect
from resonance_logs.store.lock import RecorderLock
from resonance_logs.store.migrate import prepare

SPARE: Final = 1.05
"""Free space asked for, as a multiple of the file."""


def back_up(path: Path, target: Path) -> int:
    """Copy the database at ``path`` into the new file ``target``; its size in bytes.

    The copy is what was committed at one moment; whoever records goes on meanwhile. It is checked
    before it gets its name, so that a half-made copy never looks like a backup.

    Raises:
        BackupError: the target is there already, the disk has no room, or the copy is not sound.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; choose another name")
    check_room(path.stat().st_size, target.parent)
    with part_of(target) as part:
        copy_database(path, part)
        check_copy(part, path)
        part.replace(target)
    return target.stat().st_size


def restore(path: Path, source: Path) -> Path | None:
    """Put the backup ``source`` in the place of the database at ``path``.

    The backup is checked, and brought to this program's version, before anything is replaced. What
    was there is kept under a name of its own, which is returned; None where nothing was there.

    Raises:
        AlreadyRecording: the database is being recorded.
        DatabaseError: the source cannot be used; the subclass says why.
        BackupError: another program has the database open, or the disk has no room.
    """
    if not source.is_file():
        raise BackupError(f"{source}: there is no such file; check the path")
    if source.stat().st_size == 0:
        raise BackupError(f"{source} is empty, and no backup")
    check_room(source.stat().st_size, path.parent)
    with part_of(path) as part:
        copy_database(source, part)
        prepare(part)
        check_copy(part, source)
        lock = RecorderLock(path)
        lock.acquire()
        try:
            kept = _keep(path) if path.exists() else None
            part.replace(path)
        finally:
            lock.release()
    return kept


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
        BackupError: the source cannot be read, or the target not be written.
    """
    try:
        with closing(connect(source)) as reader, closing(sqlite3.connect(target)) as writer:
            reader.backup(writer)
    except sqlite3.Error as error:
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


def _keep(path: Path) -> Path:
    """Give the database that is to be replaced a second name; it stays under its own until then."""
    kept = _free_name(path)
    if not fold(path):  # damaged: what there is of it is kept as it is
        for suffix in ("-wal", "-shm"):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.replace(kept.with_name(kept.name + suffix))
    try:
        os.link(path, kept)
    except OSError:  # a file system without links
        shutil.copy2(path, kept)
    return kept


def fold(path: Path) -> bool:
    """Have the whole database in its one file, which nobody else may have open.

    Returns False where it is too damaged for that.

    Raises:
        BackupError: another program has it open.
    """
    try:
        with closing(connect(path)) as connection:
            connection.execute("PRAGMA busy_timeout=1000").close()
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()
    except sqlite3.OperationalError as error:
        raise BackupError(f"{path} is open in another program; close that one first") from error
    except sqlite3.DatabaseError:
        return False
    return True


def _free_name(path: Path) -> Path:
    moment = time.strftime("%Y%m%d-%H%M%S")
    for number in count(1):
        again = f"-{number}" if number > 1 else ""
        name = path.with_name(f"{path.stem}.before-restore-{moment}{again}{path.suffix}")
        if not name.exists():
            return name
    raise AssertionError("numbers do not end")
