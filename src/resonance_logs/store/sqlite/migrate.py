"""Migrate a database file to this program's version, even if others open it meanwhile."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError as DriverError

from resonance_logs.errors import (
    BackupError,
    DamagedDatabase,
    DatabaseError,
    DatabaseUnavailable,
    NewerDatabase,
    NotADatabase,
    ReadOnlyDatabase,
)
from resonance_logs.store.sqlite.access import (
    Access,
    check_readable,
    find_access,
    not_closed,
    read_only,
)
from resonance_logs.store.sqlite.connections import Store, connect, describe, one_line
from resonance_logs.store.sqlite.file_copies import check_room, copy_verified, free_name
from resonance_logs.store.sqlite.guard import Guard
from resonance_logs.store.sqlite.library_version import check_library
from resonance_logs.store.sqlite.lock import check_other_names
from resonance_logs.store.sqlite.schema_check import check_schema
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.system.whole_files import create_empty, make_folder

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

SCHEMA_VERSION: Final = "0008"
"""The newest migration; a test checks that Alembic agrees."""

REBUILDING: Final = ("0002", "0008")
"""The migrations that rebuild a table; the file is copied first."""

APPLICATION_ID: Final = 0x524C4F47
"""Identifies the file as ours ("RLOG" in SQLite's header)."""

OPENING_TIMEOUT_S: Final = 60.0

SCRIPTS: Final = "resonance_logs.store:migrations"
"""Where Alembic finds the migrations."""

ALEMBIC_LOGGERS: Final = ("alembic.runtime.migration", "alembic.runtime.plugins")

_alembic = threading.Lock()
"""Alembic has one context per process."""

_logger = limited_logger(__name__)


def prepare(
    path: Path,
    *,
    copy_first: bool = True,
    is_read_only: bool = False,
    guard: Guard | None = None,
) -> None:
    """Create the file if it is missing, check that it is ours, and migrate it.

    With ``copy_first`` a file of which a table is to be rebuilt is copied before. A file that
    cannot be written, or with ``is_read_only`` is not to be, is only checked. A ``guard`` bounds
    what a file of unknown origin may take; it must be complete, too.

    Several processes may do so at once: each step is atomic, and the migration runs in one write
    transaction that the others wait for.

    Raises:
        NotADatabase: the path is a folder, or the file is something else.
        DamagedDatabase: the file cannot be read.
        AlteredDatabase: somebody added triggers, views or the like to the file.
        NewerDatabase: the file was written by a newer version of this program.
        BackupError: the copy before a migration cannot be made.
        AlreadyRecording: it is being recorded under another name.
        DatabaseUnavailable: it cannot be opened or written now.
    """
    check_library()
    _check_path(path)
    check_other_names(path)
    _check_log(path)
    access = find_access(path, read_only=is_read_only)
    if access is not Access.WRITE:
        _check_as_it_is(path, access, is_read_only=is_read_only)
        return
    deadline = time.monotonic() + OPENING_TIMEOUT_S
    while True:
        try:
            create_empty_database(path, guard)
            if _check_version(path, guard) != SCHEMA_VERSION:
                _migrate(path, copy_first=copy_first, guard=guard)
            return
        except sqlite3.OperationalError as error:
            # Switching a new file to WAL ignores the busy timeout.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise refusal(path, error) from error
            time.sleep(0.02)
        except sqlite3.DatabaseError as error:
            raise refusal(path, error) from error
        except UnicodeDecodeError as error:  # SQLite's message about it is unreadable too
            raise DamagedDatabase(f"{path} is damaged: {error}") from error
        except DatabaseUnavailable:
            if time.monotonic() > deadline:
                raise


def _check_as_it_is(path: Path, access: Access, *, is_read_only: bool) -> None:
    """See that a file that is not written is ours, and of this program's version."""
    check_readable(path, access)
    try:
        with closing(connect(path, is_read_only=is_read_only)) as connection:
            if _pragma(connection, "application_id") != APPLICATION_ID:
                raise other_program(path)
            version = check_schema(connection, path)
    except sqlite3.OperationalError as error:
        # Where the index of the log cannot be made: read-only, cannot be opened, cannot be locked.
        raise not_closed(path) from error
    except sqlite3.DatabaseError as error:
        raise refusal(path, error) from error
    except UnicodeDecodeError as error:
        raise DamagedDatabase(f"{path} is damaged: {error}") from error
    if version is None or version < SCHEMA_VERSION:
        reason = (
            "because it is opened only for reading; open it once for writing, for example with "
            "resonance-logs info"
            if is_read_only and find_access(path) is Access.WRITE
            else "because you have no right to write to it or to its folder; copy it to a folder "
            "of yours, and open the copy"
        )
        raise ReadOnlyDatabase(
            f"{path} is of an older version (schema {version}) and cannot be migrated, {reason}"
        )
    if version > SCHEMA_VERSION:
        raise newer(path, version)


def check_kind(path: Path) -> None:
    """Check that there can be a database at a path; its folder is created if missing.

    Raises:
        NotADatabase: it is a folder, or another kind of file.
        AlreadyRecording: it is being recorded under another name.
        ReadOnlyDatabase: it may only be read.
        DatabaseUnavailable: the folder cannot be created.
    """
    _check_path(path)
    check_other_names(path)
    if find_access(path) is not Access.WRITE:
        raise read_only(path)
    if path.exists() and not path.with_name(f"{path.name}-wal").exists():
        _probe(path)


def check_source(path: Path) -> None:
    """See that there is a file that may be a database, to be copied from.

    Raises:
        DatabaseUnavailable: there is no file.
        NotADatabase: it is a folder, empty, or another kind of file.
    """
    check_library()
    if not path.exists():
        raise DatabaseUnavailable(f"{path}: there is no such file; check the path")
    if path.is_file() and path.stat().st_size == 0:
        raise NotADatabase(f"{path} is empty, and not a database; choose another file")
    _refuse_folder(path)
    _probe_without_log(path)


def _check_path(path: Path) -> None:
    _refuse_folder(path)
    _make_folder(path)


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise NotADatabase(f"{path} is a folder; give the path of a file in it")


def _probe_without_log(path: Path) -> None:
    if path.exists() and not path.with_name(f"{path.name}-wal").exists():
        _probe(path)


def _probe(path: Path) -> None:
    """Check with SQLite whether it is a database.

    Only SQLite may open the file: closing it in any other way would release the locks of all of
    this process's connections to it.
    """
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_NOTADB:
            raise refusal(path, error) from error


def _check_log(path: Path) -> None:
    """SQLite would discard the log of a file that has become empty."""
    log = path.with_name(f"{path.name}-wal")
    if path.exists() and not path.stat().st_size and log.exists() and log.stat().st_size:
        raise DamagedDatabase(f"{path} is empty, but its log is not")


def _make_folder(path: Path) -> None:
    try:
        make_folder(path.parent)
    except OSError as error:
        raise DatabaseUnavailable(
            f"cannot create the folder {path.parent}: {error.strerror}"
        ) from error


def create_empty_database(path: Path, guard: Guard | None = None) -> None:
    """Write the persistent settings, the first of which only an empty file accepts.

    Raises:
        NotADatabase: the file is of another program.
    """
    if not path.exists():
        with suppress(OSError):  # SQLite says why it cannot be created
            create_empty(path)  # so that it, and what SQLite writes beside it, is its owner's only
    connection = connect(path, guard=guard)
    try:
        if _pragma(connection, "application_id") == APPLICATION_ID:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode=WAL").close()
            return
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if tables:
            raise other_program(path)
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL").close()
        connection.execute("PRAGMA journal_mode=WAL").close()
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}").close()
    finally:
        connection.close()


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _check_version(path: Path, guard: Guard | None) -> str | None:
    """The version of the file, in which nothing runs by itself; None if no migration has run."""
    with closing(connect(path, guard=guard)) as connection:
        return check_schema(connection, path, is_complete=guard is not None)


