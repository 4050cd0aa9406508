"""The disk space of the file, and releasing it in small steps."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy import Connection

VACUUM_PAGES: Final = 256
"""Pages released to the system in one step: a few milliseconds."""

MAX_FREE_PAGES: Final = 512
"""Free pages left in the file; the journal of the next fight needs them."""


def used_bytes(connection: Connection) -> int:
    """Bytes of the pages in use."""
    pages, free = _pragma(connection, "page_count"), _pragma(connection, "freelist_count")
    return (pages - free) * _pragma(connection, "page_size")


def free_bytes(connection: Connection) -> int:
    """Bytes of the pages in the file that are not in use."""
    return _pragma(connection, "freelist_count") * _pragma(connection, "page_size")


def give_back(connection: Connection) -> bool:
    """Release up to VACUUM_PAGES free pages; returns whether there are more.

    The connection must be outside a transaction.
    """
    surplus = _pragma(connection, "freelist_count") - MAX_FREE_PAGES
    if surplus <= 0:
        return False
    # Only a script is run to its end; a statement would free a single page.
    _driver(connection).executescript(
        f"PRAGMA incremental_vacuum({min(surplus, VACUUM_PAGES)})"
    ).close()
    return surplus > VACUUM_PAGES


def checkpoint(connection: Connection) -> bool:
    """Move the write-ahead log into the file and empty it; returns whether readers allowed it.

    Does not wait. The connection must be outside a transaction.
    """
    driver = _driver(connection)
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute("PRAGMA busy_timeout=0").close()
    try:
        (busy, _, _) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        driver.execute(f"PRAGMA busy_timeout={patience}").close()
    return not busy


def _pragma(connection: Connection, name: str) -> int:
    (value,) = _driver(connection).execute(f"PRAGMA {name}").fetchone()
    return int(value)


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError(f"expected a connection of sqlite3, got {type(driver).__name__}")
    return driver
