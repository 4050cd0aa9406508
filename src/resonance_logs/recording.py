"""What a database that records has beside its store: a session, a queue and a writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from resonance_logs.errors import DatabaseUnavailable, RecordingError
from resonance_logs.queue import FlushMark, Item, TaskQueue
from resonance_logs.recovery import Session
from resonance_logs.settings import Settings
from resonance_logs.store.engine import Store
from resonance_logs.tasks import Task
from resonance_logs.writer import Writer


@dataclass(frozen=True, slots=True)
class Stats:
    """What a database has recorded since it was opened."""

    queued: int
    """Tasks that wait in the queue."""
    written: int
    """Tasks committed, those ignored or rejected included."""
    batches: int
    batch_seconds: float
    """The time that writing the batches took, waits for a faulty disk included."""
    ignored: int
    """Begins while a fight was open, ends with none open."""
    strays: int
    """Events that came with no fight open and that no fight took."""
    rejected: int
    """Tasks set aside with their error: in the table rejected_tasks or, failing that, the log."""
    unmatched_bosses: int
    """Bosses named as defeated that match no hit."""
    unknown_dmg: int
    """Damage dealt to monsters by attackers that are neither players nor named monsters."""
    retries: int
    fault: str | None
    """Why nothing can be written at present; the tasks are held and tried again."""
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
    unmatched_bosses=0,
    unknown_dmg=0,
    retries=0,
    fault=None,
    last_error=None,
    last_commit_at_ms=None,
)
"""The figures of a database that does not record."""


class Recording:
    """A session with its queue and its running writer.

    Tasks are put into ``queue``. What is put while another thread calls ``close`` may miss the
    writer; ``count_missed`` tells.
    """

    def __init__(self, session: Session, settings: Settings) -> None:
        self.queue = TaskQueue(settings.queue_tasks, settings.enqueue_seconds)
        self._session = session
        self._settings = settings
        self._writer = Writer(session.store, self.queue, settings, session.run_id)
        self._missed: list[Item] = []
        self._writer.start()

    @classmethod
    def begin(cls, path: Path, settings: Settings) -> Self:
        """Begin a session with the file at ``path`` and start its writer.

        Raises:
            AlreadyRecording: another program records into the file.
            DatabaseError: the file cannot be used; the subclass says why.
        """
        return cls(Session.begin(path, settings), settings)

    @property
    def store(self) -> Store:
        """The connections to the file."""
        return self._session.store

    @property
    def last_error(self) -> str | None:
        """What last went wrong while writing."""
        return self._writer.progress.last_error

    def mark(self) -> FlushMark:
        """Put a mark into the queue; it is done once all that was put before is committed.

        Raises:
            RecordingError: the writer has ended.
        """
        if not self._writer.is_alive:
            raise RecordingError(f"the writer has ended: {self.last_error}")
        mark = FlushMark()
        self.queue.put_mark(mark)
        return mark

    def count_missed(self, items: Sequence[Item]) -> int:
        """How many of these items the writer did not take; to be asked after ``close``."""
        self._missed += self.queue.take(len(self.queue))
        mine = set(map(id, items))
        return sum(id(item) in mine for item in self._missed)

    def stats(self) -> Stats:
        """What has been recorded so far."""
        progress, state = self._writer.progress, self._writer.state
        return Stats(
            queued=len(self.queue),
            written=progress.written,
            batches=progress.batches,
            batch_seconds=progress.batch_seconds,
            ignored=state.ignored,
            strays=state.strays.dropped,
            rejected=state.rejected + progress.rejected,
            unmatched_bosses=state.unmatched_bosses,
            unknown_dmg=state.unknown_dmg,
            retries=progress.retries,
            fault=progress.fault,
            last_error=progress.last_error,
            last_commit_at_ms=progress.last_commit_at_ms,
        )

    def close(self) -> None:
        """Write what is queued, end the writer and the session; to be called once.

        Raises:
            DatabaseUnavailable: the file could not be written within ``Settings.close_seconds``;
                the message says where the tasks that are left are kept.
        """
        self.queue.close()
        left = self._writer.stop(self._settings.close_seconds)
        try:
            if left:
                raise DatabaseUnavailable(
                    f"{self.store.path} could not be written for {self._settings.close_seconds} s "
                    f"({self.last_error}); {len(left):,} tasks {_kept(self._session, left)}"
                )
        finally:
            self._session.end(self._writer.doings(), is_clean=not left)


def _kept(session: Session, tasks: Sequence[Task]) -> str:
    try:
        return f"are kept in {session.spill(tasks)}"
    except OSError as error:
        return f"are lost: no file could be written either ({error})"
