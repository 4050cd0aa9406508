"""Events that have an amount, summed by two actors, skill and kind of hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from resonance_logs.fights.arrays import FlagArray, Int64Array
from resonance_logs.fights.grouping import group_amounts, group_sums
from resonance_logs.fights.kinds.values import CRIT, LUCKY


@dataclass(frozen=True, slots=True)
class EventSums:
    """Columns of equal length; all other sums of a fight are computed from these far fewer rows.

    ``keys`` has shape (cells, 3): attacker or healer, defender or target, skill. ``losses`` has
    shape (cells, 2) for damage, hp and shield, and (cells, 0) for heals.
    """

    keys: Int64Array
    flags: FlagArray
    value: Int64Array
    count: Int64Array
    losses: Int64Array

    @classmethod
    def group(
        cls, keys: Sequence[Int64Array], flags: FlagArray, amounts: Sequence[Int64Array]
    ) -> Self:
        """Group events by three keys and their flags; ``amounts`` are the value and the losses."""
        groups, sums, count = group_amounts((*keys, flags), amounts)
        return cls(groups[:, :3], groups[:, 3].astype(np.uint8), sums[:, 0], count, sums[:, 1:])

    def skill_rows(self) -> list[tuple[int, ...]]:
        """Rows of the three keys, the six sums and the losses, sorted by key."""
        columns = [*six_columns(self.value, self.flags, self.count), *self.losses.T]
        keys, sums = group_sums(list(self.keys.T), columns)
        return [(*key, *row) for key, row in zip(keys.tolist(), sums.tolist(), strict=True)]


def six_columns(value: Int64Array, flags: FlagArray, count: Int64Array) -> list[Int64Array]:
    """The six sums for groups of ``count`` events with the same flags.

    Total, hits, crit hits, lucky hits, crit total, lucky total.
    """
    crit = (flags & CRIT) != 0
    lucky = (flags & LUCKY) != 0
    return [value, count, count * crit, count * lucky, value * crit, value * lucky]