def _migrate(path: Path, *, copy_first: bool, guard: Guard | None) -> None:
    with _alembic_info_hidden():
        _upgrade(path, copy_first=copy_first, guard=guard)


def _upgrade(path: Path, *, copy_first: bool, guard: Guard | None) -> None:
    # Alembic takes a fifth of a second to import, and most openings have nothing to migrate.
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    store = Store(path, guard=guard)
    try:
        with store.write_transaction() as connection:
            before = _version_within(connection)
            if before is not None:
                _refuse_newer(path, before, ScriptDirectory.from_config(config))
                _check_and_copy(path, connection, before, copy_first=copy_first)
            config.attributes["connection"] = connection
            with _alembic:
                _run_migrations(path, config)
    except CommandError as error:
        raise DatabaseError(f"{path} cannot be migrated: {error}") from error
    except DriverError as error:
        raise DatabaseError(f"{path} cannot be migrated: {describe(error)}") from error
    finally:
        store.close()
    _logger.info("%s migrated from %s to %s", path, before or "nothing", SCHEMA_VERSION)


@contextmanager
def _alembic_info_hidden() -> Iterator[None]:
    """Drop what Alembic logs below a warning in this thread: its steps are no news to the user."""
    thread = threading.get_ident()

    def is_wanted(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or record.thread != thread

    loggers = [logging.getLogger(name) for name in ALEMBIC_LOGGERS]
    for logger in loggers:
        logger.addFilter(is_wanted)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_wanted)


