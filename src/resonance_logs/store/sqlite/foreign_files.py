"""Copy a file of unknown origin, so that nothing in it runs and no step of it takes forever."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from resonance_logs.errors import DamagedDatabase
from resonance_logs.store.sqlite.access import Access, check_readable, find_access, not_closed
from resonance_logs.store.sqlite.connections import Store, connect
from resonance_logs.store.sqlite.file_copies import check_copy, copy_database
from resonance_logs.store.sqlite.guard import Guard
from resonance_logs.store.sqlite.lock import check_other_names
from resonance_logs.store.sqlite.migrate import (
    APPLICATION_ID,
    newer,
    other_program,
    prepare,
    refusal,
)
from resonance_logs.store.sqlite.schema_check import check_schema, known_schemas


def copy_foreign(source: Path, target: Path, guard: Guard) -> None:
    """Copy a file to the empty ``target``, migrate the copy to this version, and verify it.

    Raises:
        NotADatabase: the file is something else.
        AlteredDatabase: it has triggers, views or the like.
        DamagedDatabase: it is damaged.
        NewerDatabase: it was written by a newer version of this program.
        BackupError: it cannot be copied.
        DatabaseUnavailable: it cannot be read now, or takes too long to read.
    """
    check_foreign(source, guard)
    copy_checked(source, target, guard)


def copy_checked(source: Path, target: Path, guard: Guard) -> None:
    """The same for a file that ``check_foreign`` found good; errors of the copy name the copy."""
    with guard.reading():
        guard.begin()
        copy_database(source, target, guard=guard)
        guard.begin()
        prepare(target, copy_first=False, guard=guard)
        guard.begin()
        check_copy(target, source, guard)


@contextmanager
def foreign_store(copy: Path, guard: Guard) -> Iterator[Store]:
    """The connections to such a copy, whose every step is bounded by the guard."""
    with guard.reading(), closing(Store(copy, guard=guard)) as store:
        yield store


def check_foreign(source: Path, guard: Guard) -> None:
    """Check that a file is a database of this program in which nothing runs by itself.

    Raises:
        NotADatabase, AlteredDatabase, DamagedDatabase, NewerDatabase, DatabaseUnavailable: as for
            ``copy_foreign``.
    """
    with guard.reading():
        _check_foreign(source, guard)


def _check_foreign(source: Path, guard: Guard) -> None:
    check_other_names(source)
    access = find_access(source)
    check_readable(source, access)
    try:
        with closing(connect(source, guard=guard)) as connection:
            (found,) = connection.execute("PRAGMA application_id").fetchone()
            if found != APPLICATION_ID:
                raise other_program(source)
            version = check_schema(connection, source, is_complete=True)
    except sqlite3.OperationalError as error:
        code = error.sqlite_errorcode & 0xFF
        if access is not Access.WRITE and code in (
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_READONLY,
        ):
            raise not_closed(source) from error
        raise refusal(source, error) from error
    except sqlite3.DatabaseError as error:
        raise refusal(source, error) from error
    except UnicodeDecodeError as error:  # SQLite's message about it is unreadable too
        raise DamagedDatabase(f"{source} is damaged: {error}") from error
    if version is not None and version not in known_schemas():
        raise newer(source, version)
