"""The one thread that writes: collects a batch of a stream, and applies it in one transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from math import inf
from typing import Final

from sqlalchemy import Connection

from resonance_logs.errors import RecordingError
from resonance_logs.recording.batch import Batch
from resonance_logs.recording.committing import CloseTimeout, Committer, Stopped
from resonance_logs.recording.housekeeping import Housekeeping
from resonance_logs.recording.progress import Progress
from resonance_logs.recording.queue import FlushMark
from resonance_logs.recording.session import Session
from resonance_logs.recording.settlement import Settlement
from resonance_logs.recording.state import RecorderState
from resonance_logs.recording.streams import Stream, Streams, split_items
from resonance_logs.settings import Settings
from resonance_logs.store.rejects import Rejection
from resonance_logs.store.runs import RunProgress, record_progress
from resonance_logs.store.sqlite.connections import Store, describe
from resonance_logs.store.sqlite.integrity import Failure
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.tasks import EndEncounter, SkippedLine, StreamItem

THREAD_NAME: Final = "resonance-logs-writer"

_logger = limited_logger(__name__)


OnStopped = Callable[[Stopped, Callable[[], None]], RecordingError]
"""Told, in the writer's thread, why the writer stops; has it leave the tasks that are not written
in the hands of their streams, and answers what those get who wait for them."""


class Writer:
    """Takes tasks from the queues and writes them, batch by batch, each stream in its order."""

    def __init__(
        self,
        store: Store,
        streams: Streams,
        settings: Settings,
        session: Session | None,
        on_stopped: OnStopped,
    ) -> None:
        self.progress = Progress()
        self._streams = streams
        self._settings = settings
        self._session = session
        self._on_stopped = on_stopped
        self._housekeeping = Housekeeping(settings)
        self._ended = 0
        self._settle_at = inf
        self._unwritten = 0
        self._marks: list[FlushMark] = []
        self._committer = Committer(
            store,
            settings,
            self.progress,
            repair=None if session is None else self._repair_file,
            rescue=None if session is None else session.rescue,
            count_held=lambda: self._unwritten + streams.queued,
        )
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Write what is queued, then stop the thread.

        What could not be written is left in the streams.
        """
        self._committer.give_up_at = time.monotonic() + timeout
        self._committer.closing.set()
        self._streams.wake()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def run_progress(self) -> RunProgress:
        """The progress so far."""
        progress = self.progress
        rejected = sum(each.state.rejected for each in self._streams) + progress.rejected
        fault = progress.damage or progress.last_error
        return RunProgress(progress.written, self._streams.queued, rejected, fault)

    @property
    def is_alive(self) -> bool:
        """Whether the thread still accepts tasks."""
        return self._thread.is_alive()

    @property
    def _is_closing(self) -> bool:
        return self._committer.closing.is_set()

    def _run(self) -> None:
        self._housekeeping.begin_round()
        try:
            while not (self._is_closing and not self._streams.queued):
                self._work_safely()
            self._settle()
            self._discard_strays()
            self._run_housekeeping(self._housekeeping.finish)
            self._committer.check_file()
        except CloseTimeout:
            self._abandon()
        except Stopped as stop:
            self._committer.disconnect()
            error = self._on_stopped(stop, self._collect)
            self.progress.fault = str(error)
            self._resolve_marks(error)
        except BaseException:  # unexpected: waiters must not wait forever
            self._abandon()
            raise
        finally:
            self._committer.disconnect()

    def _discard_strays(self) -> None:
        """Drop the events outside any fight, except those with which a recorder resumes."""
        for stream in self._streams:
            if not stream.state.can_resume:
                stream.state.strays = stream.state.strays.discard()

    def _work_safely(self) -> None:
        """Work; an unexpected error sets this batch aside and is logged; the thread survives."""
        try:
            self._work()
        except (CloseTimeout, Stopped):
            raise
        except Exception as error:  # noqa: BLE001 - the thread must survive
            self._committer.disconnect()
            self.progress.last_error = describe(error)
            lost = sum(self._set_aside_in_hand(stream, error) for stream in self._streams)
            self._unwritten = 0
            message = f"the writer failed, {lost} tasks may be lost: {describe(error)}"
            self._report(message, error)
            self._resolve_marks(RecordingError(message))

    def _set_aside_in_hand(self, stream: Stream, error: Exception) -> int:
        """Set aside tasks that an unexpected error left unwritten; returns how many are lost."""
        tasks, marks = split_items(stream.in_hand)
        stream.in_hand = tasks
        self._marks += marks
        if not tasks:
            return 0
        try:
            is_done = self._committer.commit(self._setting_aside(stream, tasks, error)) is None
        except (CloseTimeout, Stopped):
            raise
        except Exception as second:  # noqa: BLE001 - the thread must survive
            self._report(f"the tasks could not be set aside: {describe(second)}", second)
            is_done = False
        lost = 0 if is_done else len(tasks)
        if lost:
            stream.state.position += lost
            self.progress.rejected += lost
        stream.in_hand = ()
        return lost

    def _setting_aside(
        self, stream: Stream, tasks: Sequence[StreamItem], error: Exception
    ) -> Callable[[Connection], Callable[[], None]]:
        state = stream.state
        fight_id = None if state.fight is None else state.fight.id
        rejections = [
            Rejection.from_error(task, error, fight_id, stream.identity)
            for task in tasks
            if not isinstance(task, SkippedLine)
        ]

        def set_aside(connection: Connection) -> Callable[[], None]:
            batch = Batch(connection, state, archive=self._settings.archive)
            batch.set_aside(tasks, rejections)
            return batch.publish

        return set_aside

    def _report(self, message: str, error: Exception) -> None:
        """Log an error, even if logging itself fails."""
        try:
            _logger.critical(message, exc_info=error)
        except Exception as second:  # noqa: BLE001 - an application's handler raised
            self.progress.last_error = f"{message}; logging failed: {describe(second)}"

    def _work(self) -> None:
        """Wait for tasks, or until it is time to settle or for housekeeping; write what came."""
        settings = self._settings
        came = self._streams.wait(1, self._wait_s())
        if came and not self._is_closing:
            self._streams.wait(settings.batch_tasks, settings.batch_seconds)
        for stream in self._streams.take(settings.max_batch_tasks):
            self._write_in_hand(stream)
        if self._marks or time.monotonic() >= self._settle_at:
            self._settle()
        if self._marks or not self._committer.check_in_s:
            self._committer.check_file()
        self._resolve_marks()
        if not self._is_closing and self._housekeeping.is_due(is_idle=not came):
            self._run_housekeeping(self._housekeeping.step)

    def _wait_s(self) -> float:
        settling = None if self._settle_at == inf else self._settle_at - time.monotonic()
        waits = (settling, self._housekeeping.wait_s, self._committer.check_in_s)
        return max(0.0, min(each for each in waits if each is not None))

    def _run_housekeeping(self, work: Callable[[Connection], None]) -> None:
        try:
            work(self._committer.connection())
        except Exception as error:  # noqa: BLE001 - housekeeping can wait; recording cannot
            if self._committer.examine(error) is Failure.DAMAGE:
                self._committer.repair(error)
            else:
                _logger.warning("housekeeping is postponed: %s", describe(error))
                self._housekeeping.postpone()

    def _write_in_hand(self, stream: Stream) -> None:
        tasks, marks = split_items(stream.in_hand)
        self._marks += marks
        stream.in_hand = tasks
        self._unwritten = len(tasks)
        if tasks:
            self._write(stream, tasks)

    def _resolve_marks(self, error: Exception | None = None) -> None:
        marks, self._marks = self._marks, []
        for mark in marks:
            mark.resolve(error)

    def _abandon(self) -> None:
        """Leave what could not be written to who closes."""
        self._collect()
        self._resolve_marks(CloseTimeout())

    def _collect(self) -> None:
        """Leave in hand what could not be written: the rest of a batch, and what is queued."""
        for stream in self._streams:
            self._marks += stream.collect()

    def _write(self, stream: Stream, tasks: Sequence[StreamItem]) -> None:
        """Write the tasks; if they cannot be written together, write halves, down to the invalid
        one.
        """
        started = time.perf_counter()
        error = self._commit(lambda connection: self._apply(connection, stream, tasks))
        if error is None:
            self.progress.written += len(tasks)
            self.progress.batches += 1
            self.progress.batch_seconds += time.perf_counter() - started
        elif len(tasks) == 1:
            self._reject(stream, tasks[0], error)
        else:
            half = len(tasks) // 2
            self._write(stream, tasks[:half])
            self._write(stream, tasks[half:])

    def _note_written(self, stream: Stream, count: int) -> None:
        self._unwritten -= count
        stream.in_hand = stream.in_hand[count:]

    def _apply(
        self, connection: Connection, stream: Stream, tasks: Sequence[StreamItem]
    ) -> Callable[[], None]:
        batch = Batch(connection, stream.state, archive=self._settings.archive)
        batch.apply(tasks)

        def publish() -> None:
            warnings = batch.warnings()
            batch.publish()
            self._note_written(stream, len(tasks))
            for message, *values in warnings:
                self._committer.warn(message, *values)

        return publish

    def _reject(self, stream: Stream, task: StreamItem, error: Exception) -> None:
        state = stream.state
        fight_id = None if state.fight is None else state.fight.id
        rejection = Rejection.from_error(task, error, fight_id, stream.identity)
        _logger.error("task rejected: %s: %s", describe(error), rejection.task[:200])

        def set_aside(connection: Connection) -> Callable[[], None]:
            batch = Batch(connection, state, archive=self._settings.archive)
            batch.set_aside([task], [rejection])

            def publish() -> None:
                batch.publish()
                self._note_written(stream, 1)

            return publish

        failure = self._commit(set_aside)
        self.progress.written += 1
        if failure is not None:
            self._note_written(stream, 1)
            self.progress.rejected += 1
            state.position += 1
            if isinstance(task, EndEncounter):
                state.fight, state.live_rows = None, {}
            _logger.critical(
                "rejected task could not be stored: %s: %s", describe(failure), rejection.task
            )

    def _settle(self) -> None:
        self._settle_at = inf
        unsettled = [each.state for each in self._streams if not each.state.is_settled]
        if not unsettled:
            return

        def settle(connection: Connection) -> Callable[[], None]:
            if self._session is not None:
                record_progress(connection, self._session.run_id, self.run_progress())
            settlements = _settlements(connection, unsettled)

            def publish() -> None:
                for each in settlements:
                    each.publish()

            return publish

        if self._commit(settle) is not None:
            for state in unsettled:  # so that one recorder does not hold up the others
                self._settle_alone(state)

    def _settle_alone(self, state: RecorderState) -> None:
        error = self._commit(lambda connection: Settlement(connection, state).publish)
        if error is not None:
            _logger.error(
                "live counters of recorder %r could not be stored: %s",
                state.identity.recorder,
                describe(error),
            )

    def _commit(self, work: Callable[[Connection], Callable[[], None]]) -> Exception | None:
        error = self._committer.commit(work)
        if error is None:
            self._after_commit()
        return error

    def _repair_file(self) -> str:
        """Repair the damaged file; returns what became of its fights."""
        if self._session is None:
            raise RecordingError("there is no session to repair the file in")
        report = self._session.repair(self._streams, self._committer.closing.is_set)
        self._settle_at = 0.0
        return report.summary

    def _after_commit(self) -> None:
        ended = sum(each.state.ended for each in self._streams)
        if ended != self._ended:
            self._ended = ended
            self._housekeeping.begin_round()
        else:
            self._housekeeping.record_commit()
        is_settled = all(each.state.is_settled for each in self._streams)
        if not is_settled and self._settle_at == inf:
            self._settle_at = time.monotonic() + self._settings.live_seconds


def _settlements(connection: Connection, states: Sequence[RecorderState]) -> list[Settlement]:
    """Settle the states; the players that several of them share are stored once."""
    done: set[int] = set()
    settlements = []
    for state in states:
        shared = id(state.entities)
        settlements.append(Settlement(connection, state, with_players=shared not in done))
        done.add(shared)
    return settlements
