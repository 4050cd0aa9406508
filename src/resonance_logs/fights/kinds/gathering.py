"""Columns gathered from the fields of tasks, strictly: nothing is converted or cut."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from resonance_logs.errors import InvalidTask
from resonance_logs.fights.arrays import FlagArray, Int64Array
from resonance_logs.fights.kinds.values import UNKNOWN, Limits
from resonance_logs.tasks import MAX_INTEGER


class Ranges:
    """The limits of all columns of a kind, made once, ready to be compared with."""

    def __init__(self, columns: Mapping[int, Limits]) -> None:
        lowest, highest, nulls = zip(*columns.values(), strict=True)
        self.lowest: Final = np.array(lowest, dtype=np.int64)
        self.highest: Final = np.array(highest, dtype=np.int64)
        self.nulls: Final[tuple[int | None, ...]] = nulls


class Numbers:
    """Integer columns.

    array("q") accepts only integers, whereas numpy would silently truncate floats; and it keeps the
    interpreter lock, which numpy releases at every call.
    """

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._columns = [array("q") for _ in ranges.nulls]
        self._unknown = 0

    def add(self, *columns: Sequence[int | None]) -> None:
        """Add the fields of some tasks, column by column."""
        nulls = self._ranges.nulls
        for column, items, null in zip(self._columns, columns, nulls, strict=True):
            if null is not None and None in items:
                if null == UNKNOWN:
                    self._unknown += items.count(None)
                items = [null if item is None else item for item in items]
            column.fromlist(items)  # type: ignore[arg-type]  # a None left is a TypeError

    def checked(self) -> Int64Array:
        """All columns as one array, one row per column.

        Raises:
            InvalidTask: a number is out of range for its column.
        """
        numbers = np.frombuffer(b"".join(self._columns), dtype=np.int64)
        numbers = numbers.reshape(len(self._columns), -1)
        ranges = self._ranges
        if numbers.size and (
            (numbers.min(axis=1) < ranges.lowest).any()
            or (numbers.max(axis=1) > ranges.highest).any()
        ):
            raise InvalidTask("an integer is out of range")
        if np.count_nonzero(numbers == UNKNOWN) != self._unknown:
            raise InvalidTask(f"expected integers from {-MAX_INTEGER} to {MAX_INTEGER}")
        return numbers


class Flags:
    """Boolean columns, packed into the bits 1, 2, 4, ... in their order."""

    def __init__(self, count: int) -> None:
        self._columns = [bytearray() for _ in range(count)]

    def add(self, *columns: list[bool]) -> None:
        """Add the fields of some tasks, column by column."""
        for column, items in zip(self._columns, columns, strict=True):
            column += bytes(items)

    def packed(self) -> FlagArray:
        """One byte per event.

        Raises:
            InvalidTask: a value is a number other than 0 and 1.
        """
        bits = np.frombuffer(b"".join(self._columns), dtype=np.uint8)
        bits = bits.reshape(len(self._columns), -1)
        if bits.size and bits.max() > 1:
            raise InvalidTask("expected true or false")
        packed: FlagArray = np.packbits(bits, axis=0, bitorder="little").reshape(-1)
        return packed
