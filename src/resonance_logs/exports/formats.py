"""Tables with typed columns, written as CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from resonance_logs.errors import Unavailable
from resonance_logs.exports.spreadsheets import defuse


class Kind(StrEnum):
    """The type of a column's values; Parquet has them as int64, double, boolean, and string."""

    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name, the type of its values, whether some may be null."""

    name: str
    kind: Kind
    is_nullable: bool = False


class Table(Mapping[str, Sequence[Any]]):
    """Columns of equal length by name, in the order of ``columns``.

    The columns and their types do not depend on the data: a table without rows has all columns, and
    a column of nulls has its type.

    Raises:
        ValueError: the values do not belong to these columns.
    """

    def __init__(self, columns: Sequence[Column], values: Mapping[str, Sequence[Any]]) -> None:
        if {column.name for column in columns} != values.keys():
            raise ValueError(f"expected the columns {columns}, got {list(values)}")
        self.columns = tuple(columns)
        self._values = {column.name: values[column.name] for column in columns}

    def __getitem__(self, name: str) -> Sequence[Any]:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Format(StrEnum):
    """The format of a table."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


MEDIA_TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON: "application/json",
    Format.PARQUET: "application/vnd.apache.parquet",
}


def write_table(table: Table, form: Format) -> bytes:
    """Write the table in a format; JSON is a list of rows, Parquet has the types of the columns.

    In CSV, text that a spreadsheet would read as a formula is prefixed with an apostrophe; so is
    what follows a semicolon, a tab, a bar or a line break within a text.

    Raises:
        Unavailable: the library for Parquet is not installed.
    """
    if form is Format.PARQUET:
        return _parquet(table)
    rows = list(zip(*table.values(), strict=True))
    if form is Format.JSON:
        names = list(table)
        return msgspec.json.encode([dict(zip(names, row, strict=True)) for row in rows])
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table)
    writer.writerows(
        [defuse(value) if isinstance(value, str) else value for value in row] for row in rows
    )
    return text.getvalue().encode()


def _parquet(table: Table) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise Unavailable(
            "Parquet needs pyarrow; install it with: pip install 'resonance-logs[web]'"
        ) from error
    types = {
        Kind.INTEGER: pyarrow.int64(),
        Kind.FLOAT: pyarrow.float64(),
        Kind.BOOLEAN: pyarrow.bool_(),
        Kind.TEXT: pyarrow.string(),
    }
    schema = pyarrow.schema(
        [
            pyarrow.field(column.name, types[column.kind], nullable=column.is_nullable)
            for column in table.columns
        ]
    )
    sink = io.BytesIO()
    arrow = pyarrow.table({name: list(values) for name, values in table.items()}, schema=schema)
    parquet.write_table(arrow, sink, compression="zstd")
    return sink.getvalue()
