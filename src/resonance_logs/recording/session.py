"""One recorder's time with a file: the lock, recovery, and the run that is noted in the file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from sqlalchemy import Connection

from resonance_logs.errors import DamagedDatabase, DatabaseError
from resonance_logs.recording.recovery import continued, read_spills, recompute_outdated, recover
from resonance_logs.recording.spill import write_spill
from resonance_logs.recording.state import RecorderState
from resonance_logs.settings import Settings
from resonance_logs.store.players import EntityCache
from resonance_logs.store.runs import (
    Run,
    RunProgress,
    begin_run,
    end_run,
    last_run,
    record_progress,
    resume_run,
)
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.file_copies import preserve_wal
from resonance_logs.store.sqlite.integrity import page_faults
from resonance_logs.store.sqlite.lock import RecorderLock
from resonance_logs.store.sqlite.migrate import check_kind, prepare
from resonance_logs.store.sqlite.salvage import SalvageReport, finish_salvage, salvage
from resonance_logs.tasks import Task

_logger = logging.getLogger(__name__)


ADVICE = "run resonance-logs salvage to save what can be read, or restore a backup"


class Session:
    """One recorder's session with a file: the lock, and the run recorded in the file."""

    def __init__(self, store: Store, lock: RecorderLock, run_id: int) -> None:
        self.store = store
        self._lock = lock
        self.run_id = run_id

    @classmethod
    def begin(cls, path: Path, settings: Settings) -> Self:
        """Take the lock, finish what the last recorder left behind, record the new run.

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
            store = _open_intact(path, settings)
            try:
                lock.follow_file()  # it was made just now, or put in the place of a damaged one
                read_spills(store, archive=settings.archive)
                recover(store, archive=settings.archive)
                recompute_outdated(store)
                with store.write_transaction() as connection:
                    return cls(store, lock, begin_run(connection))
            except BaseException:  # on any error, Ctrl-C too: leave no connection open
                store.close()
                raise
        except BaseException:
            lock.release()
            raise

    def spill(self, tasks: Sequence[Task]) -> Path:
        """Save tasks that can no longer be written to a file; the next session reads it.

        Raises:
            OSError: no file can be written either.
        """
        return write_spill(self.store.path, self.run_id, tasks)

    def repair(self, state: RecorderState, is_stopped: Callable[[], bool]) -> SalvageReport:
        """Put the file, which is damaged, aside; go on with a new one and what can be read.

        The fight being recorded goes on. What of it is lost is counted; where nothing of it can
        be read it begins anew. Only for the thread that writes, between two transactions.

        Raises:
            DatabaseError: that is not possible; the damaged file stays where it is.
        """
        path = self.store.path
        self.store.close()
        with preserve_wal(path):
            report = salvage(path, is_stopped)
        self._lock.follow_file()
        self.store.close()  # what was connected meanwhile still has the damaged file
        with self.store.write_transaction() as connection:
            resume_run(connection, self.run_id)
            state.entities.store_all(connection)
            fight = None if state.fight is None else continued(connection, state.fight)
        state.fight = fight
        state.entities = EntityCache()
        state.live_rows = {}
        state.is_settled = False
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
