"""Tables as bytes: CSV, JSON, Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from resonance_logs.errors import Unavailable

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """How a table is written."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


MEDIA_TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON: "application/json",
    Format.PARQUET: "application/vnd.apache.parquet",
}


def write_table(table: Mapping[str, Sequence[Any]], form: Format) -> bytes:
    """The table in a format; JSON is a list of rows.

    In CSV a text that a spreadsheet would take for a formula gets an apostrophe before it.

    Raises:
        Unavailable: Parquet is asked for, and its library is not installed.
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
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _parquet(table: Mapping[str, Sequence[Any]]) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise Unavailable(
            "Parquet needs pyarrow; install it with: pip install 'resonance-logs[web]'"
        ) from error
    sink = io.BytesIO()
    arrow = pyarrow.table({name: list(values) for name, values in table.items()})
    parquet.write_table(arrow, sink, compression="zstd")
    return sink.getvalue()
