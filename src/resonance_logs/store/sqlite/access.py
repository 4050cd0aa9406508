"""How a database file can be opened: for writing, or only for reading.

Even reading a file in WAL mode creates two files beside it. If that is not allowed, SQLite reads
the file as ``immutable``, which is correct only as long as no process changes it.
"""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from urllib.parse import quote

from resonance_logs.errors import DatabaseUnavailable, ReadOnlyDatabase


class Access(Enum):
    """How this process can access a database file."""

    WRITE = "mode=rw"
    """Read and write, but never create; the values are parameters of the file's URI."""
    SHARED_READ = "mode=ro"
    """Read with the existing files beside it, for example while another process records."""
    FROZEN_READ = "mode=ro&immutable=1"
    """Read as an unchanging file, without files beside it."""


def find_access(path: Path, *, read_only: bool = False) -> Access:
    """How the file at a path can be accessed; a missing file can be written.

    With ``read_only`` how it is read without write access. Where the files beside it can be made it
    is shared then: another program may begin to write to it.
    """
    if read_only:
        is_shared = _index_of(path).exists() or os.access(path.parent, os.W_OK)
        return Access.SHARED_READ if is_shared else Access.FROZEN_READ
    while path.exists():
        beside = _files_beside(path)
        needed = [path, *(beside if len(beside) == 2 else [path.parent])]
        denied = [each for each in needed if not os.access(each, os.W_OK)]
        if not denied:
            return Access.WRITE
        # Not so if another process created or removed one of the files meanwhile.
        if _files_beside(path) == beside and all(_is_denied(each) for each in denied):
            return Access.SHARED_READ if _index_of(path) in beside else Access.FROZEN_READ
    return Access.WRITE


def _files_beside(path: Path) -> list[Path]:
    """Those that exist of the write-ahead log and its index."""
    return [each for each in (path.with_name(f"{path.name}-wal"), _index_of(path)) if each.exists()]


def _is_denied(path: Path) -> bool:
    return path.exists() and not os.access(path, os.W_OK)


def address(path: Path, access: Access) -> str:
    """The file as SQLite's URI."""
    return f"file:{quote(os.fsencode(path))}?{access.value}"


def check_readable(path: Path, access: Access) -> None:
    """Check that a file that is read as immutable has no content in a write-ahead log.

    Raises:
        DatabaseUnavailable: the file was not closed cleanly.
    """
    log = path.with_name(f"{path.name}-wal")
    if access is Access.FROZEN_READ and log.exists() and log.stat().st_size:
        raise not_closed(path)


def not_closed(path: Path) -> DatabaseUnavailable:
    """The error for a file whose write-ahead log is needed but cannot be read here."""
    return DatabaseUnavailable(
        f"{path} was not closed cleanly and cannot be written here; "
        f"copy it and {path.name}-wal to a folder that you can write to, and open the copy"
    )


def read_only(path: Path) -> ReadOnlyDatabase:
    """The error for writing to a read-only file."""
    return ReadOnlyDatabase(
        f"{path} is read-only: you have no permission to write to it or to its folder"
    )


def opened_read_only(path: Path) -> ReadOnlyDatabase:
    """The error for writing to a file that was opened only for reading."""
    return ReadOnlyDatabase(f"{path} is open only for reading")


def _index_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-shm")


class Frozen:
    """The state of a file opened as immutable, to detect later changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._look()

    def check(self) -> None:
        """Check that the file is unchanged.

        Raises:
            DatabaseUnavailable: the file was changed since.
        """
        if self._look() != self._seen:
            raise DatabaseUnavailable(
                f"{self._path} was changed since it was opened for reading; open it again"
            )

    def _look(self) -> tuple[object, ...]:
        found = self._path.stat()
        is_in_use = _index_of(self._path).exists()
        return found.st_ino, found.st_size, found.st_mtime_ns, is_in_use
