"""The columns of one kind of event within an archive, to be written and read in equal steps.

A *compact* section stores each column in the order that sorts the key columns before it (stable),
so the hits of one attacker on one defender with one skill are adjacent, and so are equal amounts.
Reading reverses this step by step: each key gives the order of the columns after it. Whatever
depends only on the defender (its maximum, its monster) becomes a few long runs.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.arrays import Int64Array
from resonance_logs.fights.column_encoding import Codes, ColumnReader, ColumnWriter
from resonance_logs.fights.kinds.values import INTEGER, Limits

_NAMES: Final = Struct("<I")

_Order = NDArray[np.intp]
_Column = NDArray[Any]

_read_names = msgspec.json.Decoder(list[str])
_write_names = msgspec.json.Encoder()


class SectionWriter:
    """Writes the columns of one kind; ``SectionReader`` reads them with the same methods."""

    def __init__(self, writer: ColumnWriter, *, compact: bool) -> None:
        self._writer = writer
        self._compact = compact
        self._order: _Order | None = None

    def times(self, times: Int64Array, first: int) -> None:
        """Write the times as differences."""
        self.column(zigzag(np.diff(times, prepend=first)), table=True)

    def pack(self, form: Struct, *values: int) -> None:
        """Write numbers to the heads."""
        self._writer.heads += form.pack(*values)

    def names(self, names: tuple[str, ...]) -> None:
        """Write a list of texts to the heads."""
        text = _write_names.encode(names)
        self._writer.heads += _NAMES.pack(len(text)) + text

    def column(self, values: Int64Array, *, table: bool = False) -> Int64Array:
        """Write one column in the current order; return its codes."""
        ordered = values if self._order is None else values[self._order]
        return self._writer.write(ordered, table=table and self._compact)

    def key(self, values: Int64Array) -> None:
        """Write one column that, if compact, sorts the columns after it."""
        codes = self.column(values, table=True)
        if self._compact:
            self._order = _refine_order(self._order, codes)


class SectionReader:
    """Reads columns into arrays of ``count`` elements; raises CorruptArchive for invalid data."""

    def __init__(self, reader: ColumnReader, count: int, *, compact: bool) -> None:
        self._reader = reader
        self._compact = compact
        self._order: _Order | None = None
        self.count: Final = count

    def times(self, into: Int64Array, first: int) -> None:
        """Read the times."""
        differences, _ = self._reader.read(self.count)
        np.cumsum(unzigzag(differences), out=into)
        into += first
        check_limits(into, INTEGER)

    def unpack(self, form: Struct) -> tuple[int, ...]:
        """The next numbers of the heads."""
        return self._reader.unpack(form)

    def names(self) -> tuple[str, ...]:
        """The next list of texts of the heads."""
        (size,) = self._reader.unpack(_NAMES)
        try:
            return tuple(_read_names.decode(self._reader.take(size)))
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise CorruptArchive("the names in a section are damaged") from error

    def column(self, into: _Column, limits: Limits) -> Codes:
        """Read one column, restored to the order of the events; return its codes."""
        values, codes = self._reader.read(self.count)
        check_limits(values, limits)
        into[... if self._order is None else self._order] = values
        return codes

    def key(self, into: _Column, limits: Limits) -> None:
        """Read one column that, if compact, sorts the columns after it."""
        codes = self.column(into, limits)
        if self._compact:
            self._order = _refine_order(self._order, codes)


class SectionMeasure(SectionReader):
    """Reads the heads of a section of ``declared`` events, and skips its columns.

    The arrays to read into are empty. What a section needs depends only on its heads, so that
    memory need not be claimed before it is known how much.
    """

    def __init__(self, reader: ColumnReader, declared: int) -> None:
        super().__init__(reader, 0, compact=False)
        self._declared = declared

    def times(self, into: Int64Array, first: int) -> None:  # noqa: ARG002 - as in SectionReader
        """Skip the times."""
        self._reader.skip(self._declared)

    def column(self, into: _Column, limits: Limits) -> Codes:  # noqa: ARG002 - as in SectionReader
        """Skip one column."""
        self._reader.skip(self._declared)
        return np.empty(0, dtype=np.uint8)


def _refine_order(order: _Order | None, codes: Codes) -> _Order | None:
    """The order that sorts by ``codes`` (already in ``order``), stable among equal codes."""
    highest = int(codes.max()) if len(codes) else 0
    if not highest:
        return order
    # Stable sorting is linear only for integers of 8 and 16 bits.
    if highest < 1 << 16:
        codes = codes.astype(np.uint8 if highest < 1 << 8 else np.uint16, copy=False)
    finer = codes.argsort(kind="stable")
    return finer if order is None else order[finer]


def zigzag(column: Int64Array) -> Int64Array:
    """0, -1, 1, -2, ... as 0, 1, 2, 3, ...: small numbers stay small with either sign."""
    return (column << 1) ^ (column >> 63)


def unzigzag(column: Int64Array) -> Int64Array:
    """The reverse of ``zigzag``."""
    return (column >> 1) ^ -(column & 1)


def check_limits(column: Int64Array, limits: Limits) -> None:
    """Raise CorruptArchive if a value is outside the limits."""
    lowest, highest, _ = limits
    if len(column) and (column.min() < lowest or column.max() > highest):
        raise CorruptArchive(f"a column is not within {lowest} and {highest}")
