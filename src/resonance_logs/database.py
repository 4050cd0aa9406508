"""The database of one file: tasks in, commands out."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from resonance_logs.commands import AsyncCommands, Commands, Filters
from resonance_logs.commands.tables import Table, TableOf, encounter_table, fights_table
from resonance_logs.errors import (
    DatabaseClosed,
    DatabaseUnavailable,
    FlushTimeout,
    InvalidTask,
    RecordingError,
)
from resonance_logs.exchange import ImportReport, export_fights, import_fights
from resonance_logs.location import absolute, find_path
from resonance_logs.mending import mend
from resonance_logs.queue import FlushMark, Item, TaskQueue
from resonance_logs.recovery import Session
from resonance_logs.salvage import SalvageReport
from resonance_logs.settings import Settings
from resonance_logs.store.backup import back_up, restore
from resonance_logs.store.copies import log_kept
from resonance_logs.store.engine import Store
from resonance_logs.store.migrate import prepare
from resonance_logs.tasks import TASK_TYPES, Task
from resonance_logs.writer import GaveUp, Writer


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
    retries: int
    fault: str | None
    """Why nothing can be written at present; the tasks are held and tried again."""
    last_error: str | None
    last_commit_at_ms: int | None


class Database:
    """A database file that is open: give it tasks with ``enqueue``, ask it by ``commands``.

    Safe to use from several threads at once. Make it with ``Database.open``.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        session: Session | None,
        held: ExitStack | None = None,
    ) -> None:
        record = session is not None
        self._store = store
        self._settings = settings
        self._session = session
        self._held = held or ExitStack()
        self._queue = TaskQueue(settings.queue_tasks, settings.enqueue_seconds)
        self._writer = Writer(store, self._queue, settings, session.run_id if session else 0)
        self._accepts = record
        self._closed = False
        self._close_lock = threading.Lock()
        self._missed: list[Item] = []
        self.commands = Commands(store)
        self.async_commands = AsyncCommands(self.commands)
        if record:
            self._writer.start()
        atexit.register(self.close)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        settings: Settings | None = None,
        record: bool = True,
        create: bool | None = None,
    ) -> Self:
        """Open the file at ``path``; without one, RESONANCE_LOGS_DB or the user's data directory.

        The file and its folder are made where they are missing, and migrated where they are old.
        With ``record=False`` no writer is started, and a missing file is an error unless
        ``create`` says that it is to be made.

        One program at a time records into a file; any number may read. A fight that the last
        recorder left open, because it crashed or was closed meanwhile, is ended at its last event.

        Raises:
            AlreadyRecording: another program records into the file.
            DatabaseError: the file cannot be used; the subclass says why.
        """
        found = find_path(path)
        settings = settings or Settings()
        if not (record if create is None else create) and not found.exists():
            raise DatabaseUnavailable(f"there is no database at {found}; record something first")
        if record:
            session = Session.begin(found, settings)
            return cls(session.store, settings, session)
        held = ExitStack()
        try:
            held.enter_context(log_kept(found))
            prepare(found)
            return cls(Store(found), settings, None, held)
        except BaseException:
            held.close()
            raise

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._store.path

    def enqueue(self, task: Task, timeout: float | None = None) -> None:
        """Have a task written; returns at once, unless the queue is full.

        A full queue is waited for up to ``timeout`` seconds (``Settings.enqueue_seconds``
        where None).

        Raises:
            InvalidTask: ``task`` is not a task. A wrong field is found by the writer, which puts
                the task into the table of rejected tasks.
            QueueFull: there was no room all the while; the task was not taken.
            DatabaseClosed: the database was closed.
        """
        if type(task) not in TASK_TYPES:
            raise _no_task(type(task))
        if not self._accepts:
            self._refuse()
        self._queue.put(task, timeout)
        if not self._accepts:
            self._refuse_late([task])

    def enqueue_many(self, tasks: Sequence[Task], timeout: float | None = None) -> None:
        """The same for several tasks in their order, at a fraction of the cost.

        Raises:
            InvalidTask: one of them is not a task; none was taken.
            QueueFull: there was no room all the while; the first ``taken`` of the error were taken.
            DatabaseClosed: the database was closed; the message says how many were not taken.
        """
        for kind in set(map(type, tasks)) - TASK_TYPES:
            raise _no_task(kind)
        if not self._accepts:
            self._refuse()
        self._queue.put_many(tasks, timeout)
        if not self._accepts:
            self._refuse_late(tasks)

    def flush(self, timeout: float | None = None) -> None:
        """Wait until all that was enqueued before is committed, live counters included.

        Raises:
            FlushTimeout: it was not within ``timeout`` seconds; it is still held and tried.
            DatabaseClosed: the database was closed, or closed before all could be written.
        """
        mark = self._mark()
        try:
            mark.done.result(timeout)
        except FutureTimeout as error:
            raise self._flush_timeout(timeout) from error
        except GaveUp as error:
            raise DatabaseClosed("closed before all tasks could be written") from error

    async def flush_async(self, timeout: float | None = None) -> None:
        """The same as ``flush``, awaited."""
        mark = self._mark()
        try:
            await asyncio.wait_for(asyncio.wrap_future(mark.done), timeout)
        except TimeoutError as error:
            raise self._flush_timeout(timeout) from error
        except GaveUp as error:
            raise DatabaseClosed("closed before all tasks could be written") from error

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    def stats(self) -> Stats:
        """What has been recorded since the file was opened."""
        progress, state = self._writer.progress, self._writer.state
        return Stats(
            queued=len(self._queue),
            written=progress.written,
            batches=progress.batches,
            batch_seconds=progress.batch_seconds,
            ignored=state.ignored,
            strays=state.strays.dropped,
            rejected=state.rejected + progress.rejected,
            retries=progress.retries,
            fault=progress.fault,
            last_error=progress.last_error,
            last_commit_at_ms=progress.last_commit_at_ms,
        )

    def backup(self, target: str | os.PathLike[str]) -> int:
        """Copy what is committed into the new file ``target``, checked; its size in bytes.

        Recording goes on meanwhile.

        Raises:
            BackupError: the target is there already, or the copy cannot be made.
        """
        return back_up(self.path, absolute(target))

    def export_fights(self, ids: Sequence[int], target: str | os.PathLike[str]) -> int:
        """Write ended fights, with all that belongs to them, to a new file; its size in bytes.

        The file is a small database: it can be opened like any other, and imported.

        Raises:
            NotFound: one of the fights is not there, or has not ended.
            BackupError: the target is there already, or cannot be written, or a fight is damaged.
        """
        return export_fights(self._store, ids, absolute(target))

    def import_fights(self, source: str | os.PathLike[str]) -> ImportReport:
        """Take in the fights of an exported file, or of any database; those known already stay.

        Each fight is a transaction of its own: it may be done while recording, and again.

        Raises:
            DatabaseError: the file cannot be read; the subclass says why.
        """
        return import_fights(self._store, absolute(source))

    def fights_table(self, filters: Filters | None = None) -> Table:
        """All ended fights that pass the filters, as columns: a row a fight."""
        return fights_table(self._store, Filters() if filters is None else filters)

    def encounter_table(self, encounter_id: int, of: TableOf | str = TableOf.ACTORS) -> Table:
        """A fight as columns: a row an actor, a skill (of one on another), or a single hit.

        Raises:
            NotFound: there is no such fight, or its single hits are not kept.
        """
        return encounter_table(self._store, encounter_id, TableOf(of))

    @staticmethod
    def restore(
        source: str | os.PathLike[str], path: str | os.PathLike[str] | None = None
    ) -> Path | None:
        """Put a backup in the place of the database at ``path`` (found as by ``open``).

        What was there is kept, under the name that is returned.

        Raises:
            AlreadyRecording: the database is being recorded.
            DatabaseError: the backup cannot be used, or not be put there; the subclass says why.
        """
        return restore(find_path(path), absolute(source))

    @staticmethod
    def salvage(path: str | os.PathLike[str] | None = None) -> SalvageReport | None:
        """Mend a damaged file: what can be read of it is saved, fight by fight, into a new one.

        The damaged one is kept, with a report beside it. None where nothing is wrong with the file.

        Raises:
            AlreadyRecording: the database is being recorded.
            DatabaseUnavailable: there is no such file, or it cannot be written now.
        """
        return mend(find_path(path))

    def close(self) -> None:
        """Write what is queued, end the writer, close the file. Closing twice does nothing.

        Raises:
            DatabaseUnavailable: the file could not be written within ``Settings.close_seconds``;
                the message says where the tasks that are left are kept. From beside the database
                they are read in when it is next opened for recording.
        """
        with self._close_lock:
            if self._closed:
                return
            self._closed = True
            self._accepts = False
            atexit.unregister(self.close)
            try:
                if self._session is not None:
                    self._end(self._session)
            finally:
                self._store.close()
                self._held.close()

    def _end(self, session: Session) -> None:
        self._queue.close()
        left = self._writer.stop(self._settings.close_seconds)
        try:
            if left:
                raise DatabaseUnavailable(
                    f"{self.path} could not be written for {self._settings.close_seconds} s "
                    f"({self._writer.progress.last_error}); "
                    f"{len(left):,} tasks {_kept(session, left)}"
                )
        finally:
            session.end(self._writer.doings(), is_clean=not left)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _mark(self) -> FlushMark:
        if not self._accepts:
            self._refuse()
        if not self._writer.is_alive:
            raise RecordingError(f"the writer has ended: {self._writer.progress.last_error}")
        mark = FlushMark()
        self._queue.put_mark(mark)
        if not self._accepts:
            self._refuse_late([mark])
        return mark

    def _refuse(self) -> NoReturn:
        if self._closed:
            raise DatabaseClosed(f"{self.path} was closed; open it again to record")
        raise RecordingError(f"{self.path} was opened with record=False")

    def _refuse_late(self, items: Sequence[Item]) -> None:
        """Where another thread closed the database meanwhile and the writer missed some items."""
        with self._close_lock:
            self._missed += self._queue.take(len(self._queue))
            mine = set(map(id, items))
            missed = sum(id(item) in mine for item in self._missed)
        if missed:
            raise DatabaseClosed(
                f"{self.path} was closed meanwhile; {missed} of {len(items)} were not taken"
            )

    def _flush_timeout(self, timeout: float | None) -> FlushTimeout:
        return FlushTimeout(
            f"not all tasks were committed within {timeout} s ({len(self._queue):,} wait; "
            f"last error: {self._writer.progress.last_error or 'none'}); they are still held"
        )


def _no_task(kind: type) -> InvalidTask:
    return InvalidTask(f"expected a task, got {kind.__name__}")


def _kept(session: Session, tasks: Sequence[Task]) -> str:
    try:
        return f"are kept in {session.spill(tasks)}"
    except OSError as error:
        return f"are lost: no file could be written either ({error})"
