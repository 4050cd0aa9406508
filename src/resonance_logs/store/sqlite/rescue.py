"""What to do with a file that was deleted, moved or replaced while it is recorded.

The writer's connection still has the old file. As long as that has a name somewhere, its log is
moved into it, so that it is whole there. Otherwise its content is saved as a new file.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Connection

from resonance_logs.errors import BackupError, DatabaseUnavailable
from resonance_logs.store.sqlite.file_copies import check_copy, free_name, whole_database
from resonance_logs.store.sqlite.file_identity import HeldFile, LogFiles
from resonance_logs.system.repeated_messages import limited_logger

PATIENCE_S: Final = 5.0
"""Readers of the old file are waited for this long."""

_logger = limited_logger(__name__)


class Rescue(NamedTuple):
    """What became of the old file."""

    account: str
    """For the user: where it is, and what to do with it."""
    place: Path | None = None
    """Where the old file is now, if it has a name and that is known."""


def rescue(
    connection: Connection | None, path: Path, held: HeldFile, log_files: LogFiles | None
) -> Rescue:
    """Keep what was committed to the file that was at ``path``, of which this is a connection.

    Where the log cannot be moved into it, as somebody reads it, it is taken out of the way: SQLite
    would add it to whatever file is at the path now.
    """
    place = held.find()
    is_whole = connection is not None and _fold_patiently(connection)
    if place.is_linked and is_whole:
        if place.path is None:
            account = "everything that was recorded is in the old file, which has another name now"
        else:
            account = f"everything that was recorded is in {place.path}"
        return Rescue(f"{account}; {_advice(path)}", place.path)
    driver = None if connection is None else connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        return Rescue("what was recorded before cannot be saved: it is not open", place.path)
    account, is_saved = _save(driver, path)
    if not is_whole and log_files is not None:
        log_files.take_away(keep=not is_saved)
    return Rescue(account, place.path)


def _advice(path: Path) -> str:
    return (
        f"to go on where it stopped, put that file back as {path} before recording begins again, "
        "which then reads what could not be written"
    )


def fold_log(connection: Connection) -> bool:
    """Move the log that a connection has open into its file; False if readers are in the way.

    Raises:
        DatabaseUnavailable: one of the two cannot be read or written.
    """
    try:
        cursor = connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return not cursor.fetchone()[0]
    except sqlite3.Error as error:
        raise DatabaseUnavailable(f"the log cannot be moved into the file: {error}") from error


def _fold_patiently(connection: Connection) -> bool:
    give_up_at = time.monotonic() + PATIENCE_S
    try:
        while not fold_log(connection):
            if time.monotonic() > give_up_at:
                return False
            time.sleep(0.05)
    except DatabaseUnavailable as error:
        _logger.error("%s", error)
        return False
    return True


def _save(driver: sqlite3.Connection, path: Path) -> tuple[str, bool]:
    """Save the content as a new file; returns an account of it, and whether it was possible."""
    problem: Exception | None = None
    for is_beside in (True, False):
        folder = path.parent if is_beside else Path(tempfile.mkdtemp(prefix="resonance-logs-"))
        try:
            target = free_name(folder / path.name, "removed")
            with whole_database(target) as part:
                with closing(sqlite3.connect(part)) as copy:
                    driver.backup(copy)
                check_copy(part, path)
        except (BackupError, OSError, sqlite3.Error) as error:
            problem = problem or error
            _logger.error("what was recorded could not be saved to %s: %s", folder, error)
            if not is_beside:
                shutil.rmtree(folder, ignore_errors=True)
        else:
            account = f"everything that was recorded is kept in {target}; {_advice(path)}"
            return account, True
    return f"what was recorded before is lost, because it cannot be saved ({problem})", False
