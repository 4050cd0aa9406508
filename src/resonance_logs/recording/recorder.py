"""Where tasks are accepted: a recorder's own methods, and those of a database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn, Protocol

from resonance_logs.errors import (
    DatabaseClosed,
    FlushTimeout,
    InvalidArgument,
    InvalidTask,
    PositionGap,
    RecorderBusy,
    RecordingError,
)
from resonance_logs.fights.identity import Identity
from resonance_logs.recording.committing import CloseTimeout
from resonance_logs.recording.queue import FlushMark, Item, TaskQueue
from resonance_logs.recording.resending import Sender
from resonance_logs.recording.stats import Counts
from resonance_logs.recording.streams import Stream
from resonance_logs.tasks import TASK_TYPES, SkippedLine, StreamItem, Task

_ACCEPTED: Final = TASK_TYPES | {SkippedLine}


class OpenRecording(Protocol):
    """What an input asks the recording that it belongs to."""

    @property
    def path(self) -> Path:
        """Where the database file is."""

    @property
    def last_error(self) -> str | None:
        """What last went wrong while writing."""

    def mark(self, queue: TaskQueue, notify: Callable[[], None] | None = None) -> FlushMark:
        """Put a mark into a queue; it is done once all that was put before is committed."""

    def check_running(self) -> None:
        """Raise DatabaseClosed, or RecordingError if recording stopped."""

    def check_in_place(self) -> None:
        """Raise RecordingError if the file was deleted, moved or replaced meanwhile."""

    def check_taken(self, items: Sequence[Item]) -> None:
        """Raise DatabaseClosed or RecordingError unless the writer took these items."""

    def explain(self, error: DatabaseClosed) -> RecordingError:
        """The error for a caller that met a closed queue."""

    def begin_input(self, identity: Identity, input_id: str, position: int) -> int:
        """Note which input the next items are from; returns how many of it are known."""

    def end_input(self, identity: Identity, position: int) -> None:
        """Note that the next items come from no input."""


class TaskInput:
    """Accepts the tasks of one recorder, as long as its ``_queue`` is set.

    A signal handler may call ``enqueue``, ``enqueue_many`` and ``flush``, also if it interrupts one
    of them.
    """

    _queue: TaskQueue | None
    """None if tasks are not accepted: closed, stopped, or opened with record=False."""

    _recording: OpenRecording | None

    on_stopped: Callable[[], None] | None = None
    """Called once no more tasks are accepted: the database is closed, damaged or gone. It must not
    wait; it may be called by the writer's thread."""

    def enqueue(self, task: Task, timeout: float | None = None) -> None:
        """Queue a task to be written; returns at once, unless the queue is full.

        With a full queue, waits up to ``timeout`` seconds (None: ``Settings.enqueue_seconds``).

        Raises:
            InvalidTask: ``task`` is not a task. A wrong field type is found later by the writer,
                which adds the task to the rejected tasks.
            QueueFull: the queue stayed full; the task was not queued.
            DatabaseClosed: the database was closed.
            RecordingError: recording has stopped because the file is damaged or gone.
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

    def enqueue_many(self, tasks: Sequence[StreamItem], timeout: float | None = None) -> None:
        """Queue several tasks in order, at a fraction of the cost.

        Raises:
            InvalidTask: one of them is not a task; none was queued.
            QueueFull: the queue stayed full; only the first ``taken`` (of the error) were queued.
            DatabaseClosed: the database was closed; the message says how many were not queued.
            RecordingError: recording has stopped because the file is damaged or gone.
        """
        for kind in set(map(type, tasks)) - _ACCEPTED:
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
            RecordingError: recording has stopped because the file is damaged or gone; the message
                says where the unwritten tasks are kept.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            for mark in self._put_marks():
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                mark.wait(left)
        except TimeoutError as error:
            raise self._flush_timeout(timeout) from error
        except CloseTimeout as error:
            raise DatabaseClosed("closed before all tasks could be written") from error

    async def flush_async(self, timeout: float | None = None) -> None:
        """Like ``flush``, but awaitable."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # nobody waits: the loop was closed
                loop.call_soon_threadsafe(woken.set)

        marks = self._put_marks(wake)

        async def wait() -> None:
            for mark in marks:
                while not mark.is_done:
                    await woken.wait()
                    woken.clear()
                mark.check()

        try:
            await asyncio.wait_for(wait(), timeout)
        except TimeoutError as error:
            raise self._flush_timeout(timeout) from error
        except CloseTimeout as error:
            raise DatabaseClosed("closed before all tasks could be written") from error

    def stop_accepting(self) -> None:
        """Accept no more tasks."""
        self._queue = None
        if self.on_stopped is not None:
            self.on_stopped()

    def _queues(self) -> Sequence[TaskQueue]:
        """The queues that a flush waits for."""
        return [] if self._queue is None else [self._queue]

    def _put_marks(self, notify: Callable[[], None] | None = None) -> list[FlushMark]:
        if self._recording is None or self._queue is None:
            self._refuse()
        marks = [self._recording.mark(queue, notify) for queue in self._queues()]
        if self._queue is None:
            self._check_taken(marks)
        return marks

    def _check_taken(self, items: Sequence[Item]) -> None:
        """Raise unless these were queued before the database was closed or the writer stopped."""
        if self._recording is not None:
            self._recording.check_taken(items)

    def _explain(self, error: DatabaseClosed) -> RecordingError:
        return error if self._recording is None else self._recording.explain(error)

    def _refuse(self) -> NoReturn:
        if self._recording is None:
            raise RecordingError("the database was opened with record=False")
        self._recording.check_running()
        raise DatabaseClosed(f"{self._recording.path} was closed; open it again to record")

    def _flush_timeout(self, timeout: float | None) -> FlushTimeout:
        queued = sum(len(queue) for queue in self._queues())
        last_error = None if self._recording is None else self._recording.last_error
        return FlushTimeout(
            f"not all tasks were committed within {timeout} s ({queued:,} waiting; "
            f"last error: {last_error or 'none'}); they are still held"
        )


