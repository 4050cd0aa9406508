"""The database of one file: enqueue tasks, run commands."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from resonance_logs.commands import AsyncCommands, Commands, Filters
from resonance_logs.commands.answering import answering, naming_arguments
from resonance_logs.commands.listing import read_ids
from resonance_logs.errors import (
    DatabaseClosed,
    DatabaseUnavailable,
    FlushTimeout,
    InvalidTask,
    RecordingError,
)
from resonance_logs.exports.fight_files import (
    ExportReport,
    ImportReport,
    export_fights,
    import_fights,
)
from resonance_logs.exports.formats import Table
from resonance_logs.exports.tables import TableArguments, TableKind, encounter_table, fights_table
from resonance_logs.recording.queue import FlushMark, Item
from resonance_logs.recording.recorder import NO_STATS, Recording, Stats
from resonance_logs.recording.writer import CloseTimeout
from resonance_logs.settings import Settings, absolute, find_path
from resonance_logs.store.sqlite.backup import back_up, restore
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.file_copies import preserve_wal
from resonance_logs.store.sqlite.migrate import prepare
from resonance_logs.store.sqlite.repair import salvage_if_damaged
from resonance_logs.store.sqlite.salvage import SalvageReport
from resonance_logs.tasks import TASK_TYPES, Task


class Database:
    """An open database file: record tasks with ``enqueue``, query it with ``commands``.

    Queries (commands and tables) raise CommandError, recording raises RecordingError, and methods
    that open, write or read whole files (open, backup, restore, salvage, export, import) raise
    DatabaseError, or NotFound for a fight that does not exist.

    Safe to use from several threads. Create it with ``Database.open``.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        recording: Recording | None,
        held: ExitStack | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._recording = recording
        self._queue = None if recording is None else recording.queue
        """None if tasks are not accepted: closed, stopped, or opened with record=False."""
        self._exit_stack = held or ExitStack()
        self._closed = False
        self._close_lock = threading.Lock()
        self.commands = Commands(store)
        self.async_commands = AsyncCommands(self.commands)
        if recording is not None:
            recording.on_stop(self._stop_accepting)
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
        """Open the file at ``path``; by default RESONANCE_LOGS_DB, or the file in the user's data
        directory.

        A missing file or folder is created, and an old file is migrated. With ``record=False`` no
        writer is started, and a missing file is an error unless ``create`` is true.

        A read-only file must have been closed cleanly.

        One program at a time can record into a file; any number can read it. A fight that the last
        recorder left open, because it crashed or was closed, is ended at its last event.

        Raises:
            AlreadyRecording: another program records into the file, under this name or another
                (hard link).
            ReadOnlyDatabase: the file is read-only, but has to be recorded into or migrated.
            DatabaseError: the file cannot be used; the subclass says why.
        """
        found = find_path(path)
        settings = settings or Settings()
        if not (record if create is None else create) and not found.exists():
            raise DatabaseUnavailable(f"there is no database at {found}; record something first")
        if record:
            recording = Recording.begin(found, settings)
            return cls(recording.store, settings, recording)
        held = ExitStack()
        try:
            held.enter_context(preserve_wal(found))
            prepare(found)
            return cls(Store(found), settings, None, held)
        except BaseException:
            held.close()
            raise

    @property
    def path(self) -> Path:
        """Where the database file is."""
        return self._store.path

    @property
    def is_recording(self) -> bool:
        """Whether it accepts tasks: opened for recording, and not closed."""
        return self._queue is not None

    def enqueue(self, task: Task, timeout: float | None = None) -> None:
        """Queue a task to be written; returns at once, unless the queue is full.

        With a full queue, waits up to ``timeout`` seconds (None: ``Settings.enqueue_seconds``).

        Raises:
            InvalidTask: ``task`` is not a task. A wrong field type is found later by the writer,
                which adds the task to the rejected tasks.
            QueueFull: the queue stayed full; the task was not queued.
            DatabaseClosed: the database was closed.
            RecordingError: recording has stopped because the file is damaged.
        """
        if type(task) not in TASK_TYPES:
            raise _not_a_task(type(task))
        queue = self._queue
        if queue is None:
            self._refuse()
        try:
            queue.put(task, timeout)
        except DatabaseClosed as error:
            raise self._explain(error) from error
        if self._queue is None:
            self._check_taken([task])

    def enqueue_many(self, tasks: Sequence[Task], timeout: float | None = None) -> None:
        """Queue several tasks in order, at a fraction of the cost.

        Raises:
            InvalidTask: one of them is not a task; none was queued.
            QueueFull: the queue stayed full; only the first ``taken`` (of the error) were queued.
            DatabaseClosed: the database was closed; the message says how many were not queued.
            RecordingError: recording has stopped because the file is damaged.
        """
        for kind in set(map(type, tasks)) - TASK_TYPES:
            raise _not_a_task(kind)
        queue = self._queue
        if queue is None:
            self._refuse()
        try:
            queue.put_many(tasks, timeout)
        except DatabaseClosed as error:
            raise self._explain(error) from error
        if self._queue is None:
            self._check_taken(tasks)

    def flush(self, timeout: float | None = None) -> None:
        """Wait until everything enqueued so far is committed, including live counters.

        Raises:
            FlushTimeout: not committed within ``timeout`` seconds; the tasks are still held and
                retried.
            DatabaseClosed: the database was closed, or closed before everything could be written.
            RecordingError: recording has stopped because the file is damaged; the message says
                where the unwritten tasks are kept.
        """
        mark = self._mark()
        try:
            mark.done.result(timeout)
        except FutureTimeout as error:
            raise self._flush_timeout(timeout) from error
        except CloseTimeout as error:
            raise DatabaseClosed("closed before all tasks could be written") from error

    async def flush_async(self, timeout: float | None = None) -> None:
        """Like ``flush``, but awaitable."""
        mark = self._mark()
        try:
            await asyncio.wait_for(asyncio.wrap_future(mark.done), timeout)
        except TimeoutError as error:
            raise self._flush_timeout(timeout) from error
        except CloseTimeout as error:
            raise DatabaseClosed("closed before all tasks could be written") from error

    @property
    def settings(self) -> Settings:
        """The current settings."""
        return self._settings

    def stats(self) -> Stats:
        """What has been recorded since the file was opened; zeros with ``record=False``."""
        return NO_STATS if self._recording is None else self._recording.stats()

    def backup(self, target: str | os.PathLike[str]) -> int:
        """Copy the committed data to the new file ``target``, verified; returns its size in bytes.

        Recording continues meanwhile.

        Raises:
            BackupError: the target already exists, or the copy cannot be made.
        """
        return back_up(self.path, absolute(target))

    def export_fights(self, ids: Sequence[int], target: str | os.PathLike[str]) -> int:
        """Export ended fights, with everything that belongs to them, to a new file; returns its
        bytes.

        The file is a small database: it can be opened like any other, and imported.

        Raises:
            NotFound: a fight does not exist, or has not ended.
            BackupError: the target already exists, or cannot be written, or a fight is damaged.
            DatabaseError: the fights cannot be read; the subclass says why.
        """
        return export_fights(self._store, lambda _view: ids, absolute(target)).size_bytes

    def export_matching_fights(
        self, filters: Filters, target: str | os.PathLike[str]
    ) -> ExportReport:
        """Write all ended fights that match the filters to a new file, like ``export_fights``.

        They are selected and read in one snapshot of the database: fights added or deleted
        meanwhile have no effect.

        Raises:
            BackupError: the target already exists, or cannot be written, or a fight is damaged.
            DatabaseError: the fights cannot be read; the subclass says why.
        """
        return export_fights(
            self._store,
            lambda view: read_ids(view, filters),
            absolute(target),
            are_listed=True,
        )

    def import_fights(self, source: str | os.PathLike[str]) -> ImportReport:
        """Import the fights of an exported file, or of any database; stored fights are skipped.

        Each fight is its own transaction: safe while recording, and safe to repeat.

        Raises:
            DatabaseUnavailable: there is no such file, or it cannot be read now.
            NotADatabase: the file is empty, or something else.
            DamagedDatabase: the file is damaged.
            DatabaseError: it cannot be imported; the subclass says why.
        """
        return import_fights(self._store, absolute(source))

    def fights_table(self, filters: Filters | None = None) -> Table:
        """All ended fights that match the filters, as columns: one row per fight.

        Raises:
            CommandError: as for commands; the subclass says why.
        """
        with naming_arguments(camel=True):
            wanted = Filters() if filters is None else Filters.model_validate(filters)
        with answering():
            return fights_table(self._store, wanted)

    def encounter_table(self, encounter_id: int, of: TableKind | str = TableKind.ACTORS) -> Table:
        """A fight as columns: one row per actor, per skill (of one actor on another), or per hit.

        Raises:
            NotFound: there is no such fight, or its individual hits are not stored.
            CommandError: as for commands; the subclass says why.
        """
        with naming_arguments(camel=True):
            wanted = TableArguments.model_validate({"encounter_id": encounter_id, "of": of})
        with answering():
            return encounter_table(self._store, wanted)

    @staticmethod
    def restore(
        source: str | os.PathLike[str], path: str | os.PathLike[str] | None = None
    ) -> Path | None:
        """Restore a backup as the database at ``path`` (found as by ``open``).

        The previous database is kept, under the path that is returned.

        Raises:
            AlreadyRecording: the database is being recorded.
            DatabaseError: the backup cannot be used or put in place; the subclass says why.
        """
        return restore(find_path(path), absolute(source))

    @staticmethod
    def salvage(path: str | os.PathLike[str] | None = None) -> SalvageReport | None:
        """Repair a damaged file: save its readable parts, fight by fight, into a new file.

        The damaged file is kept, with a report beside it. Returns None if the file is not damaged.

        Raises:
            AlreadyRecording: the database is being recorded.
            DatabaseUnavailable: the file does not exist, or cannot be written now.
        """
        return salvage_if_damaged(find_path(path))

    def close(self, timeout: float | None = None) -> None:
        """Write what is queued, stop the writer, close the file. Closing twice does nothing.

        If the file cannot be written now, retries for up to ``timeout`` seconds (None:
        ``Settings.close_seconds``).

        Raises:
            DatabaseUnavailable: the file could not be written within that time; the message says
                where the remaining tasks are kept. A file beside the database is read when it is
                next opened for recording.
            DamagedDatabase: recording had to stop because the file is damaged; the message says
                the same.
        """
        with self._close_lock:
            if self._closed:
                return
            self._closed = True
            self._queue = None
            atexit.unregister(self.close)
            try:
                if self._recording is not None:
                    self._recording.close(timeout)
            finally:
                self._store.close()
                self._exit_stack.close()

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
        if self._recording is None or self._queue is None:
            self._refuse()
        mark = self._recording.mark()
        if self._queue is None:
            self._check_taken([mark])
        return mark

    def _check_taken(self, items: Sequence[Item]) -> None:
        """Raise unless these were queued before the database was closed or the writer stopped."""
        with self._close_lock:
            if self._recording is not None:
                self._recording.check_taken(items)

    def _explain(self, error: DatabaseClosed) -> RecordingError:
        return error if self._recording is None else self._recording.explain(error)

    def _stop_accepting(self) -> None:
        self._queue = None

    def _refuse(self) -> NoReturn:
        if self._recording is not None:
            self._recording.check_running()
        if self._closed:
            raise DatabaseClosed(f"{self.path} was closed; open it again to record")
        raise RecordingError(f"{self.path} was opened with record=False")

    def _flush_timeout(self, timeout: float | None) -> FlushTimeout:
        stats = self.stats()
        return FlushTimeout(
            f"not all tasks were committed within {timeout} s ({stats.queued:,} waiting; "
            f"last error: {stats.last_error or 'none'}); they are still held"
        )


def _not_a_task(kind: type) -> InvalidTask:
    return InvalidTask(f"expected a task, got {kind.__name__}")
