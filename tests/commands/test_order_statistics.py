"""Distributions, percentiles and running medians."""

from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.commands.order_statistics import distribution, percentiles, running_median

values = st.lists(st.integers(0, 50).map(float), min_size=1, max_size=40)


def test_the_quartiles_of_five_values_are_the_second_the_third_and_the_fourth() -> None:
    found = distribution(np.array([50.0, 10, 40, 20, 30]))
    numbers = (found.least, found.lower, found.median, found.upper, found.most)
    assert (found.count, numbers) == (5, (10, 20, 30, 40, 50))


def test_a_quartile_between_two_values_is_in_proportion() -> None:
    found = distribution(np.array([1.0, 2, 3, 4]))
    assert (found.lower, found.median, found.upper) == (1.75, 2.5, 3.25)


@given(values)
def test_the_five_numbers_ascend_and_the_median_is_the_median(given: list[float]) -> None:
    found = distribution(np.array(given))
    numbers = [found.least, found.lower, found.median, found.upper, found.most]
    assert numbers == sorted(numbers)
    assert (found.least, found.most) == (min(given), max(given))
    assert found.median == pytest.approx(median(given))


def test_the_best_has_100_the_worst_0_and_a_single_one_none() -> None:
    assert percentiles(np.array([30.0, 10, 20])) == [100, 0, 50]
    assert percentiles(np.array([7.0])) == [None]
    assert percentiles(np.array([])) == []


def test_equal_values_share_their_place() -> None:
    assert percentiles(np.array([5.0, 5, 5])) == [50, 50, 50]
    assert percentiles(np.array([1.0, 2, 2])) == [0, 75, 75]


@given(st.lists(st.integers(0, 50).map(float), min_size=2, max_size=40))
def test_a_percentile_is_the_share_of_the_others_below_with_half_of_the_equal(
    given: list[float],
) -> None:
    for place, found in enumerate(percentiles(np.array(given))):
        others = given[:place] + given[place + 1 :]
        below = sum(other < given[place] for other in others)
        equal = sum(other == given[place] for other in others)
        assert found == pytest.approx(100 * (below + equal / 2) / len(others))


@given(values, st.integers(1, 12))
def test_a_running_median_is_that_of_the_last_values(given: list[float], width: int) -> None:
    expected = [median(given[max(0, end - width) : end]) for end in range(1, len(given) + 1)]
    assert running_median(np.array(given), width) == pytest.approx(expected)
