"""Sets of fights: exact whatever their size and their ids, small, and safe to read."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from resonance_logs.store.idsets import BLOCK, decode, encode, union

LARGEST_ID = 2**53 - 1
ids_of_sets = st.sets(
    st.integers(0, 3 * BLOCK) | st.integers(2**32 - BLOCK, 2**32 + BLOCK) | st.just(LARGEST_ID),
    max_size=50,
)


def stored(ids: Iterable[int]) -> list[tuple[int, bytes]]:
    """The rows of one set."""
    blocks: dict[int, BitMap] = {}
    for each in ids:
        blocks.setdefault(each // BLOCK, BitMap()).add(each % BLOCK)
    return [(block, encode(offsets)) for block, offsets in blocks.items()]


@given(st.lists(ids_of_sets, max_size=4))
def test_stored_sets_are_united(sets: list[set[int]]) -> None:
    rows = [row for ids in sets for row in stored(ids)]
    assert list(union(rows)) == sorted(set().union(*sets))


@given(st.sets(st.integers(0, BLOCK - 1), min_size=1))
def test_offsets_are_kept(offsets: set[int]) -> None:
    assert set(decode([encode(BitMap(offsets))])) == offsets


def test_the_memory_of_a_set_does_not_depend_on_its_largest_id() -> None:
    ids = union(stored([1, 2**32, LARGEST_ID]))
    assert list(ids) == [1, 2**32, LARGEST_ID]
    assert len(ids.serialize()) < 100


def test_the_largest_id_of_64_bits_is_kept() -> None:
    assert list(union(stored([2**63 - 1]))) == [2**63 - 1]


@pytest.mark.parametrize(
    ("offsets", "at_most"),
    [
        pytest.param([7], 18, id="one"),
        pytest.param(range(0, 8_000, 2), 8_016, id="some"),
        pytest.param(range(0, BLOCK, 2), 8_208, id="half"),
        pytest.param(range(BLOCK), 32, id="all"),
    ],
)
def test_a_stored_set_is_small(offsets: Iterable[int], at_most: int) -> None:
    assert len(encode(BitMap(offsets))) <= at_most


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"x", id="no bitmap"),
        pytest.param(encode(BitMap([1, 2, 3]))[:-1], id="interrupted"),
        pytest.param(encode(BitMap(range(0, BLOCK, 2)))[:-1], id="cut off, many"),
        pytest.param(b"\x01\x00", id="offsets of an older version"),
        pytest.param(bytes(8_192), id="a bitmap of an older version"),
        pytest.param(BitMap([2, 1 << 20]).serialize(), id="outside the block"),
        pytest.param(encode(BitMap([1, 2]))[:-4] + b"\x02\x00\x01\x00", id="not ascending"),
    ],
)
def test_a_damaged_value_is_an_error(damaged: bytes) -> None:
    with pytest.raises(ValueError):
        union([(0, encode(BitMap([5]))), (0, damaged)])


@pytest.mark.parametrize("block", [-1, 2**47, 2**62])
def test_a_block_that_no_id_has_is_an_error(block: int) -> None:
    with pytest.raises(ValueError, match="a block with the number"):
        union([(block, encode(BitMap([5])))])


@given(
    st.sets(st.integers(0, BLOCK - 1), min_size=1, max_size=20)
    | st.builds(range, st.just(0), st.integers(1, BLOCK), st.integers(1, 9)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
    st.floats(0, 1),
)
def test_changed_bytes_are_an_error_or_a_set_of_the_block(
    offsets: Iterable[int], changes: list[tuple[float, int]], kept: float
) -> None:
    value = bytearray(encode(BitMap(offsets)))
    for place, byte in changes:
        value[int(place * len(value))] = byte
    try:
        found = union([(1, bytes(value[: round(kept * len(value))]))])
    except ValueError:
        return
    assert all(BLOCK <= each < 2 * BLOCK for each in found)
    assert list(union(stored(found))) == list(found)
