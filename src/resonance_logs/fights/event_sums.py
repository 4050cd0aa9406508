"""The events of a fight summed by attacker, target, skill and kind of hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from resonance_logs.fights.events import (
    CRIT,
    LUCKY,
    DamageEvents,
    Events,
    FlagArray,
    HealEvents,
    Int64Array,
)
from resonance_logs.fights.grouping import group_amounts, group_sums


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
    def from_damage(cls, damage: DamageEvents) -> Self:
        """Group hits."""
        keys, sums, count = group_amounts(
            (damage.attacker_id, damage.defender_id, damage.skill_id, damage.flags),
            (damage.value, damage.hp_loss, damage.shield_loss),
        )
        return cls(keys[:, :3], keys[:, 3].astype(np.uint8), sums[:, 0], count, sums[:, 1:])

    @classmethod
    def from_heals(cls, heals: HealEvents) -> Self:
        """Group heals."""
        keys, sums, count = group_amounts(
            (heals.healer_id, heals.target_id, heals.skill_id, heals.flags), (heals.value,)
        )
        return cls(keys[:, :3], keys[:, 3].astype(np.uint8), sums[:, 0], count, sums[:, 1:])

    def skill_rows(self) -> list[tuple[int, ...]]:
        """Rows of the three keys, the six sums and the losses, sorted by key."""
        columns = [*six_columns(self.value, self.flags, self.count), *self.losses.T]
        keys, sums = group_sums(list(self.keys.T), columns)
        return [(*key, *row) for key, row in zip(keys.tolist(), sums.tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class FightEventSums:
    """The grouped sums of a fight's damage and heals."""

    damage: EventSums
    heals: EventSums

    @classmethod
    def from_events(cls, events: Events) -> Self:
        """Group these events."""
        return cls(EventSums.from_damage(events.damage), EventSums.from_heals(events.heals))


def six_columns(value: Int64Array, flags: FlagArray, count: Int64Array) -> list[Int64Array]:
    """The six sums for groups of ``count`` events with the same flags.

    Total, hits, crit hits, lucky hits, crit total, lucky total.
    """
    crit = (flags & CRIT) != 0
    lucky = (flags & LUCKY) != 0
    return [value, count, count * crit, count * lucky, value * crit, value * lucky]
