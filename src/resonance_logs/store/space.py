"""What the file takes on disk, and how it gives back in small steps what it no longer needs."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy import Connection

VACUUM_PAGES: Final = 256
"""So many pages go back to the system in a step: a few milliseconds."""

SPARE_PAGES: Final = 512
"""So many free pages are left in the file; the next fight's journal needs them again."""


def used_bytes(connection: Connection) -> int:
    """What the pages in use take."""
    pages, free = _pragma(connection, "page_count"), _pragma(connection, "freelist_count")
    return (pages - free) * _pragma(connection, "page_size")


def free_bytes(connection: Connection) -> int:
    """What the pages take that are part of the file and not in use."""
    return _pragma(connection, "freelist_count") * _pragma(connection, "page_size")


def give_back(connection: Connection) -> bool:
    """Cut up to VACUUM_PAGES free pages off the file; whether there is more to cut.

    The connection must be outside of a transaction.
    """
    surplus = _pragma(connection, "freelist_count") - SPARE_PAGES
    if surplus <= 0:
        return False
    # Only a script is stepped to its end; a statement would free a single page.
    _driver(connection).executescript(
        f"PRAGMA incremental_vacuum({min(surplus, VACUUM_PAGES)})"
    ).close()
    return surplus > VACUUM_PAGES


def checkpoint(connection: Connection) -> bool:
    """Move the write-ahead log into the file and empty it; whether readers let it be emptied.

    Nobody is waited for. The connection must be outside of a transaction.
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
