"""The database of one file: enqueue tasks, run commands."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from resonance_logs.errors import DatabaseUnavailable
from resonance_logs.exports.fight_files import (
    ExportReport,
    ImportReport,
    export_fights,
    import_fights,
)
from resonance_logs.fights.identity import DEFAULT_RECORDER, Identity, check_game, check_recorder
from resonance_logs.recording.queue import TaskQueue
from resonance_logs.recording.recorder import Recorder, TaskInput
from resonance_logs.recording.recording import Recording
from resonance_logs.recording.resending import Sender
from resonance_logs.recording.stats import NO_STATS, RecorderStatus, Stats
from resonance_logs.settings import Settings, absolute, find_name, find_path
from resonance_logs.store.recorder_inputs import begin_input
from resonance_logs.store.sqlite.backup import back_up, restore
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.file_copies import preserve_wal
from resonance_logs.store.sqlite.files import check_not_inherited
from resonance_logs.store.sqlite.migrate import prepare
from resonance_logs.store.sqlite.repair import salvage_if_damaged
from resonance_logs.store.sqlite.salvage import SalvageReport
from resonance_logs.system.forks import tell_after_fork

if TYPE_CHECKING:
    # Who only records need not wait for these, which take as long to import as all the others.
    from resonance_logs.commands import AsyncCommands, Commands, Filters
    from resonance_logs.exports.formats import Table
    from resonance_logs.exports.tables import TableKind

__all__ = ["Database", "Recorder", "RecorderStatus", "Sender"]


class Database(TaskInput):
    """An open database file: record tasks with ``enqueue``, query it with ``commands``.

    Its tasks are those of one recorder; ``recorder`` opens more, each with a fight of its own.

    Queries (commands and tables) raise CommandError, recording raises RecordingError, and methods
    that open, write or read whole files (open, backup, restore, salvage, export, import) raise
    DatabaseError, or NotFound for a fight that does not exist.

    Once it is closed, every method raises DatabaseClosed; so it does in a process that was forked
    while it was open.

    Safe to use from several threads. Create it with ``Database.open``.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        recording: Recording | None,
        recorder: Recorder | None = None,
        held: ExitStack | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._recording: Recording | None = recording
        self._recorder = recorder
        self._queue = None if recorder is None else recorder.queue
        self._exit_stack = held or ExitStack()
        self._closed = False
        self._close_lock = threading.RLock()  # a signal handler may close it while it is closed
        if recording is not None:
            recording.add_input(self)
        tell_after_fork(self, Database._leave_to_parent)
        atexit.register(self.close)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        settings: Settings | None = None,
        record: bool = True,
        read_only: bool = False,
        create: bool | None = None,
        recorder: str = DEFAULT_RECORDER,
        game: str | None = None,
        resume: bool = False,
    ) -> Self:
        """Open the file at ``path``; by default RESONANCE_LOGS_DB, or the file in the user's data
        directory.

        A missing file or folder is created, and an old file is migrated. With ``record=False`` no
        writer is started, and a missing file is an error unless ``create`` is true.

        With ``read_only`` it does not record either, the file is opened without write access, and
        what would change it raises ReadOnly or ReadOnlyDatabase. The file must exist, and be of
        this version; if its folder cannot be written, it must have been closed cleanly, too.

        One program at a time can record into a file; any number can read it. A fight that the last
        recorder left open, because it crashed or was closed, is ended at its last event.

        ``enqueue`` records as the ``recorder`` of this name and ``game``, see ``recorder``; with
        ``record=False`` they have no meaning.

        Raises:
            InvalidArgument: the recorder's name or the game is invalid.
            AlreadyRecording: another program records into the file, under this name or another
                (hard link).
            ReadOnlyDatabase: the file is read-only, but has to be recorded into or migrated.
            DatabaseError: the file cannot be used; the subclass says why.
        """
        name, found = find_name(path), find_path(path)
        settings = settings or Settings()
        check_not_inherited(found)
        record = record and not read_only
        if (read_only or not (record if create is None else create)) and not found.exists():
            raise DatabaseUnavailable(f"there is no database at {found}; record something first")
        if record:
            check_recorder(recorder)
            if game is not None:
                check_game(game)
            recording = Recording.begin(found, settings, name)
            own = recording.first_recorder(recorder, game, resume=resume)
            return cls(recording.store, settings, recording, own)
        with ExitStack() as held:
            if not read_only:  # without write access, closing it changes nothing
                held.enter_context(preserve_wal(found))
            prepare(found, is_read_only=read_only)
            store = Store(found, is_read_only=read_only)
            store.watch(name)
            return cls(store, settings, None, held=held.pop_all())

    @cached_property
    def commands(self) -> Commands:
        """The questions that this database answers, and the changes that it makes on demand."""
        from resonance_logs.commands import Commands

        return Commands(self._store)

    @cached_property
    def async_commands(self) -> AsyncCommands:
        """The same for callers with an event loop."""
        from resonance_logs.commands import AsyncCommands

        return AsyncCommands(self.commands)

    @property
    def path(self) -> Path:
        """Where the database file is."""
        return self._store.path

    @property
    def is_recording(self) -> bool:
        """Whether it accepts tasks: opened for recording, and not closed."""
        return self._queue is not None

    @property
    def is_read_only(self) -> bool:
        """Whether it was opened with ``read_only``, or its file cannot be written."""
        return not self._store.is_writable

    def recorder(self, name: str, game: str | None = None, *, resume: bool = False) -> Recorder:
        """Open another recorder: a stream of tasks with an order and an open fight of its own.

        Its players, classes and names are those of its ``game``: by default the one it had before,
        or ``bpsr``. The same name always gives the same recorder.

        With ``resume`` it continues the fight that it left open, if its sender said where its tasks
        begin (``Recorder.sending``); otherwise that fight is ended at its last event. A recorder
        that is open already is returned as it is.

        Raises:
            InvalidArgument: the name is not text of 1 to 64 characters, the game is not 1 to 64 of
                a-z, 0-9 and ``-``, or the recorder is open for another game.
            RecordingError: it does not record, or too many recorders are open.
            DatabaseClosed: the database was closed.
            DatabaseError: the file cannot be read now; the subclass says why.
        """
        if self._recording is None or self._queue is None:
            self._refuse()
        return self._recording.recorder(name, game, resume=resume)

    def find_recorder(self, name: str) -> RecorderStatus:
        """How far the tasks of a recorder were accepted, and stored.

        Raises:
            NotFound: nothing was ever recorded by a recorder of this name.
            CommandError: as for commands; the subclass says why.
        """
        self._store.check_open()
        found = None if self._recording is None else self._recording.find(name)
        if found is not None:
            return RecorderStatus(found.name, found.game, found.position, found.stored_position)
        from resonance_logs.commands.recorders import find_stored

        return find_stored(self._store, name)

    def begin_input(self, recorder: str, game: str, input_id: str, position: int) -> int:
        """Note that a recorder's next items, from ``position`` on, are those of an input.

        For a program that sends them to another one, which records the file. Returns how many items
        of the input the recorder has accepted before.

        Raises:
            DatabaseError: the file cannot be written now; the subclass says why.
        """
        whose = Identity.checked(recorder, game)
        with self._store.write_transaction() as connection:
            return begin_input(connection, whose, input_id, position)

    @property
    def own_recorder(self) -> Recorder:
        """The recorder whose tasks ``enqueue`` accepts.

        Raises:
            RecordingError: the database was opened with record=False.
        """
        if self._recorder is None:
            self._refuse()
        return self._recorder

    @property
    def settings(self) -> Settings:
        """The current settings."""
        return self._settings

    def stats(self) -> Stats:
        """What has been recorded since the file was opened; zeros with ``record=False``.

        Raises:
            DatabaseClosed: the database was closed.
        """
        self._store.check_open()
        return NO_STATS if self._recording is None else self._recording.stats()

    def backup(self, target: str | os.PathLike[str]) -> int:
        """Copy what is committed to the new file ``target``, verified; returns its size in bytes.

        Raises:
            BackupError: the target already exists, or the copy cannot be made.
            DatabaseMoved: the file that was opened is not at its path any more.
        """
        self._store.check_open()
        self._store.check_in_place()
        return back_up(self.path, absolute(target), is_read_only=self._store.is_read_only)

    def export_fights(self, ids: Sequence[int], target: str | os.PathLike[str]) -> int:
        """Export ended fights, with everything that belongs to them, to a new file; returns its
        bytes.

        The file is a small database: it can be opened like any other, and imported.

        Raises:
            NotFound: a fight does not exist, or has not ended.
            BackupError: the target already exists, or cannot be written, or a fight is damaged.
            DatabaseError: the fights cannot be read; the subclass says why.
        """
        self._store.check_open()
        return export_fights(self._store, lambda _view: ids, absolute(target)).size_bytes

    def export_matching_fights(
        self, filters: Filters, target: str | os.PathLike[str]
    ) -> ExportReport:
        """Write all ended fights that match the filters to a new file, like ``export_fights``.

        They are selected and read in one snapshot: what changes meanwhile has no effect.

        Raises:
            BackupError: the target already exists, or cannot be written, or a fight is damaged.
            DatabaseError: the fights cannot be read; the subclass says why.
        """
        from resonance_logs.commands.listing import read_ids

        self._store.check_open()
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
            ReadOnlyDatabase: this database may only be read.
            DatabaseUnavailable: there is no such file, or it cannot be read now.
            NotADatabase: the file is empty, or something else.
            DamagedDatabase: the file is damaged.
            DatabaseError: it cannot be imported; the subclass says why.
        """
        self._store.check_writable()
        return import_fights(self._store, absolute(source))

    def fights_table(self, filters: Filters | None = None) -> Table:
        """All ended fights that match the filters, as columns: one row per fight.

        Raises:
            CommandError: as for commands; the subclass says why.
        """
        from resonance_logs.exports.tables import fights_table

        return fights_table(self._store, filters)

    def encounter_table(self, encounter_id: int, of: TableKind | str = "actors") -> Table:
        """A fight as columns: one row per actor, per skill (of one actor on another), or per hit.

        Raises:
            NotFound: there is no such fight, or its individual hits are not stored.
            CommandError: as for commands; the subclass says why.
        """
        from resonance_logs.exports.tables import encounter_table

        return encounter_table(self._store, encounter_id, of)

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
            DamagedDatabase: recording had to stop because the file is damaged; it says the same.
            DatabaseMoved: recording had to stop because the file was deleted, moved or replaced.
        """
        with self._close_lock:
            if self._closed:
                return
            self._closed = True
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

    def _queues(self) -> Sequence[TaskQueue]:
        """Those of all recorders: a flush of the database waits for every one."""
        return [] if self._recording is None else [each.queue for each in self._recording.streams]

    def _leave_to_parent(self) -> None:
        """In a child process: change nothing at its end; the store refuses everything."""
        self._closed = True
        self._close_lock = threading.RLock()
        atexit.unregister(self.close)

    def _refuse(self) -> NoReturn:
        self._store.check_open()
        super()._refuse()
