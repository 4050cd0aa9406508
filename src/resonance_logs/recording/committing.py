"""Commit work to the file: retry what is transient, repair damage, report both."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from math import inf
from typing import Final, NoReturn

from sqlalchemy import Connection

from resonance_logs.errors import DamagedDatabase, DatabaseError, DatabaseMoved, DatabaseUnavailable
from resonance_logs.recording.progress import Progress
from resonance_logs.settings import Durability, Settings
from resonance_logs.store.runs import DAMAGE, REPAIRED
from resonance_logs.store.sqlite.connections import Store, describe
from resonance_logs.store.sqlite.file_identity import LogFiles
from resonance_logs.store.sqlite.integrity import Failure, kind_of
from resonance_logs.store.sqlite.rescue import fold_log
from resonance_logs.system.repeated_messages import limited_logger

MIN_RETRY_S: Final = 0.05
MAX_RETRY_S: Final = 5.0
CHECK_S: Final = 0.5
"""How often to look whether the file is still at its path."""

_logger = limited_logger(__name__)


class CloseTimeout(Exception):
    """The time for closing is over, and the database still cannot be written."""


class Stopped(Exception):
    """The file is damaged and could not be repaired, or it is not at its path any more."""

    def __init__(self, reason: str, kind: type[DatabaseError] = DamagedDatabase) -> None:
        super().__init__(reason)
        self.kind = kind


Work = Callable[[Connection], Callable[[], None]]
"""Runs in a transaction, and returns what to do once it is committed."""


class Committer:
    """The one connection that writes, and what happens where it cannot.

    Work that fails with a transient error is tried again until the writer is told to stop. Damage
    of the file never passes: the file is repaired, or the writer stops.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        progress: Progress,
        *,
        repair: Callable[[], str] | None,
        rescue: Callable[[Connection | None, LogFiles | None], str] | None,
        count_held: Callable[[], int],
    ) -> None:
        self.closing = threading.Event()
        """Set once the writer is to stop."""
        self.give_up_at = inf
        """When to give up retrying (time.monotonic)."""
        self._store = store
        self._settings = settings
        self._progress = progress
        self._repair_file = repair
        self._rescue = rescue
        self._count_held = count_held
        self._connection: Connection | None = None
        self._log_files: LogFiles | None = None
        self._check_at = 0.0
        self._is_just_repaired = False
        self._faulty_since = 0.0

    def commit(self, work: Work) -> Exception | None:
        """Run ``work`` in a transaction, then what it returned; retry transient errors.

        Returns the error where what is to be written causes it.

        Raises:
            CloseTimeout: it is still failing at the time by which the writer must stop.
            Stopped: the file is damaged and could not be repaired, or is not at its path any more.
        """
        wait = MIN_RETRY_S
        while True:
            try:
                with self.connection().begin() as transaction:
                    keep = work(transaction.connection)
            except Exception as error:  # noqa: BLE001 - the thread must survive any error
                kind = self.examine(error)
                if kind is Failure.TASK:
                    self._log_error(error)
                    return error
                if kind is Failure.DAMAGE:
                    self.repair(error)
                    continue
                self._report_fault(error)
                self._pause(wait)
                wait = min(wait * 2, MAX_RETRY_S)
            else:
                keep()
                if self._log_files is None:
                    self._log_files = LogFiles(self._store.path)
                self._end_fault()
                return None

    @property
    def check_in_s(self) -> float:
        """In how many seconds to look again whether the file is still at its path."""
        return max(0.0, self._check_at - time.monotonic())

    def check_file(self) -> None:
        """See that what was committed is in the file that whoever opens the path will read.

        Raises:
            CloseTimeout: that cannot be found out until the time by which the writer must stop.
            Stopped: the file is not at its path any more.
        """
        wait = MIN_RETRY_S
        while True:
            try:
                self._store.check_in_place()
                self._check_log()
            except DatabaseMoved as error:
                self._stop_as_moved(error)
            except DatabaseUnavailable as error:
                self._report_fault(error)
                self._pause(wait)
                wait = min(wait * 2, MAX_RETRY_S)
            else:
                self._check_at = time.monotonic() + CHECK_S
                if wait > MIN_RETRY_S:
                    self._end_fault()
                return

    def _check_log(self) -> None:
        """Renew the log, where another program deleted or replaced it or its index.

        Raises:
            DatabaseUnavailable: readers are in the way.
        """
        moved = None if self._log_files is None else self._log_files.find_moved()
        if moved is None:
            return
        self._store.disconnect()
        if not fold_log(self.connection()):
            raise DatabaseUnavailable(f"{moved} was deleted, and readers are in the way")
        self.disconnect()
        self.warn(
            "%s was deleted or replaced by another program; what was committed is in the database "
            "file now, and recording goes on; leave the files beside the database alone",
            moved,
        )

    def examine(self, error: Exception) -> Failure:
        """What kind of failure an error is; disconnects.

        Raises:
            Stopped: the file is not at its path any more, whatever the error is.
        """
        try:
            self._store.check_in_place()
        except DatabaseMoved as moved:
            self._stop_as_moved(moved)
        except DatabaseUnavailable:
            self.disconnect()
            return Failure.TRANSIENT
        self.disconnect()
        return kind_of(error, self._store)

    def _stop_as_moved(self, error: DatabaseMoved) -> NoReturn:
        self._progress.last_error = str(error)
        reason = str(error)
        if self._rescue is not None:
            try:
                reason = self._rescue(self._connection, self._log_files)
            except Exception as failure:  # noqa: BLE001 - the tasks must be kept whatever happens
                reason = f"what was recorded could not be saved: {describe(failure)}"
        self.disconnect()
        self._store.disconnect()
        raise Stopped(reason, DatabaseMoved) from error

    def repair(self, error: Exception) -> None:
        """Have the damaged file put aside and go on with a new one.

        Raises:
            Stopped: that is not wanted or not possible, or the new one is damaged as well.
        """
        self.disconnect()
        reason = describe(error)
        self._progress.last_error = reason
        self._progress.damage = DAMAGE + reason
        if self._repair_file is None or not self._settings.salvage:
            raise Stopped(reason) from error
        if self.closing.is_set():
            raise Stopped(f"{reason}; it is repaired when recording next begins") from error
        if self._is_just_repaired:
            raise Stopped(f"{reason}; it was repaired just now, and is damaged again") from error
        _logger.error("damage was met while recording: %s", reason)
        try:
            summary = self._repair_file()
        except Exception as failure:
            raise Stopped(f"{reason}; it cannot be repaired now: {describe(failure)}") from failure
        self._is_just_repaired = True
        self._progress.damage = f"{REPAIRED}{reason}; {summary}"

    def connection(self) -> Connection:
        """The connection, opened if necessary."""
        if self._connection is None:
            is_full = self._settings.durability == Durability.FULL
            self._connection = self._store.connect_writer(survives_power_loss=is_full)
        return self._connection

    def disconnect(self) -> None:
        """Close the connection."""
        self._log_files = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _end_fault(self) -> None:
        self._is_just_repaired = False
        self._progress.last_commit_at_ms = time.time_ns() // 1_000_000
        if self._progress.fault is not None:
            self._progress.fault = None
            seconds = time.monotonic() - self._faulty_since
            self.warn("writing again after %.1f s; nothing was lost", seconds)

    def _report_fault(self, error: Exception) -> None:
        """Report it once, and again if the reason changes."""
        message, before = describe(error), self._progress.fault
        self._progress.fault = self._progress.last_error = message
        if before is None:
            self._faulty_since = time.monotonic()
        if message != before:
            self.warn(
                "nothing can be written now: %s; %d tasks are held and will be retried",
                message,
                self._count_held(),
            )

    def _log_error(self, error: Exception) -> None:
        message, before = describe(error), self._progress.last_error
        self._progress.last_error = message
        if message != before:
            self.warn("a batch could not be written: %s", message, error=error)

    def warn(self, message: str, *values: object, error: Exception | None = None) -> None:
        """Log a warning; an application's log handler that raises costs nothing else."""
        try:
            _logger.warning(message, *values, exc_info=error)
        except Exception as failure:  # noqa: BLE001 - an application's handler raised
            self._progress.last_error = f"logging failed: {describe(failure)}"

    def _pause(self, seconds: float) -> None:
        if time.monotonic() + seconds > self.give_up_at:
            raise CloseTimeout
        self._progress.retries += 1
        if self.closing.is_set():
            time.sleep(seconds)
        else:
            self.closing.wait(seconds)
