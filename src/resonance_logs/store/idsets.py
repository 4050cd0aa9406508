"""Sets of fight ids as compressed bitmaps, stored in blocks of ids.

A stored value is a Roaring bitmap in its portable format. It holds the ids of one block that are in
the set, as offsets within the block. A new fight changes only values of its own block, so it writes
little. In memory a set is one 64-bit bitmap, whose size does not depend on how large the ids are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Any, Final

from pyroaring import BitMap, BitMap64

BLOCK: Final = 65_536
"""How many ids a block has: the block and the offset of an id are ``divmod(id, BLOCK)``."""

BLOCKS: Final = 2**63 // BLOCK

_PART: Final = Struct("<QI")
"""The portable format of a 64-bit bitmap with one part: 1, the upper 32 bits of its ids, and then
the 32-bit bitmap of their lower 32 bits."""


def encode(offsets: BitMap) -> bytes:
    """Return the value to store for these offsets."""
    offsets.run_optimize()
    return offsets.serialize()


def decode(values: Iterable[bytes]) -> BitMap:
    """Return the offsets that are in any of the stored values of a block.

    Raises:
        ValueError: a value is damaged.
    """
    try:
        offsets = BitMap().union(*map(BitMap.deserialize, values))
    except IndexError as error:
        raise ValueError("a set of no bytes") from error
    if offsets and offsets.max() >= BLOCK:
        raise ValueError(f"an offset of {offsets.max():,} in a block of {BLOCK:,}")
    return offsets


def union(rows: Iterable[Sequence[Any]]) -> BitMap64:
    """Return the ids in any of the stored sets; each row is a block's number and a value.

    Raises:
        ValueError: a row is damaged.
    """
    blocks: defaultdict[int, list[bytes]] = defaultdict(list)
    for block, value in rows:
        blocks[block].append(value)
    ids = BitMap64()
    for block, values in blocks.items():
        ids |= _widen(block, decode(values))
    return ids


def _widen(block: int, offsets: BitMap) -> BitMap64:
    """Return the ids that these offsets in a block stand for."""
    if not 0 <= block < BLOCKS:
        raise ValueError(f"a block with the number {block}")
    upper, lower = divmod(block * BLOCK, 2**32)
    return BitMap64.deserialize(_PART.pack(1, upper) + offsets.shift(lower).serialize())
