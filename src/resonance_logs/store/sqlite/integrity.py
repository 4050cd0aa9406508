"""Check the file itself: its pages, its references, its tables."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from resonance_logs.errors import DamagedDatabase, DatabaseUnavailable
from resonance_logs.store.schema import metadata
from resonance_logs.store.sqlite.connections import (
    Store,
    describe,
    is_damage,
    is_transient,
    is_wrong_statement,
)
from resonance_logs.store.sqlite.migrate import prepare

MAX_FAULTS: Final = 100


@dataclass(frozen=True, slots=True)
class TableFault:
    """How a table or an index differs from what the migrations make."""

    message: str
    is_damage: bool
    """False where somebody added it: nothing of ours is lost."""


class Failure(Enum):
    """Why something could not be written."""

    TRANSIENT = auto()
    """The surroundings (locked, full, I/O): it may succeed later."""
    DAMAGE = auto()
    """The file: it will never succeed."""
    TASK = auto()
    """Neither of the two, but what was to be written."""


def kind_of(error: BaseException, store: Store) -> Failure:
    """What kind of failure an error of writing to the store is."""
    if is_transient(error) or isinstance(error, DatabaseUnavailable):
        return Failure.TRANSIENT
    if is_damage(error):
        return Failure.DAMAGE
    if not is_wrong_statement(error):
        return Failure.TASK
    try:
        with store.read_transaction() as connection:
            has_all = metadata.tables.keys() <= _schema(connection).keys()
    except DamagedDatabase:
        return Failure.DAMAGE
    except DatabaseUnavailable:
        return Failure.TRANSIENT
    return Failure.TASK if has_all else Failure.DAMAGE


def page_faults(connection: Connection, *, quick: bool) -> list[str]:
    """What SQLite finds wrong with the pages; ``quick`` skips the check of indexes."""
    pragma = "quick_check" if quick else "integrity_check"
    try:
        rows = connection.exec_driver_sql(f"PRAGMA {pragma}({MAX_FAULTS})").all()
    except DBAPIError as error:
        if is_transient(error):
            raise
        return [describe(error)]
    return [row[0] for row in rows if row[0] != "ok"]


def reference_faults(connection: Connection) -> list[str]:
    """Rows that refer to missing rows."""
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(MAX_FAULTS)
    return [f"a row of {row[0]} refers to a missing row of {row[2]}" for row in rows]


def table_faults(connection: Connection) -> list[TableFault]:
    """How the tables and indexes differ from those that the migrations make."""
    found, expected = _schema(connection), _fresh_schema()
    return [
        *(
            TableFault(f"{name} is missing", is_damage=True)
            for name in sorted(expected.keys() - found.keys())
        ),
        *(
            TableFault(f"{name} is not ours", is_damage=False)
            for name in sorted(found.keys() - expected.keys())
        ),
        *(
            TableFault(f"{name} differs from its definition", is_damage=True)
            for name in sorted(expected.keys() & found.keys())
            if expected[name] != found[name]
        ),
    ]


def _schema(connection: Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\'"
    )
    return {row[0]: " ".join(row[1].split()) for row in rows}


def _fresh_schema() -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="resonance-logs-") as folder:
        path = Path(folder) / "fresh.db"
        prepare(path)
        store = Store(path)
        try:
            with store.read_transaction() as connection:
                return _schema(connection)
        finally:
            store.close()
