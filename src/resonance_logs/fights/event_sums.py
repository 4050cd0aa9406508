"""The events of a fight summed by attacker, target, skill and kind of hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from resonance_logs.fights.events import Events
from resonance_logs.fights.kinds.sums import EventSums


@dataclass(frozen=True, slots=True)
class FightEventSums:
    """The grouped sums of a fight's damage and heals."""

    damage: EventSums
    heals: EventSums

    @classmethod
    def from_events(cls, events: Events) -> Self:
        """Group these events."""
        return cls(events.damage.sums(), events.heals.sums())
