"""Opening a file with SQLite, in a process that may be a fork of one that has it open.

SQLite counts its locks on a file per process. In a child they are counted, but not held: a
connection that the child uses, closes, or opens to the same file, damages what others write.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from resonance_logs.errors import DatabaseUnavailable
from resonance_logs.store.sqlite.access import Access, address
from resonance_logs.store.sqlite.file_identity import Identity, identify
from resonance_logs.system.forks import keep_forever, tell_after_fork

BUSY_TIMEOUT_MS: Final = 10_000

_inherited: Final[set[Identity]] = set()
"""The files that the parent had open at the fork."""


class FileConnection(sqlite3.Connection):
    """A connection that a child process does not close."""

    path: Path
    _is_inherited = False

    def close(self) -> None:
        """Close it, unless it is the parent's."""
        if not self._is_inherited:
            super().close()

    def commit(self) -> None:
        """Commit, unless it is the parent's."""
        if not self._is_inherited:
            super().commit()

    def rollback(self) -> None:
        """Roll back, unless it is the parent's."""
        if not self._is_inherited:
            super().rollback()

    def _leave_to_parent(self) -> None:
        """In a child process: never close it, and open its file no more."""
        if self._is_inherited:
            return
        self._is_inherited = True
        keep_forever(self)
        identity = identify(self.path)
        if identity is not None:
            _inherited.add(identity)


def open_file(path: Path, access: Access) -> FileConnection:
    """Open a file that exists, in autocommit mode, for any thread.

    Raises:
        DatabaseUnavailable: the process that this one was forked from had it open.
    """
    check_not_inherited(path)
    connection = sqlite3.connect(
        address(path, access),
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
        factory=FileConnection,
    )
    connection.path = path
    tell_after_fork(connection, FileConnection._leave_to_parent)
    return connection


def check_not_inherited(path: Path) -> None:
    """Check that the file was not open in the process that this one was forked from.

    Raises:
        DatabaseUnavailable: it was.
    """
    if _inherited and identify(path) in _inherited:
        raise DatabaseUnavailable(inherited_message(path))


def inherited_message(path: Path) -> str:
    """What to tell a child process that uses a file of its parent."""
    return (
        f"{path} was open in the process that this one was forked from, and cannot be used here; "
        "start this process by the method 'spawn', or before the database is opened"
    )
