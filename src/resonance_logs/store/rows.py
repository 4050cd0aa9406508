"""Many rows in one statement: each statement costs a handover of the interpreter lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Select, Table

from resonance_logs.errors import DamagedDatabase

_T = TypeVar("_T")

MAX_PARAMETERS: Final = 30_000
"""SQLite allows 32,766 in one statement."""


def insert_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    replace: bool = False,
    on_conflict: str = "",
) -> None:
    """Insert rows (one value per column, in order); with ``replace`` values are overwritten.

    Only the given columns of an existing row are overwritten; ``on_conflict`` is a custom clause
    for such rows.
    """
    for part in parts(rows, MAX_PARAMETERS // len(columns)):
        values = ",".join([_placeholders(len(columns))] * len(part))
        ending = _on_conflict(table, tuple(columns)) if replace else on_conflict
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({','.join(columns)}) VALUES {values}{ending}",  # noqa: S608
            tuple(chain.from_iterable(part)),
        )


def select_in(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    key: str,
    ids: Iterable[int],
    also: Mapping[str, object] = MappingProxyType({}),
) -> list[tuple[Any, ...]]:
    """The rows whose ``key`` is one of ``ids``, as tuples of ``columns``.

    The columns named in ``also`` must have the values given there.
    """
    found: list[tuple[Any, ...]] = []
    where = "".join(f"{name} = ? AND " for name in also)
    for part in parts(ids, MAX_PARAMETERS - len(also)):
        marks = ",".join("?" * len(part))
        result = connection.exec_driver_sql(
            f"SELECT {','.join(columns)} FROM {table.name} "  # noqa: S608
            f"WHERE {where}{key} IN ({marks})",
            (*also.values(), *part),
        )
        found.extend(tuple(row) for row in result)
    return found


def fetch_tuples(connection: Connection, statement: Select[Any]) -> list[tuple[Any, ...]]:
    """Return the rows as the driver has them; of thousands, SQLAlchemy's rows cost noticeably more.

    No type of a column is converted.
    """
    result = connection.execute(statement)
    cursor = result.cursor
    rows: list[tuple[Any, ...]] = [] if cursor is None else list(cursor.fetchall())
    result.close()
    return rows


def parts(rows: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """The rows in lists of at most ``size``."""
    remaining = iter(rows)
    while part := list(islice(remaining, size)):
        yield part


@cache
def _placeholders(count: int) -> str:
    return f"({','.join('?' * count)})"


@cache
def _on_conflict(table: Table, columns: tuple[str, ...]) -> str:
    keys = [column.name for column in table.primary_key]
    updates = ",".join(f"{name}=excluded.{name}" for name in columns if name not in keys)
    return f" ON CONFLICT ({','.join(keys)}) DO UPDATE SET {updates}"


def missing_row(encounter_id: int) -> DamagedDatabase:
    """The error for a fight that an index names and that has no row."""
    return DamagedDatabase(
        f"the database is damaged: an index names encounter {encounter_id}, which has no row; "
        "resonance-logs check shows details, resonance-logs salvage saves what can be read"
    )
