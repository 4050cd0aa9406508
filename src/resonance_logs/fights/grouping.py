"""Exact sums over groups of rows: one method for few calls, one for long columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from resonance_logs.fights.arrays import FlagArray, Int64Array

Column = Int64Array | FlagArray

_LOW_BITS: Final = 26
_EXACT: Final = 2**53
"""bincount adds in floating point, which is exact up to this value."""


def group_sums(
    keys: Sequence[Column], columns: Sequence[Int64Array]
) -> tuple[Int64Array, Int64Array]:
    """Sum ``columns`` (each of length n) over rows with equal ``keys`` (each of length n).

    Returns the distinct keys, ascending, as an array of shape (groups, len(keys)), and the sums,
    of shape (groups, len(columns)).
    """
    size = len(keys[0])
    if size == 0:
        return _empty(len(keys)), _empty(len(columns))
    order = np.lexsort(tuple(reversed(keys)))
    ordered = [key[order] for key in keys]
    first = np.ones(size, dtype=np.bool_)
    first[1:] = False
    for key in ordered:
        first[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(first)
    sums = [np.add.reduceat(column[order], starts) for column in columns]
    return np.stack([key[starts] for key in ordered], axis=1), np.stack(sums, axis=1)


def group_amounts(
    keys: Sequence[Column], amounts: Sequence[Int64Array]
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """The same for long columns with few groups: several times as fast, in many more calls.

    Nothing is sorted: rows are numbered by group, and summed by that number. ``amounts`` must not
    be negative. Returns the distinct keys, the sums, and the number of rows of each group.
    """
    if len(keys[0]) == 0:
        return _empty(len(keys)), _empty(len(amounts)), np.zeros(0, dtype=np.int64)
    groups, codes = number_values(keys[0])
    for key in keys[1:]:
        distinct, inner = number_values(key)
        groups, codes = number_values(codes * len(distinct) + inner)
    count = len(groups)
    some_row = np.empty(count, dtype=np.int64)
    some_row[codes] = np.arange(len(codes))
    found = np.stack([key[some_row].astype(np.int64) for key in keys], axis=1)
    sums = [_sums(codes, each, count) for each in amounts]
    return found, np.stack(sums, axis=1), np.bincount(codes, minlength=count)


def number_values(key: Column) -> tuple[Int64Array, Int64Array]:
    """The sorted distinct values, and for each row the index of its value."""
    low = int(key.min())
    span = int(key.max()) - low + 1
    if span > 4 * len(key) + 65_536:
        return _number_wide(key.astype(np.int64))
    offsets = key.astype(np.int64) - low
    present = np.zeros(span, dtype=np.bool_)
    present[offsets] = True
    return np.flatnonzero(present) + low, (np.cumsum(present) - 1)[offsets]


def _number_wide(key: Int64Array) -> tuple[Int64Array, Int64Array]:
    """The same for values far apart: a sample has most of them, if they are few."""
    distinct = np.unique(key[:: 1 + len(key) // 2_000])
    while True:
        codes = np.searchsorted(distinct, key)
        missing = distinct[np.minimum(codes, len(distinct) - 1)] != key
        if not missing.any():
            return distinct, codes
        distinct = np.union1d(distinct, key[missing])


def _sums(codes: Int64Array, amounts: Int64Array, count: int) -> Int64Array:
    if int(amounts.max()) * len(amounts) < _EXACT:
        return _float_sums(codes, amounts, count)
    high = _float_sums(codes, amounts >> _LOW_BITS, count)
    return (high << _LOW_BITS) + _float_sums(codes, amounts & (2**_LOW_BITS - 1), count)


def _float_sums(codes: Int64Array, amounts: Int64Array, count: int) -> Int64Array:
    return np.bincount(codes, weights=amounts, minlength=count).astype(np.int64)


def _empty(width: int) -> Int64Array:
    return np.zeros((0, width), dtype=np.int64)
