"""What a database has recorded since it was opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Stats:
    """What a database has recorded since it was opened."""

    queued: int
    """Tasks waiting in the queue."""
    written: int
    """Tasks committed, including ignored and rejected ones."""
    batches: int
    batch_seconds: float
    """Time spent writing batches, including waits for a failing disk."""
    ignored: int
    """Begins while a fight was open, ends with none open."""
    strays: int
    """Events that arrived outside any fight and were dropped."""
    rejected: int
    """Tasks rejected with an error: in the table rejected_tasks or, failing that, in the log."""
    cut: int
    """Names and attributes that were too long, and were cut."""
    unmatched_bosses: int
    """Bosses named as defeated that match no hit."""
    unknown_dmg: int
    """Damage dealt to monsters by attackers that are neither players nor named monsters."""
    retries: int
    fault: str | None
    """Why nothing can be written at present; the tasks are held and retried."""
    last_error: str | None
    last_commit_at_ms: int | None


NO_STATS: Final = Stats(
    queued=0,
    written=0,
    batches=0,
    batch_seconds=0.0,
    ignored=0,
    strays=0,
    rejected=0,
    cut=0,
    unmatched_bosses=0,
    unknown_dmg=0,
    retries=0,
    fault=None,
    last_error=None,
    last_commit_at_ms=None,
)
"""The figures of a database that does not record."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the tasks of one recorder that were not simply recorded."""

    ignored: int = 0
    strays: int = 0
    rejected: int = 0
    cut: int = 0

    def since(self, before: Counts) -> Counts:
        """What was added to the counts before."""
        return Counts(
            self.ignored - before.ignored,
            self.strays - before.strays,
            self.rejected - before.rejected,
            self.cut - before.cut,
        )


NOTHING_COUNTED: Final = Counts()


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """How far the tasks of a recorder were accepted, and stored."""

    name: str
    game: str
    position: int
    """Tasks, and lines without a valid one, accepted so far, ever."""
    stored_position: int
    """How many of them a crash of the program cannot undo."""
