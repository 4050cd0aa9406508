"""Events outside any fight, held for a fight that may begin later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from resonance_logs.fights.events import Events
from resonance_logs.fights.statistics import last_time_ms
from resonance_logs.system.repeated_messages import limited_logger

_logger = limited_logger(__name__)

HOLD_MS: Final = 2_000
"""A stray is held while it is at most this much older than the newest one (spec: Strays)."""

MAX_HELD: Final = 50_000
"""Maximum held of each kind, so that a recorder that never begins a fight does not fill memory."""


@dataclass(frozen=True, slots=True)
class Strays:
    """The held events, and how many were dropped since the program started."""

    held: Events = field(default_factory=Events.empty)
    dropped: int = 0

    def adding(self, events: Events) -> Self:
        """Hold these too, and drop what is too old compared to the newest."""
        combined = Events.concatenate([self.held, events])
        newest = last_time_ms(combined)
        kept = combined if newest is None else combined.between(newest - HOLD_MS, None)
        kept = kept.latest(MAX_HELD)
        return type(self)(kept, self.dropped + len(combined) - len(kept))

    def claim(self, started_at_ms: int) -> tuple[Events, Self]:
        """The events that a fight beginning at this time takes; the rest is dropped."""
        claimed = self.held.between(started_at_ms, None)
        return claimed, type(self)(dropped=self.dropped + len(self.held) - len(claimed))

    def discard(self) -> Self:
        """Drop everything: no fight will begin."""
        if len(self.held):
            _logger.warning(
                "%d event(s) arrived outside any fight and were dropped", len(self.held)
            )
        return type(self)(dropped=self.dropped + len(self.held))
