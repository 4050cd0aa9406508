"""What a database that records has beside its store: a session, the streams and a writer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

from resonance_logs.errors import (
    DamagedDatabase,
    DatabaseClosed,
    DatabaseError,
    DatabaseMoved,
    DatabaseUnavailable,
    InvalidArgument,
    RecordingError,
)
from resonance_logs.fights.identity import Identity, check_game, check_recorder
from resonance_logs.recording.committing import Stopped
from resonance_logs.recording.queue import FlushMark, Item, TaskQueue
from resonance_logs.recording.recorder import Recorder, TaskInput
from resonance_logs.recording.session import Session
from resonance_logs.recording.spill import Unwritten, ingest_command
from resonance_logs.recording.stats import Stats
from resonance_logs.recording.streams import Stream, Streams
from resonance_logs.recording.writer import Writer
from resonance_logs.settings import Settings
from resonance_logs.store.recorder_inputs import begin_input, has_input
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.system.forks import tell_after_fork
from resonance_logs.system.repeated_messages import limited_logger

NOTE_S: Final = 1.0
"""A locked file is waited for this long, to note in it that recording has stopped."""

MAX_RECORDERS: Final = 1_000
"""Maximum number of recorders that are open at a time."""

_logger = limited_logger(__name__)


class Recording:
    """A session with its streams and its running writer.

    Tasks are put into the queues of the streams. What is put while another thread calls ``close``,
    or while the writer stops because the file is damaged, may miss the writer; ``check_taken``
    tells.
    """

    def __init__(self, session: Session, settings: Settings) -> None:
        self.streams = Streams()
        self._session = session
        self._settings = settings
        self._writer = Writer(session.store, self.streams, settings, session, self._stop)
        self._inputs: list[TaskInput] = []
        self._recorders: dict[str, Recorder] = {}
        self._missed: list[Item] = []
        self._stopped: str | None = None
        self._stopped_as: type[DatabaseError] = DamagedDatabase
        self._is_closed = False
        self._make_locks()
        tell_after_fork(self, Recording._leave_to_parent)
        self._writer.start()

    def _make_locks(self) -> None:
        # Signal handlers may ask while their thread holds the last two.
        self._opening = threading.Lock()
        self._closing = threading.RLock()
        self._stopping = threading.RLock()

    def _leave_to_parent(self) -> None:
        """In a child process: accept no tasks; another thread may have held the locks."""
        self._make_locks()
        self._is_closed = True
        self._stop_inputs()
        for each in self.streams:
            each.queue.close()

    @classmethod
    def begin(cls, path: Path, settings: Settings, name: Path | None = None) -> Self:
        """Begin a session with the file at ``path`` and start its writer.

        ``name`` is the symlink by which it is opened, if it is one.

        Raises:
            AlreadyRecording: another program records into the file.
            DatabaseError: the file cannot be used; the subclass says why.
        """
        return cls(Session.begin(path, settings, name), settings)

    @property
    def store(self) -> Store:
        """The connections to the file."""
        return self._session.store

    @property
    def path(self) -> Path:
        """Where the database file is."""
        return self._session.store.path

    @property
    def last_error(self) -> str | None:
        """What last went wrong while writing."""
        return self._writer.progress.last_error

    def recorder(self, name: str, game: str | None = None, *, resume: bool = False) -> Recorder:
        """The recorder of this name, opened if necessary.

        Without ``game`` it is the one that the recorder had before, or the default. With ``resume``
        it continues the fight at which it stopped, if its sender said where its tasks begin; this
        matters only where it is opened.

        Raises:
            InvalidArgument: the name or the game is invalid, or it records another game.
            RecordingError: too many recorders are open, or the database was closed.
            DatabaseError: the file cannot be read now; the subclass says why.
        """
        check_recorder(name)
        if game is not None:
            check_game(game)
        found = self._recorders.get(name)
        if found is None:
            with self._opening:
                found = self._recorders.get(name)
                if found is None:
                    return self._open_recorder(name, game, resume=resume)
        if game not in (None, found.game):
            raise InvalidArgument(
                "game",
                f"recorder {name!r} records {found.game!r}, not {game!r}; use another recorder "
                "for another game",
            )
        return found

    def first_recorder(self, name: str, game: str | None, *, resume: bool) -> Recorder:
        """The first one; see ``recorder``. On any error, Ctrl-C too, it releases the file."""
        try:
            return self.recorder(name, game, resume=resume)
        except BaseException:
            self.close(0)
            self.store.close()
            raise

    def find(self, name: str) -> Recorder | None:
        """The recorder of this name, if it is open."""
        return self._recorders.get(name)

    def _open_recorder(self, name: str, game: str | None, *, resume: bool) -> Recorder:
        if len(self._recorders) >= MAX_RECORDERS:
            raise RecordingError(f"{MAX_RECORDERS:,} recorders are open, which is the maximum")
        state = self._session.open_stream(name, game, resume=resume)
        queue = TaskQueue(
            self._settings.queue_tasks,
            self._settings.enqueue_seconds,
            wakeup=self.streams.wake,
            start=state.position,
        )
        stream = Stream(queue, state)
        recorder = Recorder(self, stream)
        with self._stopping:
            if self._stopped is not None:
                raise RecordingError(self._stopped)
            if self._is_closed:
                raise DatabaseClosed(f"{self.path} was closed; open it again to record")
            self.streams.add(stream)
            self._recorders[name] = recorder
            self._inputs.append(recorder)
        return recorder

    def add_input(self, task_input: TaskInput) -> None:
        """Have it accept no more tasks once recording ends, or where it has ended already."""
        with self._stopping:
            self._inputs.append(task_input)
            if self._stopped is not None:
                task_input.stop_accepting()

    def mark(self, queue: TaskQueue, notify: Callable[[], None] | None = None) -> FlushMark:
        """Put a mark into a queue; it is done once all that was put before is committed.

        ``notify`` is called then, by another thread.

        Raises:
            RecordingError: the writer has ended.
        """
        if not self._writer.is_alive:
            raise RecordingError(f"the writer has ended: {self.last_error}")
        mark = FlushMark(notify)
        queue.put_mark(mark)
        return mark

    def begin_input(self, identity: Identity, input_id: str, position: int) -> int:
        """Note which input a recorder's next items are from; returns how many of it are known.

        Raises:
            DatabaseError: the file cannot be written now; the subclass says why.
        """
        with self.store.write_transaction() as connection:
            return begin_input(connection, identity, input_id, position)

    def end_input(self, identity: Identity, position: int) -> None:
        """Note that a recorder's next items come from no input, where the last ones did.

        Raises:
            DatabaseError: the file cannot be used now; the subclass says why.
        """
        with self.store.read_transaction() as connection:
            is_of_input = has_input(connection, identity.recorder)
        if is_of_input:
            self._session.end_input(identity.recorder, position)

    def check_running(self) -> None:
        """See that recording was not stopped.

        Raises:
            DatabaseClosed: the file was closed.
            RecordingError: it was, because the file is damaged.
        """
        self.store.check_open()
        with self._stopping:
            if self._stopped is not None:
                raise RecordingError(self._stopped)

    def check_in_place(self) -> None:
        """See that what is committed is in the file that is at the path.

        Raises:
            RecordingError: that was deleted, moved or replaced meanwhile.
        """
        try:
            self.store.check_in_place()
        except DatabaseUnavailable as error:
            raise RecordingError(str(error)) from error

    def check_taken(self, items: Sequence[Item]) -> None:
        """See that the writer took these items; to be asked once the queues are closed.

        Raises:
            DatabaseClosed: the database was closed before.
            RecordingError: recording was stopped before, because the file is damaged.
        """
        with self._closing, self._stopping:
            for stream in self.streams:
                self._missed += stream.queue.take(len(stream.queue))
            mine = set(map(id, items))
            missed = sum(id(item) in mine for item in self._missed)
        if missed:
            count = f"{missed} of {len(items)} were not taken"
            raise self.explain(DatabaseClosed(f"{self.path} was closed meanwhile; {count}"))

    def explain(self, error: DatabaseClosed) -> RecordingError:
        """The error for a caller that met a closed queue; damage may have closed it."""
        with self._stopping:
            return error if self._stopped is None else RecordingError(f"{self._stopped}; {error}")

    def stats(self) -> Stats:
        """What has been recorded so far, by all recorders."""
        progress = self._writer.progress
        states = [stream.state for stream in self.streams]
        return Stats(
            queued=self.streams.queued,
            written=progress.written,
            batches=progress.batches,
            batch_seconds=progress.batch_seconds,
            ignored=sum(state.ignored for state in states),
            strays=sum(state.strays.dropped for state in states),
            rejected=sum(state.rejected for state in states) + progress.rejected,
            cut=sum(state.cut for state in states),
            unmatched_bosses=sum(state.unmatched_bosses for state in states),
            unknown_dmg=sum(state.unknown_dmg for state in states),
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
            DatabaseMoved: recording had to stop because the file was deleted, moved or replaced.
        """
        seconds = self._settings.close_seconds if seconds is None else seconds
        deadline = time.monotonic() + seconds
        with self._opening, self._closing:
            with self._stopping:
                self._is_closed = True
                self._stop_inputs()
            self.streams.close()
            self._writer.stop(seconds)
            is_stuck = self._writer.progress.fault is not None
            left = self._unwritten()
            try:
                if self._stopped is not None:
                    raise self._stopped_as(self._stopped)
                if left:
                    raise DatabaseUnavailable(
                        f"{self.path} could not be written for {seconds:.3g} s "
                        f"({self.last_error}); {self._account(left)}"
                    )
            finally:
                self._session.end(
                    self._writer.run_progress(),
                    is_clean=not (left or is_stuck),
                    patience_s=max(0.0, deadline - time.monotonic()),
                )

    def _stop_inputs(self) -> None:
        for each in self._inputs:
            each.stop_accepting()

    def _stop(self, stop: Stopped, collect: Callable[[], None]) -> RecordingError:
        """Take no more tasks, because the file is damaged or gone; keep what is not written."""
        is_moved = stop.kind is DatabaseMoved
        what = "was deleted, moved or replaced while it was recorded" if is_moved else "is damaged"
        with self._stopping:
            self._stop_inputs()
            self.streams.close()
            collect()
            left = self._unwritten()
            account = self._account(left, " to the old file" if is_moved else "")
            self._stopped = f"{self.path} {what}, and recording has stopped: {stop}; {account}"
            self._stopped_as = stop.kind
        _logger.critical("%s", self._stopped)
        if not is_moved:
            self._session.note(self._writer.run_progress(), NOTE_S)
        return RecordingError(self._stopped)

    def _unwritten(self) -> list[Unwritten]:
        """Take from the streams what the writer has left."""
        found = []
        for stream in self.streams:
            left = stream.take_unwritten()
            if left:
                position = stream.state.position + len(left)
                is_positioned = stream.state.can_resume
                fight = stream.state.fight
                begun = None if fight is None else fight.begin_task()
                found.append(Unwritten(stream.identity, left, position, is_positioned, begun))
        return found

    def _account(self, left: Sequence[Unwritten], whereto: str = "") -> str:
        """What became of the tasks."""
        account = [f"{self._writer.progress.written:,} tasks are written{whereto}"]
        for number, each in enumerate(left):
            whose = "" if each.identity.is_default else f" of recorder {each.identity.recorder!r}"
            what = f"{len(each.items):,} tasks{whose}"
            account.append(f"{what} {_save_unwritten(self._session, number, each)}")
        return ", ".join(account)


def _save_unwritten(session: Session, number: int, unwritten: Unwritten) -> str:
    try:
        file = session.spill(number, unwritten)
    except OSError as error:
        return f"are lost: they could not be saved to a file either ({error})"
    if session.reads(file):
        return f"are kept in {file}"
    command = ingest_command(session.store.path, file)
    return f"are kept in {file} (once the database can be written, record them with: {command})"
