"""What all kinds of events have in common: their columns, and what a kind must define."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from resonance_logs.fights.arrays import FlagArray, Int64Array
from resonance_logs.fights.kinds.archive_section import SectionReader, SectionWriter
from resonance_logs.fights.kinds.values import Limits

TIMESTAMP_MS: Final = 0
"""The row of the times, in every kind."""

Which = NDArray[np.bool_] | Int64Array | slice

_nothing: Final[dict[type[EventColumns], EventColumns]] = {}


class Gatherer(Protocol):
    """Gathers the events of one kind, part by part."""

    def add(self, tasks: list[Any]) -> None:
        """Add events, all of the kind's task type.

        Raises:
            InvalidTask, TypeError, ValueError, OverflowError, AttributeError: a field is invalid.
        """

    def columns(self) -> EventColumns:
        """All events added, as columns.

        Raises:
            InvalidTask: a field is out of range.
        """


@dataclass(frozen=True, slots=True)
class EventColumns(ABC):
    """The events of one kind as columns, in the order they were enqueued.

    ``numbers`` has shape (columns, events): one array, because numpy releases the interpreter lock
    at every call, and getting it back may take 5 ms. ``flags`` has a byte per event, a sum of bits
    (CRIT, LUCKY, and those of the kind), 0 in a kind without flags.

    A subclass is a kind. Its class variables and abstract methods are all that the rest of the
    program knows of it.
    """

    TASK: ClassVar[type]
    """The task that records one event."""
    COLUMNS: ClassVar[Mapping[int, Limits]]
    """The limits of each row of ``numbers``, in order; row 0 is ``timestamp_ms``."""
    ACTORS: ClassVar[tuple[int, ...]]
    """The rows of ``numbers`` that hold actors."""
    IS_ALWAYS_KNOWN: ClassVar[bool] = False
    """Whether every payload has a section of this kind, with all columns even if it is empty.

    True for the kinds of the first version only. Any other kind may be absent from a payload, and
    is then unknown; if empty, it is stored as a section head without columns.
    """

    numbers: Int64Array
    flags: FlagArray

    @classmethod
    @abstractmethod
    def gatherer(cls) -> Gatherer:
        """A new gatherer of this kind's tasks."""

    @abstractmethod
    def write(self, section: SectionWriter) -> None:
        """Write all columns but the times, in the form that the last of ``readers`` reads."""

    @classmethod
    @abstractmethod
    def readers(cls) -> Sequence[Callable[[SectionReader, Int64Array], EventColumns]]:
        """What reads each version of the section, from version 0; the last one is written.

        A reader gets ``numbers`` with its times filled in, fills in the other rows, and returns
        the columns. It fills a column that its version lacks with the sentinel for null: unknown,
        never 0. Payloads of every version exist, so no reader is ever removed or changed.
        """

    def __len__(self) -> int:
        return len(self.flags)

    @property
    def timestamp_ms(self) -> Int64Array:
        """Times, in epoch milliseconds."""
        return self._row(TIMESTAMP_MS)

    def _row(self, column: int) -> Int64Array:
        row: Int64Array = self.numbers[column]
        return row

    def actors(self) -> list[Int64Array]:
        """The columns that hold actors."""
        return [self._row(column) for column in self.ACTORS]

    @classmethod
    def empty(cls) -> Self:
        """No events; always the same object, so that a kind that does not occur costs nothing."""
        found = _nothing.get(cls)
        if not isinstance(found, cls):
            found = _nothing[cls] = cls._make_empty()
            found.freeze()
        return found

    @classmethod
    def _make_empty(cls) -> Self:
        none = np.zeros((len(cls.COLUMNS), 0), dtype=np.int64)
        return cls(none, np.zeros(0, dtype=np.uint8))

    @classmethod
    def concatenate(cls, parts: Iterable[Self]) -> Self:
        """All parts joined, in order."""
        parts = [part for part in parts if len(part)]
        if len(parts) == 1:
            return parts[0]
        return cls._join(parts) if parts else cls.empty()

    @classmethod
    def _join(cls, parts: Sequence[Self]) -> Self:
        return cls(*join_common(parts))

    def select(self, which: Which) -> Self:
        """The events selected by a mask, an index array or a slice."""
        return type(self)(self.numbers[:, which], self.flags[which])

    def freeze(self) -> None:
        """Make the arrays read-only."""
        self.numbers.setflags(write=False)
        self.flags.setflags(write=False)


def join_common(parts: Sequence[EventColumns]) -> tuple[Int64Array, FlagArray]:
    """The numbers and flags of all parts, joined."""
    return (
        np.concatenate([part.numbers for part in parts], axis=1),
        np.concatenate([part.flags for part in parts]),
    )
