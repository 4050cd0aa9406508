"""The one thread that writes: collects a batch, applies it in one transaction, retries.

A batch that fails with a transient error is tried again until the writer is told to stop. Damage of
the file never passes: the file is repaired, or the writer stops.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from math import inf
from typing import Final

from sqlalchemy import Connection

from resonance_logs.errors import RecordingError
from resonance_logs.recording.batch import Batch, LogEntry, Settlement
from resonance_logs.recording.housekeeping import Housekeeping
from resonance_logs.recording.progress import Progress
from resonance_logs.recording.queue import FlushMark, Item, TaskQueue
from resonance_logs.recording.session import Session
from resonance_logs.recording.state import RecorderState
from resonance_logs.settings import Durability, Settings
from resonance_logs.store.rejects import Rejection, store_rejections
from resonance_logs.store.runs import DAMAGE, REPAIRED, RunProgress, record_progress
from resonance_logs.store.sqlite.connections import Store, describe
from resonance_logs.store.sqlite.integrity import Failure, kind_of
from resonance_logs.tasks import EndEncounter, Task

THREAD_NAME: Final = "resonance-logs-writer"
MIN_RETRY_S: Final = 0.05
MAX_RETRY_S: Final = 5.0

_logger = logging.getLogger(__name__)


OnStopped = Callable[[str, Callable[[], list[Task]]], RecordingError]
"""Told, in the writer's thread, why the writer stops; collects the tasks that are not written, and
answers what those get who wait for them."""


class CloseTimeout(Exception):
    """The time for closing is over, and the database still cannot be written."""


class Stopped(Exception):
    """The file is damaged, and could not be repaired."""


class Writer:
    """Takes tasks from the queue and writes them, in order, batch by batch."""

    def __init__(
        self,
        store: Store,
        queue: TaskQueue,
        settings: Settings,
        session: Session | None,
        on_stopped: OnStopped,
    ) -> None:
        self.state = RecorderState()
        self.progress = Progress()
        self._store = store
        self._queue = queue
        self._settings = settings
        self._session = session
        self._on_stopped = on_stopped
        self._is_just_repaired = False
        self._housekeeping = Housekeeping(settings)
        self._ended = 0
        self._faulty_since = 0.0
        self._connection: Connection | None = None
        self._closing = threading.Event()
        self._give_up_at = inf
        self._settle_at = inf
        self._tasks: Sequence[Task] = ()
        self._unwritten = 0
        self._left: list[Task] = []
        self._marks: list[FlushMark] = []
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout: float) -> list[Task]:
        """Write what is queued, then stop the thread; returns the tasks that were not written."""
        self._give_up_at = time.monotonic() + timeout
        self._closing.set()
        self._queue.wake()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        return self._left

    def _run(self) -> None:
        self._housekeeping.begin_round()
        try:
            while not (self._closing.is_set() and not len(self._queue)):
                self._work_safely()
            self._settle()
            self.state.strays = self.state.strays.discard()
            self._run_housekeeping(self._housekeeping.finish)
        except CloseTimeout:
            self._abandon()
        except Stopped as stop:
            self._disconnect()
            error = self._on_stopped(str(stop), self._collect)
            self.progress.fault = str(error)
            self._resolve_marks(error)
        except BaseException:  # unexpected: waiters must not wait forever
            self._abandon()
            raise
        finally:
            self._disconnect()

    def run_progress(self) -> RunProgress:
        """The progress so far."""
        progress = self.progress
        rejected = self.state.rejected + progress.rejected
        fault = progress.damage or progress.last_error
        return RunProgress(progress.written, len(self._queue), rejected, fault)

    @property
    def is_alive(self) -> bool:
        """Whether the thread still accepts tasks."""
        return self._thread.is_alive()

    def _work_safely(self) -> None:
        """Work; an unexpected error loses this batch and is logged; the thread survives."""
        try:
            self._work()
        except (CloseTimeout, Stopped):
            raise
        except Exception as error:  # noqa: BLE001 - the thread must survive
            lost, self._unwritten = self._unwritten, 0
            self.progress.last_error = describe(error)
            self.progress.rejected += lost
            message = f"the writer failed, {lost} tasks may be lost: {describe(error)}"
            self._report(message, error)
            self._disconnect()
            self._resolve_marks(RecordingError(message))

    def _report(self, message: str, error: Exception) -> None:
        """Log an error, even if logging itself fails."""
        try:
            _logger.critical(message, exc_info=error)
        except Exception as second:  # noqa: BLE001 - an application's handler raised
            self.progress.last_error = f"{message}; logging failed: {describe(second)}"

    def _work(self) -> None:
        """Wait for tasks, or until it is time to settle or for housekeeping; write one batch."""
        settings = self._settings
        came = self._queue.wait(1, self._wait_s())
        if came and not self._closing.is_set():
            self._queue.wait(settings.batch_tasks, settings.batch_seconds)
        self._write_items(self._queue.take(settings.max_batch_tasks))
        if not self._closing.is_set() and self._housekeeping.is_due(is_idle=not came):
            self._run_housekeeping(self._housekeeping.step)

    def _wait_s(self) -> float | None:
        settling = None if self._settle_at == inf else self._settle_at - time.monotonic()
        waits = [each for each in (settling, self._housekeeping.wait_s) if each is not None]
        return max(0.0, min(waits)) if waits else None

    def _run_housekeeping(self, work: Callable[[Connection], None]) -> None:
        try:
            work(self._connected())
        except Exception as error:  # noqa: BLE001 - housekeeping can wait; recording cannot
            self._disconnect()
            if kind_of(error, self._store) is Failure.DAMAGE:
                self._repair(error)
            else:
                _logger.warning("housekeeping is postponed: %s", describe(error))
                self._housekeeping.postpone()

    def _write_items(self, items: list[Item]) -> None:
        tasks, self._marks = _split_items(items)
        self._tasks = tasks
        self._unwritten = len(tasks)
        if tasks:
            self._write(tasks)
        if self._marks or time.monotonic() >= self._settle_at:
            self._settle()
        self._resolve_marks()

    def _resolve_marks(self, error: Exception | None = None) -> None:
        marks, self._marks = self._marks, []
        for mark in marks:
            mark.resolve(error)

    def _write(self, tasks: Sequence[Task]) -> None:
        """Write the tasks; if they cannot be written together, write halves, down to the invalid
        one.
        """
        started = time.perf_counter()
        error = self._commit(lambda connection: self._apply(connection, tasks))
        if error is None:
            self.progress.written += len(tasks)
            self.progress.batches += 1
            self.progress.batch_seconds += time.perf_counter() - started
            self._unwritten -= len(tasks)
        elif len(tasks) == 1:
            self._reject(tasks[0], error)
        else:
            half = len(tasks) // 2
            self._write(tasks[:half])
            self._write(tasks[half:])

    def _apply(self, connection: Connection, tasks: Sequence[Task]) -> Callable[[], None]:
        batch = Batch(connection, self.state, archive=self._settings.archive)
        batch.apply(tasks)

        def publish() -> None:
            warnings = batch.warnings()
            batch.publish()
            self._log_warnings(warnings)

        return publish

    def _log_warnings(self, warnings: Sequence[LogEntry]) -> None:
        """Log what a committed batch has to say; a log handler that raises costs nothing else."""
        try:
            for message, *values in warnings:
                _logger.warning(message, *values)
        except Exception as error:  # noqa: BLE001 - an application's handler raised
            self.progress.last_error = f"logging failed: {describe(error)}"

    def _reject(self, task: Task, error: Exception) -> None:
        fight = self.state.fight
        rejection = Rejection.from_error(task, error, None if fight is None else fight.id)
        _logger.error("task rejected: %s: %s", describe(error), rejection.task[:200])

        def set_aside(connection: Connection) -> Callable[[], None]:
            store_rejections(connection, [rejection])
            return lambda: None

        failure = self._commit(set_aside)
        self.progress.written += 1
        self.progress.rejected += 1
        self._unwritten -= 1
        if isinstance(task, EndEncounter):
            # The fight stays open, to be ended at the next open; others may begin.
            self.state.fight = None
            self.state.live_rows = {}
        if failure is not None:
            _logger.critical(
                "rejected task could not be stored: %s: %s", describe(failure), rejection.task
            )

    def _settle(self) -> None:
        self._settle_at = inf
        if self.state.is_settled:
            return

        def settle(connection: Connection) -> Callable[[], None]:
            if self._session is not None:
                record_progress(connection, self._session.run_id, self.run_progress())
            return Settlement(connection, self.state).publish

        error = self._commit(settle)
        if error is not None:
            _logger.error("live counters could not be stored: %s", describe(error))

    def _commit(self, work: Callable[[Connection], Callable[[], None]]) -> Exception | None:
        """Run ``work`` in a transaction, then what it returned; retry transient errors.

        Returns the error where what is to be written causes it.

        Raises:
            CloseTimeout: it is still failing at the time by which the writer must stop.
            Stopped: the file is damaged, and could not be repaired.
        """
        wait = MIN_RETRY_S
        while True:
            try:
                with self._connected().begin() as transaction:
                    keep = work(transaction.connection)
            except Exception as error:  # noqa: BLE001 - the thread must survive any error
                self._disconnect()
                kind = kind_of(error, self._store)
                if kind is Failure.TASK:
                    self._log_error(error)
                    return error
                if kind is Failure.DAMAGE:
                    self._repair(error)
                    continue
                self._report_fault(error)
                self._pause(wait)
                wait = min(wait * 2, MAX_RETRY_S)
            else:
                keep()
                self._after_commit()
                return None

    def _repair(self, error: Exception) -> None:
        """Have the damaged file put aside and go on with a new one.

        Raises:
            Stopped: that is not wanted or not possible, or the new one is damaged as well.
        """
        reason = describe(error)
        self.progress.last_error = reason
        self.progress.damage = DAMAGE + reason
        if self._session is None or not self._settings.salvage:
            raise Stopped(reason) from error
        if self._closing.is_set():
            raise Stopped(f"{reason}; it is repaired when recording next begins") from error
        if self._is_just_repaired:
            raise Stopped(f"{reason}; it was repaired just now, and is damaged again") from error
        _logger.error("damage was met while recording: %s", reason)
        try:
            report = self._session.repair(self.state, self._closing.is_set)
        except Exception as failure:
            raise Stopped(f"{reason}; it cannot be repaired now: {describe(failure)}") from failure
        self._is_just_repaired = True
        self.progress.damage = f"{REPAIRED}{reason}; {report.summary}"
        self._settle_at = 0.0

    def _after_commit(self) -> None:
        self._is_just_repaired = False
        self.progress.last_commit_at_ms = time.time_ns() // 1_000_000
        if self.progress.fault is not None:
            seconds = time.monotonic() - self._faulty_since
            _logger.warning("writing again after %.1f s; nothing was lost", seconds)
            self.progress.fault = None
        if self.state.ended != self._ended:
            self._ended = self.state.ended
            self._housekeeping.begin_round()
        else:
            self._housekeeping.record_commit()
        if not self.state.is_settled and self._settle_at == inf:
            self._settle_at = time.monotonic() + self._settings.live_seconds

    def _report_fault(self, error: Exception) -> None:
        """Report it once, and again if the reason changes."""
        message = describe(error)
        if self.progress.fault is None:
            self._faulty_since = time.monotonic()
        if message != self.progress.fault:
            _logger.warning(
                "nothing can be written now: %s; %d tasks are held and will be retried",
                message,
                self._unwritten + len(self._queue),
            )
        self.progress.fault = self.progress.last_error = message

    def _log_error(self, error: Exception) -> None:
        message = describe(error)
        if message != self.progress.last_error:
            _logger.warning("a batch could not be written: %s", message, exc_info=error)
        self.progress.last_error = message

    def _pause(self, seconds: float) -> None:
        if time.monotonic() + seconds > self._give_up_at:
            raise CloseTimeout
        self.progress.retries += 1
        if self._closing.is_set():
            time.sleep(seconds)
        else:
            self._closing.wait(seconds)

    def _connected(self) -> Connection:
        if self._connection is None:
            is_full = self._settings.durability == Durability.FULL
            self._connection = self._store.connect_writer(survives_power_loss=is_full)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _abandon(self) -> None:
        """Leave what could not be written to who closes."""
        self._left = self._collect()
        self._resolve_marks(CloseTimeout())

    def _collect(self) -> list[Task]:
        """What could not be written: the rest of the batch in hand, and what is queued."""
        queued, marks = _split_items(self._queue.take(len(self._queue)))
        in_hand = self._tasks[len(self._tasks) - self._unwritten :]
        self._marks += marks
        return [*in_hand, *queued]


def _split_items(items: list[Item]) -> tuple[Sequence[Task], list[FlushMark]]:
    if FlushMark not in set(map(type, items)):
        return items, []  # type: ignore[return-value]
    return (
        [item for item in items if not isinstance(item, FlushMark)],
        [item for item in items if isinstance(item, FlushMark)],
    )
