"""What a database that records has beside its store: a session, a queue and a writer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from resonance_logs.errors import (
    DamagedDatabase,
    DatabaseClosed,
    DatabaseUnavailable,
    RecordingError,
)
from resonance_logs.recording.queue import FlushMark, Item, TaskQueue
from resonance_logs.recording.session import Session
from resonance_logs.recording.writer import Writer
from resonance_logs.settings import Settings
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.tasks import Task

NOTE_S: Final = 1.0
"""A locked file is waited for this long, to note in it that recording has stopped."""

_logger = logging.getLogger(__name__)


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

    Tasks are put into ``queue``. What is put while another thread calls ``close``, or while the
    writer stops because the file is damaged, may miss the writer; ``check_taken`` tells.
    """

    def __init__(self, session: Session, settings: Settings) -> None:
        self.queue = TaskQueue(settings.queue_tasks, settings.enqueue_seconds)
        self._session = session
        self._settings = settings
        self._writer = Writer(session.store, self.queue, settings, session, self._stop)
        self._missed: list[Item] = []
        self._stopped: str | None = None
        self._stopping = threading.Lock()
        self._on_stop: Callable[[], None] = _do_nothing
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

    def on_stop(self, call: Callable[[], None]) -> None:
        """Call this where the writer stops because the file is damaged, or has stopped."""
        with self._stopping:
            self._on_stop = call
            if self._stopped is not None:
                call()

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

    def check_running(self) -> None:
        """See that recording was not stopped.

        Raises:
            RecordingError: it was, because the file is damaged.
        """
        with self._stopping:
            if self._stopped is not None:
                raise RecordingError(self._stopped)

    def check_taken(self, items: Sequence[Item]) -> None:
        """See that the writer took these items; to be asked once the queue is closed.

        Raises:
            DatabaseClosed: the database was closed before.
            RecordingError: recording was stopped before, because the file is damaged.
        """
        with self._stopping:
            self._missed += self.queue.take(len(self.queue))
            mine = set(map(id, items))
            missed = sum(id(item) in mine for item in self._missed)
        if missed:
            count = f"{missed} of {len(items)} were not taken"
            raise self.explain(DatabaseClosed(f"{self.store.path} was closed meanwhile; {count}"))

    def explain(self, error: DatabaseClosed) -> RecordingError:
        """The error for who met a closed queue: it may have been closed because of damage."""
        with self._stopping:
            return error if self._stopped is None else RecordingError(f"{self._stopped}; {error}")

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

    def close(self, seconds: float | None = None) -> None:
        """Write what is queued, end the writer and the session; to be called once.

        A file that cannot be written now is tried for up to ``seconds`` seconds
        (``Settings.close_seconds`` where None).

        Raises:
            DatabaseUnavailable: the file could not be written within that time; the message says
                where the tasks that are left are kept.
            DamagedDatabase: recording had to stop because the file is damaged; the message says
                the same.
        """
        seconds = self._settings.close_seconds if seconds is None else seconds
        deadline = time.monotonic() + seconds
        self.queue.close()
        left = self._writer.stop(seconds)
        is_stuck = self._writer.progress.fault is not None
        try:
            if self._stopped is not None:
                raise DamagedDatabase(self._stopped)
            if left:
                raise DatabaseUnavailable(
                    f"{self.store.path} could not be written for {seconds:.3g} s "
                    f"({self.last_error}); {self._account(left)}"
                )
        finally:
            self._session.end(
                self._writer.run_progress(),
                is_clean=not (left or is_stuck),
                patience_s=max(0.0, deadline - time.monotonic()),
            )

    def _stop(self, reason: str, collect: Callable[[], list[Task]]) -> RecordingError:
        """Take no more tasks, because the file is damaged; keep those that are not written."""
        with self._stopping:
            self._on_stop()
            self.queue.close()
            left = collect()
            self._stopped = (
                f"{self.store.path} is damaged, and recording has stopped: {reason}; "
                f"{self._account(left)}"
            )
        _logger.critical("%s", self._stopped)
        self._session.note(self._writer.run_progress(), NOTE_S)
        return RecordingError(self._stopped)

    def _account(self, left: Sequence[Task]) -> str:
        """What became of the tasks."""
        written = f"{self._writer.progress.written:,} tasks are written"
        if not left:
            return written
        return f"{written}, {len(left):,} tasks {_save_unwritten(self._session, left)}"


def _do_nothing() -> None:
    pass


def _save_unwritten(session: Session, tasks: Sequence[Task]) -> str:
    try:
        return f"are kept in {session.spill(tasks)}"
    except OSError as error:
        return f"are lost: they could not be saved to a file either ({error})"
