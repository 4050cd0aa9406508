"""Within the child: a page limit, like a full disk, on all its connections."""

from __future__ import annotations

import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Final

from resonance_logs.store.sqlite import connections
from resonance_logs.store.sqlite.guard import Guard

NONE: Final = 4_294_967_294
"""SQLite's own limit of pages."""

FEED: Final = signal.SIGUSR1
"""The signal that the disk has room again."""


class _Limit:
    """The limit, and the connections it applies to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages = NONE
        self._connections: list[sqlite3.Connection] = []

    def watch(self, connection: sqlite3.Connection) -> None:
        """Apply the limit to this connection too."""
        with self._lock:
            self._connections.append(connection)
            self._hold(connection)

    def set(self, pages: int) -> None:
        """Apply a limit to all open connections."""
        with self._lock:
            self._pages = pages
            self._connections = [each for each in self._connections if self._hold(each)]

    def _hold(self, connection: sqlite3.Connection) -> bool:
        try:
            connection.execute(f"PRAGMA max_page_count={self._pages}").close()
        except sqlite3.ProgrammingError:  # closed meanwhile
            return False
        return True


_limit: Final = _Limit()


def watch_connections() -> None:
    """Apply the limit to every connection that the program opens from now on."""
    plain = connections.connect

    def connect(
        path: Path, *, is_read_only: bool = False, guard: Guard | None = None
    ) -> sqlite3.Connection:
        connection = plain(path, is_read_only=is_read_only, guard=guard)
        _limit.watch(connection)
        return connection

    connections.connect = connect


def starve(path: Path) -> None:
    """Prevent the file from growing until the signal ``FEED`` arrives."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA incremental_vacuum").fetchall()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    signal.signal(FEED, lambda *_: _limit.set(NONE))
    _limit.set(pages)
