"""Events with no open fight, held for the fight that may come and take them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final, Self

from resonance_logs.events import Events
from resonance_logs.statistics import last_time_ms

_logger = logging.getLogger(__name__)

HOLD_MS: Final = 2_000
"""A stray is held while it is no older than this beside the newest one (spec: Strays)."""

MOST_HELD: Final = 50_000
"""More of a kind are not held, so that a recorder that never begins a fight fills no memory."""


@dataclass(frozen=True, slots=True)
class Strays:
    """The events held, and how many were let go since the program started."""

    held: Events = field(default_factory=Events.empty)
    dropped: int = 0

    def plus(self, events: Events) -> Self:
        """Hold these too, and let go of what has become too old beside the newest."""
        together = Events.concatenate([self.held, events])
        newest = last_time_ms(together)
        kept = together if newest is None else together.between(newest - HOLD_MS, None)
        kept = Events(
            kept.damage.select(slice(-MOST_HELD, None)), kept.heals.select(slice(-MOST_HELD, None))
        )
        return type(self)(kept, self.dropped + len(together) - len(kept))

    def taken_from(self, started_at_ms: int) -> tuple[Events, Self]:
        """What a fight that begins then takes, and what is left: nothing."""
        taken = self.held.between(started_at_ms, None)
        return taken, type(self)(dropped=self.dropped + len(self.held) - len(taken))

    def let_go(self) -> Self:
        """Hold nothing any more: no fight will come."""
        if len(self.held):
            _logger.warning("%d events came with no fight open, and none came", len(self.held))
        return type(self)(dropped=self.dropped + len(self.held))
