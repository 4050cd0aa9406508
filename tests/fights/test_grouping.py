"""Both methods of grouping give the exact sums that a dictionary gives."""

from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resonance_logs.fights.arrays import Int64Array
from resonance_logs.fights.grouping import group_amounts, group_sums
from resonance_logs.fights.kinds.values import UNKNOWN

far_apart = st.sampled_from([UNKNOWN, -1, 0, 7, 36_500_001, 36_500_002, 2**53 - 1])
near = st.integers(-3, 3)
rows = st.lists(
    st.tuples(far_apart | near, near, st.integers(0, 10**12), st.integers(0, 5)),
    min_size=1,
    max_size=60,
)


@given(rows)
def test_sums_are_those_of_a_dictionary(rows: list[tuple[int, int, int, int]]) -> None:
    expected: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for one, other, value, small in rows:
        group = expected[one, other]
        group[0] += value
        group[1] += small
        group[2] += 1
    ones, others, values, smalls = (np.array(column) for column in zip(*rows, strict=True))
    keys, sums, count = group_amounts([ones, others], [values, smalls])
    assert [tuple(key) for key in keys.tolist()] == sorted(expected)
    found = np.column_stack([sums, count]).tolist()
    assert found == [expected[key] for key in sorted(expected)]
    same_keys, same_sums = group_sums([ones, others], [values, smalls])
    assert same_keys.tolist() == keys.tolist()
    assert same_sums.tolist() == sums.tolist()


@pytest.mark.parametrize("group", [group_sums, group_amounts])
def test_no_rows_make_no_groups(group: Callable[..., tuple[Int64Array, ...]]) -> None:
    none = np.zeros(0, dtype=np.int64)
    keys, sums, *counts = group([none, none], [none])
    assert keys.shape == (0, 2)
    assert sums.shape == (0, 1)
    assert all(len(each) == 0 for each in counts)


def test_the_largest_sums_are_exact_whole_numbers() -> None:
    keys, sums = group_sums([np.array([1, 1, 2])], [np.array([2**53 - 1, 2**53 - 1, 3])])
    assert keys.tolist() == [[1], [2]]
    assert sums.tolist() == [[2**54 - 2], [3]]
    value = np.full(100_001, 10**12 - 1)
    keys, sums, count = group_amounts([np.zeros(100_001, dtype=np.int64)], [value])
    assert sums.tolist() == [[100_001 * (10**12 - 1)]]
    assert count.tolist() == [100_001]


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 5_000), st.integers(0, 2**31))
def test_keys_that_a_sample_misses_are_found(distinct: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    ids = random.choice(2**52, distinct, replace=False)
    key = ids[np.minimum(random.geometric(0.01, 20_000), distinct) - 1]
    keys, _, count = group_amounts([key], [key])
    expected, counts = np.unique(key, return_counts=True)
    assert keys[:, 0].tolist() == expected.tolist()
    assert count.tolist() == counts.tolist()
