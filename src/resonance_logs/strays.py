"""Events with no open fight, held for the fight that may come and take them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from resonance_logs.events import Events
from resonance_logs.statistics import last_time_ms

HOLD_MS: Final = 2_000
"""A stray is held while it is no older than this beside the newest one (spec: Strays)."""

MOST_HELD: Final = 100_000
"""More than this are not held, so that a recorder that never begins a fight fills no memory."""


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
        if len(kept) > MOST_HELD:
            kept = _last(kept, MOST_HELD)
        return type(self)(kept, self.dropped + len(together) - len(kept))

    def taken_from(self, started_at_ms: int) -> tuple[Events, Self]:
        """What a fight that begins then takes, and what is left: nothing."""
        taken = self.held.between(started_at_ms, None)
        return taken, type(self)(dropped=self.dropped + len(self.held) - len(taken))


def _last(events: Events, most: int) -> Events:
    return Events(
        events.damage.select(slice(-most // 2, None)), events.heals.select(slice(-most // 2, None))
    )
