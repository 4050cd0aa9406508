"""What a file holds while another process records into it."""

from __future__ import annotations

from pathlib import Path

from resonance_logs import Database, DatabaseUnavailable


def fights(path: Path) -> int:
    try:
        with Database.open(path, record=False) as db:
            return db.commands.get_recent_encounters().total_count
    except DatabaseUnavailable:
        return 0
