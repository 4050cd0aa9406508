"""Heals: one heal of a healer on a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self

import numpy as np

from resonance_logs.fights.arrays import Int64Array
from resonance_logs.fights.kinds.archive_section import SectionReader, SectionWriter
from resonance_logs.fights.kinds.gathering import Flags, Numbers, Ranges
from resonance_logs.fights.kinds.kind import EventColumns
from resonance_logs.fights.kinds.sums import EventSums
from resonance_logs.fights.kinds.values import (
    AMOUNT,
    CRIT,
    INTEGER,
    INTEGER_OR_NULL,
    LUCKY,
    SKILL,
    Limits,
)
from resonance_logs.tasks import InsertHealEvent

_FLAGS: Final = Limits(0, CRIT | LUCKY)


class HealColumn(IntEnum):
    """The rows of ``HealEvents.numbers``."""

    TIMESTAMP_MS = 0
    HEALER_ID = 1
    TARGET_ID = 2
    SKILL_ID = 3
    VALUE = 4


_COLUMNS: Final[Mapping[int, Limits]] = {
    HealColumn.TIMESTAMP_MS: INTEGER,
    HealColumn.HEALER_ID: INTEGER,
    HealColumn.TARGET_ID: INTEGER_OR_NULL,
    HealColumn.SKILL_ID: SKILL,
    HealColumn.VALUE: AMOUNT,
}

_RANGES: Final = Ranges(_COLUMNS)


@dataclass(frozen=True, slots=True)
class HealEvents(EventColumns):
    """Heals as columns.

    ``target_id`` holds UNKNOWN, ``skill_id`` UNKNOWN_SKILL for null; ``flags`` is a sum of CRIT
    and LUCKY.
    """

    TASK: ClassVar[type] = InsertHealEvent
    COLUMNS: ClassVar[Mapping[int, Limits]] = _COLUMNS
    ACTORS: ClassVar[tuple[int, ...]] = (HealColumn.HEALER_ID, HealColumn.TARGET_ID)
    IS_ALWAYS_KNOWN: ClassVar[bool] = True

    @property
    def healer_id(self) -> Int64Array:
        """Healers."""
        return self._row(HealColumn.HEALER_ID)

    @property
    def target_id(self) -> Int64Array:
        """Targets."""
        return self._row(HealColumn.TARGET_ID)

    @property
    def skill_id(self) -> Int64Array:
        """Skills."""
        return self._row(HealColumn.SKILL_ID)

    @property
    def value(self) -> Int64Array:
        """Amounts."""
        return self._row(HealColumn.VALUE)

    def sums(self) -> EventSums:
        """The heals summed by healer, target, skill and flags."""
        keys = (self.healer_id, self.target_id, self.skill_id)
        return EventSums.group(keys, self.flags, (self.value,))

    @classmethod
    def gatherer(cls) -> HealGatherer:
        """A new gatherer of heals."""
        return HealGatherer()

    def write(self, section: SectionWriter) -> None:
        """Write all columns but the times."""
        section.key(self.target_id)
        section.key(self.healer_id)
        section.key(self.skill_id)
        section.key(self.flags.astype(np.int64))
        section.column(self.value)

    @classmethod
    def readers(cls) -> Sequence[Callable[[SectionReader, Int64Array], Self]]:
        """What reads each version of the section."""
        return (cls._read_v0,)

    @classmethod
    def _read_v0(cls, section: SectionReader, numbers: Int64Array) -> Self:
        flags = np.empty(section.count, dtype=np.uint8)
        section.key(numbers[HealColumn.TARGET_ID], INTEGER_OR_NULL)
        section.key(numbers[HealColumn.HEALER_ID], INTEGER)
        section.key(numbers[HealColumn.SKILL_ID], SKILL)
        section.key(flags, _FLAGS)
        section.column(numbers[HealColumn.VALUE], AMOUNT)
        return cls(numbers, flags)


class HealGatherer:
    """Gathers heals, part by part."""

    def __init__(self) -> None:
        self._numbers = Numbers(_RANGES)
        self._flags = Flags(2)

    def add(self, tasks: list[InsertHealEvent]) -> None:
        """Add heals."""
        self._numbers.add(
            [task.timestamp_ms for task in tasks],
            [task.healer_id for task in tasks],
            [task.target_id for task in tasks],
            [task.skill_id for task in tasks],
            [task.value for task in tasks],
        )
        self._flags.add([task.is_crit for task in tasks], [task.is_lucky for task in tasks])

    def columns(self) -> HealEvents:
        """All heals added, as columns."""
        return HealEvents(self._numbers.checked(), self._flags.packed())
