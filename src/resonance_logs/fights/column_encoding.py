"""Integer columns as bytes: offsets, or codes into a table, split into planes of one byte each.

A column is a head (its encoding) and its planes: plane ``k`` holds byte ``k`` of every element.
Heads and planes are stored apart, because they compress differently. Integers are little-endian.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.arrays import Int64Array

Codes = NDArray[np.integer[Any]]

_MAX_WIDTH: Final = 7
"""Maximum bytes of a code. Seven hold any difference of two task integers; none can overflow."""

_MAX_OFFSET: Final = 2**60

_HEAD: Final = Struct("<BqI")
"""Bytes per code, minimum, entries of the table (0: no table, codes are offsets)."""

_CODES: Final = tuple(
    np.dtype(name) for name in ("<u1", "<u1", "<u2", *("<u4",) * 2, *("<u8",) * 3)
)
"""How codes of each width are held in memory."""


class ColumnWriter:
    """Collects columns; afterwards ``heads`` and ``planes`` are what is to be stored."""

    def __init__(self) -> None:
        self.heads = bytearray()
        self.planes: list[bytes] = []

    def write(self, column: Int64Array, *, table: bool = False) -> Int64Array:
        """Add a column (of any length, including 0) and return its codes.

        With ``table``, distinct values are stored once if that is shorter. Codes are not negative
        and sort like the values.

        Raises:
            ValueError: the values are further apart than task integers can be.
        """
        lowest, highest = (int(column.min()), int(column.max())) if len(column) else (0, 0)
        if table and (entries := _worthwhile_table(column, highest - lowest)) is not None:
            codes = np.searchsorted(entries, column)
            self._write_codes(codes, len(entries) - 1, lowest, len(entries))
            gaps = np.diff(entries)
            self._write_codes(gaps, int(gaps.max()), 0, 0)
            return codes
        codes = column - lowest
        self._write_codes(codes, highest - lowest, lowest, 0)
        return codes

    def _write_codes(self, codes: Int64Array, highest: int, lowest: int, entries: int) -> None:
        width = _width(highest)
        if width > _MAX_WIDTH or abs(lowest) > _MAX_OFFSET:
            raise ValueError("expected integers within the range of tasks")
        self.heads += _HEAD.pack(width, lowest, entries)
        octets = codes.astype("<i8", copy=False).view(np.uint8).reshape(len(codes), 8)
        self.planes += [octets[:, plane].tobytes() for plane in range(width)]


class ColumnReader:
    """Reads columns back in the order they were written.

    Every method raises CorruptArchive if the bytes cannot come from a ColumnWriter. Allocations are
    bounded by the bytes present or by the requested length.
    """

    def __init__(self, heads: memoryview, planes: memoryview) -> None:
        self._heads = heads
        self._planes = planes
        self.skipped = 0
        """The bytes of the planes of all skipped columns."""

    def unpack(self, form: Struct) -> tuple[int, ...]:
        """The next numbers of the heads."""
        return form.unpack(self.take(form.size))

    def take(self, size: int) -> memoryview:
        """The next ``size`` bytes of the heads."""
        taken, self._heads = _cut(self._heads, size)
        return taken

    def has_heads(self) -> bool:
        """Whether heads are left."""
        return len(self._heads) > 0

    def finish(self) -> None:
        """Check that everything was read."""
        if len(self._heads) or len(self._planes):
            raise CorruptArchive("the archive has data after its last column")

    def read(self, count: int) -> tuple[Int64Array, Codes]:
        """Read the next column of ``count`` elements: its values and its codes."""
        codes, lowest, entries = self._read_codes(count)
        if not entries:
            values = codes.astype(np.int64)
            values += lowest
            return values, codes
        _check_entries(entries, count)
        gaps, _, _ = self._read_codes(entries - 1)
        if int(codes.max()) >= entries:
            raise CorruptArchive("a code points beyond its table")
        table = np.full(entries, lowest, dtype=np.int64)
        table[1:] += np.cumsum(gaps, dtype=np.int64)
        return table[codes], codes

    def skip(self, count: int) -> None:
        """Skip the next column of ``count`` elements, whose planes need not be there."""
        width, _, entries = self._read_head()
        self.skipped += width * count
        if entries:
            _check_entries(entries, count)
            width, _, _ = self._read_head()
            self.skipped += width * (entries - 1)

    def _read_head(self) -> tuple[int, int, int]:
        width, lowest, entries = self.unpack(_HEAD)
        if width > _MAX_WIDTH or abs(lowest) > _MAX_OFFSET:
            raise CorruptArchive("the head of a column is out of range")
        return width, lowest, entries

    def _read_codes(self, count: int) -> tuple[Codes, int, int]:
        width, lowest, entries = self._read_head()
        planes, self._planes = _cut(self._planes, width * count)
        dtype = _CODES[width]
        octets = np.zeros((count, dtype.itemsize), dtype=np.uint8)
        for plane in range(width):
            start = plane * count
            octets[:, plane] = np.frombuffer(planes[start : start + count], dtype=np.uint8)
        codes: Codes = octets.view(dtype).reshape(count)
        return codes, lowest, entries


def _check_entries(entries: int, count: int) -> None:
    if entries > count:
        raise CorruptArchive("a table has more entries than its column has elements")


def _width(highest: int) -> int:
    return (highest.bit_length() + 7) // 8


def _worthwhile_table(column: Int64Array, span: int) -> Int64Array | None:
    """The sorted distinct values, if they and the codes take fewer bytes than the offsets."""
    width = _width(span)
    if width < 2:
        return None
    entries = np.unique(column)
    coded = _width(len(entries) - 1) * len(column) + width * len(entries)
    return entries if coded < width * len(column) else None


def _cut(data: memoryview, size: int) -> tuple[memoryview, memoryview]:
    if size > len(data):
        raise CorruptArchive("the archive ends too early")
    return data[:size], data[size:]
