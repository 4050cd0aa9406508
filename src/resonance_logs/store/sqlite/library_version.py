"""The version of the SQLite library, which Python brings or the system has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Final

from resonance_logs.errors import DatabaseError

MIN_VERSION: Final = (3, 37, 0)
"""The first version with STRICT tables, as which all tables are defined."""

JSON_BUILT_IN: Final = (3, 38, 0)
"""Before this version the JSON functions, which filters use, could be left out of the library."""


def check_library() -> None:
    """Check that this process's SQLite library is new enough.

    Raises:
        DatabaseError: it is too old, or lacks the JSON functions.
    """
    version = sqlite3.sqlite_version_info
    if version < MIN_VERSION:
        raise _too_old("is too old: tables are STRICT, which it does not know")
    if version < JSON_BUILT_IN and not _has_json():
        raise _too_old("was built without the JSON functions")


def _has_json() -> bool:
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("SELECT json_array(1)").close()
    except sqlite3.OperationalError:
        return False
    return True


def _too_old(why: str) -> DatabaseError:
    needed = ".".join(map(str, MIN_VERSION))
    return DatabaseError(
        f"the SQLite library of this Python, version {sqlite3.sqlite_version}, {why}; "
        f"use a Python with SQLite {needed} or newer"
    )
