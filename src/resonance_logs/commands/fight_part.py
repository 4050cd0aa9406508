"""A part of a fight: which of its events belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Row

from resonance_logs.errors import InvalidArgument
from resonance_logs.fights.events import Events


@dataclass(frozen=True, slots=True)
class Part:
    """A fight from ``from_ms`` to ``to_ms`` after its start.

    A part includes the first of its milliseconds and excludes the last, except that

    - a part that begins at 0 includes the events from before the fight's start, and
    - a part that reaches the fight's end includes the events at that end and after it,

    because the whole fight includes them. So adjacent parts always add up to the whole, wherever
    the fight is cut. A part whose bounds are equal, or that begins at the end, is empty.

    A fight still open has no end yet: only a part without ``to_ms`` includes all so far.
    """

    from_ms: int
    to_ms: int
    is_empty: bool
    excluded_from_ms: int | None
    """Events from here on (after the fight's start) do not belong to the part; None: all do."""

    @classmethod
    def of(cls, encounter: Row[Any], from_ms: int | None, to_ms: int | None) -> Self:
        """The part between these bounds; None stands for the fight's start or end.

        Raises:
            InvalidArgument: the range ends before it begins.
        """
        start, duration = from_ms or 0, encounter.duration_ms
        if to_ms is not None and to_ms < start:
            raise InvalidArgument("toMs", "must not be less than fromMs")
        has_ended = encounter.ended_at_ms is not None
        reaches_end = to_ms is None or (has_ended and to_ms >= duration)
        begins_at_end = has_ended and 0 < start >= duration
        return cls(
            from_ms=start,
            to_ms=max(start, duration if to_ms is None else min(to_ms, duration)),
            is_empty=start == to_ms or begins_at_end,
            excluded_from_ms=None if reaches_end else to_ms,
        )

    @property
    def is_whole(self) -> bool:
        """Whether every event of the fight belongs to the part."""
        return self.from_ms == 0 and self.excluded_from_ms is None and not self.is_empty

    def select(self, events: Events, started_at_ms: int) -> Events:
        """Those of the fight's events that belong to the part."""
        if self.is_empty:
            return Events.empty()
        end = self.excluded_from_ms
        return events.between(
            None if self.from_ms == 0 else started_at_ms + self.from_ms,
            None if end is None else started_at_ms + end,
        )
