"""Sets of fights: exact whatever their size, and small."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resonance_logs.store.idsets import (
    BLOCK,
    difference,
    encode,
    intersection,
    read_mask,
    with_offset,
    without_offsets,
)

offsets = st.sets(st.integers(0, BLOCK - 1), max_size=50)
some_ids = st.sets(st.integers(0, 3 * BLOCK), max_size=50)


def members(value: bytes, block: int = 0) -> list[int]:
    return np.flatnonzero(read_mask([(block, value)])).tolist()


def mask(ids: set[int]) -> np.ndarray:
    """A mask no longer than needed."""
    found = np.zeros(max(ids, default=-1) + 1, dtype=np.bool_)
    found[list(ids)] = True
    return found


@given(offsets, offsets)
def test_offsets_are_added_and_taken_away(first: set[int], second: set[int]) -> None:
    value = b""
    for each in first:
        value = with_offset(value, each)
    assert value == encode(sorted(first))
    assert members(value) == sorted(first)
    assert members(without_offsets(value, second)) == sorted(first - second)


@settings(max_examples=20, deadline=None)
@given(st.integers(4_088, 4_103), st.integers(0, 2_000), offsets)
def test_many_offsets_become_a_bitmap_and_stay_exact(
    count: int, start: int, others: set[int]
) -> None:
    few = set(range(start, start + count))
    value = encode(sorted(few))
    assert len(value) == (2 * count if count <= 4_095 else 8_192)
    for each in others:
        value = with_offset(value, each)
    assert members(value) == sorted(few | others)
    assert members(without_offsets(value, others)) == sorted(few - others)
    assert without_offsets(value, few | others) == b""


def test_a_block_that_is_full_takes_a_bit_for_each_fight() -> None:
    value = b""
    for each in range(BLOCK):
        value = with_offset(value, each)
    assert len(value) == BLOCK // 8
    assert members(value) == list(range(BLOCK))


@given(st.lists(some_ids, min_size=1, max_size=4), some_ids)
def test_sets_are_united_intersected_and_subtracted(sets: list[set[int]], gone: set[int]) -> None:
    rows = [
        (block, encode(sorted(each % BLOCK for each in ids if each // BLOCK == block)))
        for ids in sets
        for block in {each // BLOCK for each in ids}
    ]
    assert np.flatnonzero(read_mask(rows)).tolist() == sorted(set.union(*sets))
    masks = [mask(each) for each in sets]
    assert np.flatnonzero(intersection(masks)).tolist() == sorted(set.intersection(*sets))
    left = difference(masks[0], mask(gone))
    assert np.flatnonzero(left).tolist() == sorted(sets[0] - gone)


def test_no_sets_have_no_members() -> None:
    assert len(read_mask([])) == 0


@pytest.mark.parametrize("damaged", [b"x", b"xxx", b"x" * 8_191, b"x" * 8_193])
def test_a_damaged_value_is_told(damaged: bytes) -> None:
    with pytest.raises(ValueError):
        read_mask([(0, damaged)])
