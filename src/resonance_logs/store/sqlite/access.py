"""How a database file may be opened: to be written, or only to be read.

Even reading a file in WAL mode makes two files beside it. Where that is not allowed, SQLite reads
the file as one that nobody changes (``immutable``), which is right only while nobody does.
"""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from urllib.parse import quote

from resonance_logs.errors import DatabaseUnavailable, ReadOnlyDatabase


class Access(Enum):
    """What this process may do with a database file."""

    WRITE = ""
    """Write it; the values are what SQLite is told in the file's address."""
    SHARED_READ = "mode=ro"
    """Read it by the files beside it, as when somebody else records into it."""
    FROZEN_READ = "mode=ro&immutable=1"
    """Read it as a file that nobody changes: nothing lies beside it."""


def find_access(path: Path) -> Access:
    """What may be done with the file at a path; one that is not there yet may be written."""
    if not path.exists():
        return Access.WRITE
    log, index = (path.with_name(f"{path.name}{suffix}") for suffix in ("-wal", "-shm"))
    is_complete = log.exists() and index.exists()
    needed = [path, *([log, index] if is_complete else [path.parent])]
    if all(os.access(each, os.W_OK) for each in needed):
        return Access.WRITE
    return Access.SHARED_READ if index.exists() else Access.FROZEN_READ


def address(path: Path, access: Access) -> str:
    """The file as SQLite's URI."""
    return f"file:{quote(str(path))}?{access.value}"


def check_readable(path: Path, access: Access) -> None:
    """See that nothing of the content lies beside a file that is read by itself.

    Raises:
        DatabaseUnavailable: it was not closed cleanly.
    """
    log = path.with_name(f"{path.name}-wal")
    if access is Access.FROZEN_READ and log.exists() and log.stat().st_size:
        raise not_closed(path)


def not_closed(path: Path) -> DatabaseUnavailable:
    """The error for a file that needs its write-ahead log, and cannot be read with it here."""
    return DatabaseUnavailable(
        f"{path} was not closed cleanly and cannot be written here; "
        f"copy it and {path.name}-wal to a folder that you can write to, and open the copy"
    )


def read_only(path: Path) -> ReadOnlyDatabase:
    """The error for writing to a file that may only be read."""
    return ReadOnlyDatabase(
        f"{path} can only be read: you have no right to write to it or to its folder"
    )


class Frozen:
    """What a file that is read as one that nobody changes looked like when it was opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._look()

    def check(self) -> None:
        """See that the file is still the same.

        Raises:
            DatabaseUnavailable: somebody has written to it since.
        """
        if self._look() != self._seen:
            raise DatabaseUnavailable(
                f"{self._path} has been written to since it was opened for reading; open it again"
            )

    def _look(self) -> tuple[object, ...]:
        found = self._path.stat()
        is_in_use = self._path.with_name(f"{self._path.name}-shm").exists()
        return found.st_ino, found.st_size, found.st_mtime_ns, is_in_use
