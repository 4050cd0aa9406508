"""The cells of a fight: events summed by who, on whom, with which skill, and how they struck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from resonance_logs.events import (
    CRIT,
    LUCKY,
    DamageEvents,
    Events,
    FlagArray,
    HealEvents,
    Int64Array,
)
from resonance_logs.grouping import group_amounts, group_sums


@dataclass(frozen=True, slots=True)
class Cells:
    """Columns of one length; all other sums of a fight are added up from these, far fewer, rows.

    ``keys`` has shape (cells, 3): attacker or healer, defender or target, skill. ``losses`` has
    shape (cells, 2) for damage, hp and shield, and (cells, 0) for heals.
    """

    keys: Int64Array
    flags: FlagArray
    value: Int64Array
    count: Int64Array
    losses: Int64Array

    @classmethod
    def of_damage(cls, damage: DamageEvents) -> Self:
        """The cells of hits."""
        keys, sums, count = group_amounts(
            (damage.attacker_id, damage.defender_id, damage.skill_id, damage.flags),
            (damage.value, damage.hp_loss, damage.shield_loss),
        )
        return cls(keys[:, :3], keys[:, 3].astype(np.uint8), sums[:, 0], count, sums[:, 1:])

    @classmethod
    def of_heals(cls, heals: HealEvents) -> Self:
        """The cells of heals."""
        keys, sums, count = group_amounts(
            (heals.healer_id, heals.target_id, heals.skill_id, heals.flags), (heals.value,)
        )
        return cls(keys[:, :3], keys[:, 3].astype(np.uint8), sums[:, 0], count, sums[:, 1:])

    def skill_rows(self) -> list[tuple[int, ...]]:
        """Rows of the three keys, the six sums and the losses, ascending by key."""
        columns = [*six_columns(self.value, self.flags, self.count), *self.losses.T]
        keys, sums = group_sums(list(self.keys.T), columns)
        return [(*key, *row) for key, row in zip(keys.tolist(), sums.tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class FightCells:
    """The cells of a fight's damage and of its heals."""

    damage: Cells
    heals: Cells

    @classmethod
    def of(cls, events: Events) -> Self:
        """The cells of these events."""
        return cls(Cells.of_damage(events.damage), Cells.of_heals(events.heals))


def six_columns(value: Int64Array, flags: FlagArray, count: Int64Array) -> list[Int64Array]:
    """What is counted of groups of ``count`` events that struck alike.

    Total, hits, crit hits, lucky hits, crit total, lucky total.
    """
    crit = (flags & CRIT) != 0
    lucky = (flags & LUCKY) != 0
    return [value, count, count * crit, count * lucky, value * crit, value * lucky]
