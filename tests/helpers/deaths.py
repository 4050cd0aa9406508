"""A third kind of event, defined as a kind is to be: a task and a module."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Self

import msgspec
import numpy as np

from resonance_logs.fights.arrays import Int64Array
from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.kinds.archive_section import SectionReader, SectionWriter
from resonance_logs.fights.kinds.gathering import Numbers, Ranges
from resonance_logs.fights.kinds.kind import EventColumns
from resonance_logs.fights.kinds.values import (
    INTEGER,
    INTEGER_OR_NULL,
    SKILL,
    UNKNOWN_SKILL,
    Limits,
)

NUMBER = 3


class InsertDeath(msgspec.Struct, frozen=True, gc=False, tag="insert_death"):
    timestamp_ms: int
    actor_id: int
    killer_id: int | None = None
    skill_id: int | None = None


class DeathColumn(IntEnum):
    TIMESTAMP_MS = 0
    ACTOR_ID = 1
    KILLER_ID = 2
    SKILL_ID = 3


COLUMNS: Mapping[int, Limits] = {
    DeathColumn.TIMESTAMP_MS: INTEGER,
    DeathColumn.ACTOR_ID: INTEGER,
    DeathColumn.KILLER_ID: INTEGER_OR_NULL,
    DeathColumn.SKILL_ID: SKILL,
}


@dataclass(frozen=True, slots=True)
class DeathEvents(EventColumns):
    """Version 1 of the section has the skill, version 0 has not."""

    TASK: ClassVar[type] = InsertDeath
    COLUMNS: ClassVar[Mapping[int, Limits]] = COLUMNS
    ACTORS: ClassVar[tuple[int, ...]] = (DeathColumn.ACTOR_ID, DeathColumn.KILLER_ID)

    @classmethod
    def gatherer(cls) -> "DeathGatherer":
        return DeathGatherer(cls)

    def write(self, section: SectionWriter) -> None:
        section.key(self._row(DeathColumn.ACTOR_ID))
        section.key(self._row(DeathColumn.KILLER_ID))
        section.column(self._row(DeathColumn.SKILL_ID), table=True)

    @classmethod
    def readers(cls) -> Sequence[Callable[[SectionReader, Int64Array], Self]]:
        return (cls._read_v0, cls._read_v1)

    @classmethod
    def _read_v0(cls, section: SectionReader, numbers: Int64Array) -> Self:
        section.key(numbers[DeathColumn.ACTOR_ID], INTEGER)
        section.key(numbers[DeathColumn.KILLER_ID], INTEGER_OR_NULL)
        numbers[DeathColumn.SKILL_ID] = UNKNOWN_SKILL
        return cls(numbers, np.zeros(section.count, dtype=np.uint8))

    @classmethod
    def _read_v1(cls, section: SectionReader, numbers: Int64Array) -> Self:
        found = cls._read_v0(section, numbers)
        section.column(numbers[DeathColumn.SKILL_ID], SKILL)
        return found


@dataclass(frozen=True, slots=True)
class OlderDeathEvents(DeathEvents):
    """The kind as it was before version 1."""

    def write(self, section: SectionWriter) -> None:
        section.key(self._row(DeathColumn.ACTOR_ID))
        section.key(self._row(DeathColumn.KILLER_ID))

    @classmethod
    def readers(cls) -> Sequence[Callable[[SectionReader, Int64Array], Self]]:
        return (cls._read_v0,)


class DeathGatherer:
    def __init__(self, kind: type[DeathEvents]) -> None:
        self._kind = kind
        self._numbers = Numbers(Ranges(COLUMNS))

    def add(self, tasks: list[InsertDeath]) -> None:
        self._numbers.add(
            [task.timestamp_ms for task in tasks],
            [task.actor_id for task in tasks],
            [task.killer_id for task in tasks],
            [task.skill_id for task in tasks],
        )

    def columns(self) -> DeathEvents:
        numbers = self._numbers.checked()
        return self._kind(numbers, np.zeros(numbers.shape[1], dtype=np.uint8))


def collect(*tasks: Any) -> Events:
    """The events of any tasks, also of those that the program does not know."""
    return collect_events(tasks)


def deaths_of(events: Events) -> list[list[int]] | None:
    """Each death as its numbers; None if it is not known whether anybody died."""
    found = events.of(DeathEvents)
    return None if found is None else found.numbers.T.tolist()