class Recorder(TaskInput):
    """A recorder of an open database: it accepts the tasks of one stream.

    Each recorder has its own order and its own open fight, and its tasks never mix with those of
    another. Create it with ``Database.recorder``.
    """

    _recording: OpenRecording

    def __init__(self, recording: OpenRecording, stream: Stream) -> None:
        self._recording = recording
        self._queue = stream.queue
        self._stream = stream

    @property
    def name(self) -> str:
        """The recorder's name."""
        return self._stream.identity.recorder

    @property
    def game(self) -> str:
        """The id of the game that its tasks come from."""
        return self._stream.identity.game

    @property
    def queue(self) -> TaskQueue:
        """Where its tasks wait."""
        return self._stream.queue

    @property
    def position(self) -> int:
        """The number of tasks accepted so far, ever since the recorder first sent any."""
        return self._stream.queue.position

    @property
    def stored_position(self) -> int:
        """The number of tasks that a crash cannot undo; the others must be sent again after one.

        Raises:
            RecordingError: the file was deleted, moved or replaced meanwhile.
        """
        position = max(0, self._stream.state.stored_position)
        self._recording.check_in_place()
        return position

    def take_counts(self) -> Counts:
        """What became of its tasks since the last call, as far as the writer has come.

        For who is ``sending``: so that the sum over all answers to the senders is exact.

        Raises:
            DatabaseClosed: the database was closed.
            RecordingError: recording was stopped.
        """
        self._recording.check_running()
        return self._stream.take_counts()

    def _begin_input(self, input_id: str) -> int:
        return self._recording.begin_input(self._stream.identity, input_id, self.position)

    @contextmanager
    def sending(
        self, from_position: int | None = None, *, by_input: bool = False
    ) -> Iterator[Sender]:
        """Be the only sender of this recorder while the block runs.

        ``from_position`` is how many tasks the sender had sent before: those that were accepted
        already are skipped, so that sending them again is harmless. With ``by_input`` the sender
        notes from which inputs they come, and continues each of them. Whoever calls ``enqueue``
        meanwhile shifts the position; leave that to one program.

        Raises:
            InvalidArgument: ``from_position`` is not a whole number from 0 on.
            RecorderBusy: another sender is sending for it.
            DatabaseClosed: the database was closed.
            PositionGap: ``from_position`` is beyond what was accepted; nothing was.
            DatabaseError: the file cannot be used now; the subclass says why.
        """
        if from_position is not None and (type(from_position) is not int or from_position < 0):
            raise InvalidArgument("from", f"expected a whole number from 0 on, got {from_position}")
        if self._queue is None:
            self._refuse()
        if not self._stream.sending.acquire(blocking=False):
            raise RecorderBusy(
                f"recorder {self.name!r} is busy: another program is sending tasks for it; wait "
                "until it has finished, or send as another recorder"
            )
        try:
            if not by_input:
                self._recording.end_input(self._stream.identity, self.position)
            known = 0
            if from_position is not None:
                known = self.position - from_position
                if known < 0:
                    raise PositionGap(self.name, from_position, self.position)
                self._stream.state.can_resume = True
            yield Sender(self._begin_input if by_input else None, known)
        finally:
            self._stream.sending.release()


def _not_a_task(kind: type) -> InvalidTask:
    return InvalidTask(f"expected a task, got {kind.__name__}")
