"""Within the child: a limit of pages, as a full disk sets it, on every connection it has."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Final

from resonance_logs.store import engine

NONE: Final = 4_294_967_294
"""SQLite's own limit of pages."""

SPARE_PAGES: Final = 2
"""What is left on the full disk."""


class _Limit:
    """The limit, and the connections that it holds for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages = NONE
        self._connections: list[sqlite3.Connection] = []

    def watch(self, connection: sqlite3.Connection) -> None:
        """Hold this connection to the limit too."""
        with self._lock:
            self._connections.append(connection)
            self._hold(connection)

    def set(self, pages: int) -> None:
        """Hold all connections that are open to a limit from now on."""
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
    """Have every connection that the program opens from now on under the limit."""
    plain = engine.connect

    def connect(path: Path) -> sqlite3.Connection:
        connection = plain(path)
        _limit.watch(connection)
        return connection

    engine.connect = connect


def starve(path: Path) -> None:
    """Let the file grow by next to nothing, until a line comes in."""
    with closing(sqlite3.connect(path)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    _limit.set(max(1, pages - free + SPARE_PAGES))
    threading.Thread(target=_feed_when_told, daemon=True).start()


def _feed_when_told() -> None:
    os.read(0, 100)
    _limit.set(NONE)
