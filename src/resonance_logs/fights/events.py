"""All events of a fight, a kind at a time: the data of journal, tally and archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from resonance_logs.fights.arrays import Int64Array
from resonance_logs.fights.kinds import KINDS
from resonance_logs.fights.kinds.damage import DamageEvents
from resonance_logs.fights.kinds.heal import HealEvents
from resonance_logs.fights.kinds.kind import EventColumns

_Columns = TypeVar("_Columns", bound=EventColumns)

_ALWAYS_KNOWN: Final = tuple(kind for kind in KINDS.values() if kind.IS_ALWAYS_KNOWN)


class Events:
    """All events of a fight, or of one batch of it, as columns of each kind.

    A kind of which nothing is known is absent: the events are from a payload written before that
    kind existed. This is not the same as no events; ``of`` returns None for the one, and empty
    columns for the other. Damage and heals are always known, and empty unless given: ``Events()``
    knows nothing of other kinds, ``Events.empty()`` knows that there were none.
    """

    __slots__ = ("_columns",)

    def __init__(self, *columns: EventColumns) -> None:
        self._columns = {type(each): each for each in columns}
        for kind in _ALWAYS_KNOWN:
            if kind not in self._columns:
                self._columns[kind] = kind.empty()

    def __len__(self) -> int:
        return sum(map(len, self._columns.values()))

    @property
    def damage(self) -> DamageEvents:
        """The hits."""
        return cast(DamageEvents, self._columns[DamageEvents])

    @property
    def heals(self) -> HealEvents:
        """The heals."""
        return cast(HealEvents, self._columns[HealEvents])

    @property
    def kinds(self) -> tuple[EventColumns, ...]:
        """The events of every known kind."""
        return tuple(self._columns.values())

    def of(self, kind: type[_Columns]) -> _Columns | None:
        """The events of this kind; None if it is not known whether there were any."""
        found = self._columns.get(kind)
        return found if isinstance(found, kind) else None

    @classmethod
    def empty(cls) -> Self:
        """No events, known of every kind."""
        return cls(*(kind.empty() for kind in KINDS.values()))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All parts joined, in order within each kind.

        Where a part does not know a kind, the whole has the events of the other parts; if they have
        none, the whole does not know the kind either.
        """
        joined: list[EventColumns] = []
        for kind in KINDS.values():
            known = [found for part in parts if (found := part._columns.get(kind)) is not None]
            together = kind.concatenate(known)
            if len(together) or len(known) == len(parts):
                joined.append(together)
        return cls(*joined)

    def between(self, from_ms: int | None, to_ms: int | None) -> Self:
        """The events from ``from_ms`` (inclusive) to ``to_ms`` (exclusive), epoch ms; None: no
        bound.
        """
        if from_ms is None and to_ms is None:
            return self
        return self._map(lambda each: each.select(_within(each.timestamp_ms, from_ms, to_ms)))

    def latest(self, most: int) -> Self:
        """The last events of each kind, at most ``most`` of each."""
        return self._map(
            lambda each: each.select(slice(len(each) - most, None)) if len(each) > most else each
        )

    def with_short_names(self) -> Self:
        """The events with names that are not too long."""
        return self._map(
            lambda each: each.with_short_names() if isinstance(each, DamageEvents) else each
        )

    def _map(self, change: Callable[[EventColumns], EventColumns]) -> Self:
        return type(self)(*(change(each) if len(each) else each for each in self.kinds))


def _within(times: Int64Array, from_ms: int | None, to_ms: int | None) -> NDArray[np.bool_]:
    mask = np.ones(len(times), dtype=np.bool_)
    if from_ms is not None:
        mask &= times >= from_ms
    if to_ms is not None:
        mask &= times < to_ms
    return mask