def _refuse_newer(path: Path, version: str, migrations: ScriptDirectory) -> None:
    if version not in {each.revision for each in migrations.walk_revisions()}:
        raise newer(path, version)


def _run_migrations(path: Path, config: Config) -> None:
    from alembic import command

    try:
        command.upgrade(config, "head")
    except DamagedDatabase as error:
        raise DamagedDatabase(f"{path} is damaged, and was not migrated: {error}") from error


def _check_and_copy(path: Path, connection: Connection, before: str, *, copy_first: bool) -> None:
    """Check that the file is intact, and keep a copy if one of its tables is to be rebuilt.

    Raises:
        DamagedDatabase: the file is damaged; it is not changed.
        BackupError: there is no room for the copy, or it cannot be made.
    """
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalars().all()
    if found != ["ok"]:
        raise DamagedDatabase(f"{path} is damaged, and was not migrated: {one_line(found[0])}")
    if not copy_first or not any(before < each for each in REBUILDING):
        return
    kept = free_name(path, f"before-{SCHEMA_VERSION}")
    try:
        # The copy, and the new table while the old one still exists.
        check_room(2 * path.stat().st_size, path.parent)
        copy_verified(path, kept)
    except BackupError as error:
        raise BackupError(
            f"{path} has an older version and must be migrated, but the copy before that cannot "
            f"be made: {error}"
        ) from error
    _logger.warning(
        "migrating %s from %s to %s; the old file is kept as %s", path, before, SCHEMA_VERSION, kept
    )


def _version_within(connection: Connection) -> str | None:
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def other_program(path: Path) -> NotADatabase:
    """The error for a database of another program."""
    return NotADatabase(f"{path} is a database of another program; choose another file")


def newer(path: Path, version: str | None) -> NewerDatabase:
    """The error for a file of a newer version."""
    return NewerDatabase(
        f"{path} was written by a newer version of this program (schema {version}, this one "
        f"knows up to {SCHEMA_VERSION}); update the program, or choose another file"
    )


def refusal(path: Path, error: sqlite3.DatabaseError) -> DatabaseError:
    """The error for a file that SQLite cannot open or read."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return NotADatabase(f"{path} is not a database; choose another file")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_TOOBIG):
        return DamagedDatabase(f"{path} is damaged: {one_line(error)}")
    if code == sqlite3.SQLITE_READONLY or not _explain_unwritable(path):
        return DatabaseUnavailable(
            f"{path} is not writable; check the permissions of it and its folder"
        )
    return DatabaseUnavailable(f"{path} cannot be opened now: {one_line(error)}")


def _explain_unwritable(path: Path) -> bool:
    import os

    return os.access(path if path.exists() else path.parent, os.W_OK)
