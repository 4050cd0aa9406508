"""Order statistics: distributions, percentiles, running medians."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from resonance_logs.commands.models import Shape


class Distribution(Shape):
    """The distribution of ``count`` values: minimum, quartiles, maximum."""

    count: int
    least: float
    lower: float
    median: float
    upper: float
    most: float


Float64Array = NDArray[np.float64]


def distribution(values: Float64Array) -> Distribution:
    """The five numbers of a box plot, for at least one value.

    Quartiles are interpolated between values (Hyndman and Fan, 1996, definition 7).
    """
    least, lower, median, upper, most = np.percentile(values, (0, 25, 50, 75, 100)).tolist()
    return Distribution(
        count=len(values), least=least, lower=lower, median=median, upper=upper, most=most
    )


def percentiles(values: Float64Array) -> list[float | None]:
    """For each value the percentage of the others that it exceeds, ties counting half.

    The best has 100, the worst 0; a single value has none.
    """
    others = len(values) - 1
    if others < 1:
        return [None] * len(values)
    ranked = np.sort(values)
    less = np.searchsorted(ranked, values, side="left")
    equal = np.searchsorted(ranked, values, side="right") - less - 1
    found: list[Any] = (100 * (less + equal / 2) / others).tolist()
    return found


def running_median(values: Float64Array, width: int) -> list[float]:
    """For each value the median of it and of up to ``width - 1`` values before it."""
    return [
        float(np.median(values[max(0, place + 1 - width) : place + 1]))
        for place in range(len(values))
    ]
