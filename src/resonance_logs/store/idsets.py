"""Sets of fights as bytes: one value for each block of ids, so that a new fight changes little.

A value holds the ids' offsets within their block: up to 4,095 of them as ascending 16-bit numbers
(little-endian), more as a bitmap of 8,192 bytes, the lowest bit of a byte first. Its length tells
the one from the other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BLOCK: Final = 65_536
_BITMAP_BYTES: Final = BLOCK // 8
_FEW: Final = _BITMAP_BYTES // 2 - 1

Mask = NDArray[np.bool_]
"""For each id from 0 on whether it is in the set; ids past the end are not."""


def encode(offsets: Sequence[int]) -> bytes:
    """The value of these offsets, which ascend."""
    if len(offsets) <= _FEW:
        return np.array(offsets, dtype="<u2").tobytes()
    bits = np.zeros(BLOCK, dtype=np.bool_)
    bits[offsets] = True
    return np.packbits(bits, bitorder="little").tobytes()


def with_offset(value: bytes, offset: int) -> bytes:
    """The value with one more offset."""
    if len(value) == _BITMAP_BYTES:
        bitmap = bytearray(value)
        bitmap[offset >> 3] |= 1 << (offset & 7)
        return bytes(bitmap)
    offsets = np.frombuffer(value, dtype="<u2").tolist()
    place = bisect_left(offsets, offset)
    if place < len(offsets) and offsets[place] == offset:
        return value
    return encode([*offsets[:place], offset, *offsets[place:]])


def without_offsets(value: bytes, offsets: Collection[int]) -> bytes:
    """The value without these offsets; empty where nothing is left."""
    if len(value) == _BITMAP_BYTES:
        bitmap = bytearray(value)
        for offset in offsets:
            bitmap[offset >> 3] &= ~(1 << (offset & 7))
        return bytes(bitmap) if any(bitmap) else b""
    gone = set(offsets)
    return encode([each for each in np.frombuffer(value, dtype="<u2").tolist() if each not in gone])


def read_mask(rows: Iterable[Sequence[Any]]) -> Mask:
    """The union of sets, each row a block's number and a value.

    Raises:
        ValueError: a value is damaged.
    """
    few: defaultdict[int, list[bytes]] = defaultdict(list)
    bitmaps: list[tuple[int, bytes]] = []
    for block, value in rows:
        if len(value) == _BITMAP_BYTES:
            bitmaps.append((block, value))
        elif len(value) > 2 * _FEW or len(value) % 2:
            raise ValueError(f"a set of {len(value)} bytes")
        else:
            few[block].append(value)
    blocks = max([*few, *(block for block, _ in bitmaps)], default=-1) + 1
    mask = np.zeros((blocks, BLOCK), dtype=np.bool_)
    for block, value in bitmaps:
        bits = np.unpackbits(np.frombuffer(value, dtype=np.uint8), bitorder="little")
        mask[block] |= bits.view(np.bool_)
    for block, values in few.items():
        mask[block][np.frombuffer(b"".join(values), dtype="<u2")] = True
    return mask.reshape(-1)


def among(ids: Iterable[int], size: int) -> Mask:
    """The set of those of these ids that are less than ``size``."""
    mask = np.zeros(size, dtype=np.bool_)
    mask[[each for each in ids if 0 <= each < size]] = True
    return mask


def intersection(masks: Sequence[Mask]) -> Mask:
    """The ids that are in all of the sets, of which there is at least one."""
    size = min(map(len, masks))
    common: Mask = np.logical_and.reduce([mask[:size] for mask in masks])
    return common


def difference(mask: Mask, other: Mask) -> Mask:
    """The ids that are in the one and not in the other."""
    left = mask.copy()
    size = min(len(mask), len(other))
    left[:size] &= ~other[:size]
    return left
