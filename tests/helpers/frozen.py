"""Database files of every version, as SQL."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from resonance_logs.store.sqlite.migrate import APPLICATION_ID, SCHEMA_VERSION

FROZEN = sorted((Path(__file__).parents[1] / "store/frozen").glob("*.sql"))

OLDER = [frozen for frozen in FROZEN if frozen.stem < SCHEMA_VERSION]
"""Those that are migrated when they are opened."""


def thaw(frozen: Path, path: Path) -> None:
    """Create the file from its dump."""
    connection = sqlite3.connect(path)
    connection.executescript(
        f"PRAGMA auto_vacuum=INCREMENTAL; PRAGMA application_id={APPLICATION_ID};"
    )
    connection.executescript(frozen.read_text(encoding="utf-8"))
    connection.execute("PRAGMA journal_mode=WAL").close()
    connection.close()
