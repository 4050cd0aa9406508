"""Check the file: its pages, references and tables; and, on top of them, its fights."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from resonance_logs.errors import DamagedDatabase, DatabaseUnavailable
from resonance_logs.store.check import Finding, check_fight, check_index, find_ended
from resonance_logs.store.schema import metadata
from resonance_logs.store.sqlite.connections import (
    Store,
    describe,
    is_damage,
    is_transient,
    is_wrong_statement,
    one_line,
)
from resonance_logs.store.sqlite.migrate import SCHEMA_VERSION
from resonance_logs.store.sqlite.schema_check import (
    SELECT_SCHEMA,
    SchemaObject,
    compare,
    known_schemas,
)

MAX_FAULTS: Final = 100


class Damage(NamedTuple):
    """What was found, and how many fights were compared with their single events."""

    findings: list[Finding]
    encounters_checked: int


class Failure(Enum):
    """Why something could not be written."""

    TRANSIENT = auto()
    """A transient error (locked, full, I/O): it may succeed later."""
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
            has_all = metadata.tables.keys() <= _tables(connection)
    except DamagedDatabase:
        return Failure.DAMAGE
    except DatabaseUnavailable:
        return Failure.TRANSIENT
    return Failure.TASK if has_all else Failure.DAMAGE


def find_damage(store: Store, *, quick: bool = False) -> Damage:
    """Check the file and every ended fight; with ``quick`` only the file's pages.

    Fights are not looked at where pages are damaged. Each is read in a transaction of its own, so
    that nobody is blocked; nothing is changed.

    Raises:
        DatabaseUnavailable: the file cannot be read now.
        DamagedDatabase: the data cannot be read at all.
    """
    with store.read_transaction() as connection:
        findings = list(_check_file(connection, quick=quick))
        has_fights = not quick and all(each.part != "pages" for each in findings)
        ended = find_ended(connection) if has_fights else []
    for encounter_id in ended:
        with store.read_transaction() as connection:
            findings += check_fight(connection, encounter_id)
    return Damage(findings, len(ended))


def _check_file(connection: Connection, *, quick: bool) -> Iterator[Finding]:
    damaged = page_faults(connection, quick=quick)
    yield from (Finding("pages", each) for each in damaged)
    if quick or damaged:
        return
    yield from (Finding("references", each) for each in reference_faults(connection))
    yield from table_faults(connection)
    yield from check_index(connection)


def page_faults(connection: Connection, *, quick: bool) -> list[str]:
    """What SQLite finds wrong with the pages; ``quick`` skips the check of indexes."""
    pragma = "quick_check" if quick else "integrity_check"
    try:
        rows = connection.exec_driver_sql(f"PRAGMA {pragma}({MAX_FAULTS})").all()
    except DBAPIError as error:
        if is_transient(error):
            raise
        return [describe(error)]
    return [one_line(row[0]) for row in rows if row[0] != "ok"]


def reference_faults(connection: Connection) -> list[str]:
    """Rows that refer to missing rows."""
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(MAX_FAULTS)
    return [f"a row of {row[0]} refers to a missing row of {row[2]}" for row in rows]


def table_faults(connection: Connection) -> list[Finding]:
    """How the tables and indexes differ from those that the migrations make."""
    rows = connection.exec_driver_sql(SELECT_SCHEMA).all()
    objects = [SchemaObject(*row) for row in rows]
    found = compare(objects, known_schemas()[SCHEMA_VERSION])
    others = sorted((*found.foreign, *found.added))
    return [
        *(Finding("tables", f"{key} is missing") for key in found.missing),
        *(Finding("tables", f"{each} is not ours", is_damage=False) for each in others),
        *(Finding("tables", f"{each} differs from its definition") for each in found.altered),
    ]


def _tables(connection: Connection) -> set[str]:
    return set(connection.exec_driver_sql("SELECT name FROM sqlite_schema").scalars())
