"""A program's time with a file: the lock, recovery, and the run that is noted in the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Self

from sqlalchemy import Connection

from resonance_logs.errors import DamagedDatabase, DatabaseError
from resonance_logs.recording.recovery import (
    continued,
    end_open_fights,
    read_spills,
    read_state,
    recompute_outdated,
    recover,
)
from resonance_logs.recording.settlement import store_state
from resonance_logs.recording.spill import Unwritten, write_spill
from resonance_logs.recording.state import RecorderState
from resonance_logs.recording.streams import Streams
from resonance_logs.settings import Settings
from resonance_logs.store.recorder_inputs import end_input
from resonance_logs.store.runs import (
    Run,
    RunProgress,
    begin_run,
    end_run,
    last_run,
    record_progress,
    resume_run,
    started_at_ms,
)
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.file_copies import preserve_wal
from resonance_logs.store.sqlite.file_identity import HeldFile, LogFiles
from resonance_logs.store.sqlite.integrity import page_faults
from resonance_logs.store.sqlite.lock import RecorderLock
from resonance_logs.store.sqlite.migrate import check_kind, prepare
from resonance_logs.store.sqlite.rescue import Rescue, rescue
from resonance_logs.store.sqlite.salvage import SalvageReport, finish_salvage, salvage
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.system.whole_files import remove_stale

_logger = limited_logger(__name__)


ADVICE = "run resonance-logs salvage to save what can be read, or restore a backup"


class Session:
    """A program's session with a file: the lock, and the run recorded in the file."""

    def __init__(
        self, store: Store, lock: RecorderLock, run: tuple[int, int | None], *, archive: bool
    ) -> None:
        self.store = store
        self._lock = lock
        self._archive = archive
        self.run_id, self._started_at_ms = run
        self._held = HeldFile(store.path)
        self._rescue: Rescue | None = None

    @classmethod
    def begin(cls, path: Path, settings: Settings, name: Path | None = None) -> Self:
        """Take the lock, finish what the last recorder left behind, record the new run.

        ``name`` is the symlink by which the file at ``path`` is opened, if it is one.

        A damaged file is put aside, and its readable parts are saved into a new one.

        Raises:
            AlreadyRecording: another program records into the file.
            ReadOnlyDatabase: the file may only be read.
            DamagedDatabase: the file is damaged, and ``Settings.salvage`` is off.
            DatabaseError: the file cannot be used; the subclass says why.
        """
        check_kind(path)
        lock = RecorderLock(path)
        lock.acquire()
        try:
            remove_stale(path.parent)
            store = _open_intact(path, settings)
            try:
                store.watch(name or path)
                lock.follow_file()  # it was made just now, or put in the place of a damaged one
                read_spills(store, archive=settings.archive)
                recover(store, archive=settings.archive)
                recompute_outdated(store)
                with store.write_transaction() as connection:
                    run_id = begin_run(connection)
                    run = run_id, started_at_ms(connection, run_id)
                return cls(store, lock, run, archive=settings.archive)
            except BaseException:  # on any error, Ctrl-C too: leave no connection open
                store.close()
                raise
        except BaseException:
            lock.release()
            raise

    def open_stream(self, recorder: str, game: str | None, *, resume: bool) -> RecorderState:
        """The state in which a recorder begins; with ``resume`` it continues where it stopped.

        Without ``game`` it is the one that the recorder had before, or the default.

        Raises:
            InvalidArgument: a fight of another game waits to be continued.
            DatabaseError: the file cannot be used; the subclass says why.
        """
        with self.store.read_transaction() as connection:
            state = read_state(connection, recorder, game, resume=resume)
        if state is None:
            with self.store.write_transaction() as connection:
                end_open_fights(connection, recorder, archive=self._archive)
            return self.open_stream(recorder, game, resume=False)
        if state.is_of_input:
            self.end_input(recorder, state.position)
        return state

    def end_input(self, recorder: str, position: int) -> None:
        """Note that a recorder's next items come from no input that is known.

        Raises:
            DatabaseError: the file cannot be written now; the subclass says why.
        """
        with self.store.write_transaction() as connection:
            end_input(connection, recorder, position)

    def spill(self, number: int, unwritten: Unwritten) -> Path:
        """Save tasks of a stream that can no longer be written; the next session reads them.

        After a rescue only a session with the file that was rescued does.

        Raises:
            OSError: no file can be written either.
        """
        path, only_for = self.store.path, None
        if self._rescue is not None:
            only_for = self._started_at_ms
            if not path.parent.is_dir() and self._rescue.place is not None:
                path = self._rescue.place  # the whole folder was moved
        return write_spill(path, self.run_id, number, unwritten, run_started_at_ms=only_for)

    def reads(self, spill: Path) -> bool:
        """Whether a session reads this spill by itself, because it is beside its file."""
        places = (
            [self.store.path] if self._rescue is None else [self.store.path, self._rescue.place]
        )
        return spill.parent in {each.parent for each in places if each is not None}

    def rescue(self, connection: Connection | None, log_files: LogFiles | None) -> str:
        """Keep what was committed to the file, which is not at its path any more.

        ``connection`` is one to that file, which has these ``log_files`` open. Returns an account
        of it. Only for the thread that writes.
        """
        self.store.disconnect()
        self._rescue = rescue(connection, self.store.path, self._held, log_files)
        return self._rescue.account

    def repair(self, streams: Streams, is_stopped: Callable[[], bool]) -> SalvageReport:
        """Put the file, which is damaged, aside; go on with a new one and what can be read.

        The fights being recorded go on. What of them is lost is counted; where nothing of one can
        be read it begins anew. Only for the thread that writes, between two transactions.

        Raises:
            DatabaseError: that is not possible; the damaged file stays where it is.
        """
        path = self.store.path
        self.store.disconnect()
        with preserve_wal(path):
            report = salvage(path, is_stopped)
        self._lock.follow_file()
        self._held.follow(path)
        self.store.follow_file()  # what was connected meanwhile still has the damaged file
        with self.store.write_transaction() as connection:
            resume_run(connection, self.run_id)
            found = []
            repaired = tuple(streams)
            for stream in repaired:
                state = stream.state
                state.entities.store_all(connection)
                store_state(connection, state, state.position, state.strays)
                found.append(None if state.fight is None else continued(connection, state.fight))
        for stream, fight in zip(repaired, found, strict=True):
            stream.state.fight = fight
            stream.state.stored_position = stream.state.position
            stream.state.live_rows = {}
            stream.state.is_settled = False
        streams.replace_players()
        return report

    def note(self, run_progress: RunProgress, patience_s: float) -> None:
        """Note what the run has done, where that is possible; a failure is only logged."""
        try:
            with self.store.write_transaction(patience_s) as connection:
                record_progress(connection, self.run_id, run_progress)
        except Exception as error:  # noqa: BLE001 - the file is damaged, and waiters need an answer
            _logger.warning("the run could not be noted: %s", error)

    def end(self, run_progress: RunProgress, *, is_clean: bool, patience_s: float) -> None:
        """Record the end of the run if everything was written, checkpoint, release the lock.

        A file that is locked is waited for up to ``patience_s`` seconds.
        """
        try:
            if is_clean:
                with self.store.write_transaction(patience_s) as connection:
                    end_run(connection, self.run_id, run_progress)
                self.store.checkpoint()
        except DatabaseError as error:
            _logger.warning("could not record the shutdown: %s", error)
        finally:
            self._held.release()
            self._lock.release()


def _open_intact(path: Path, settings: Settings) -> Store:
    finish_salvage(path)
    with preserve_wal(path):
        try:
            return _open_checked(path)
        except DamagedDatabase:
            if not settings.salvage:
                raise
            salvage(path)
    return _open_checked(path)


def _open_checked(path: Path) -> Store:
    """Open the file at this program's version; check it for damage if its last run was interrupted.

    Raises:
        DamagedDatabase: the file is damaged; nothing was written to it.
    """
    prepare(path)
    store = Store(path)
    try:
        with store.read_transaction() as connection:
            last = last_run(connection)
            faults = [] if last is None else _faults_after(connection, last)
        if faults:
            raise DamagedDatabase(f"{path} is damaged and was not changed: {faults[0]}; {ADVICE}")
    except BaseException:
        store.close()
        raise
    return store


def _faults_after(connection: Connection, last: Run) -> list[str]:
    """What is wrong with the pages after a run that was cut off, or that met damage."""
    if last.has_met_damage:
        return page_faults(
            connection, quick=False
        )  # which sees damaged indexes too, and takes long
    return [] if last.is_clean else page_faults(connection, quick=True)
