"""Pass tasks from sources to a recorder, until they end or a signal stops it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import BinaryIO, Final, Protocol

from resonance_logs.cli.meter import Meter
from resonance_logs.cli.render import safe
from resonance_logs.cli.stopping import handled, stop_signals
from resonance_logs.database import Database, Sender
from resonance_logs.errors import FlushTimeout, InputError, QueueFull
from resonance_logs.sources.task_source import Batch, Refusal, TaskSource
from resonance_logs.tasks import SkippedLine, StreamItem

MAX_REPORTED_REFUSALS: Final = 100
"""Maximum number of refused lines that are shown one by one."""

ENQUEUE_STEP_S: Final = 0.25
"""Timeout of each attempt on a full queue, so that a stop takes effect soon."""


class Recorder(Protocol):
    """Where the tasks go: a database, or a server that records."""

    def enqueue_many(self, tasks: Sequence[StreamItem], timeout: float | None = None) -> None:
        """Accept tasks in order; raises QueueFull if there is no room for all of them."""


class _Interrupted(Exception):
    """A signal arrived while waiting for the writer, after everything was read."""


class Ingestion:
    """Reads sources one after another into a recorder, and counts."""

    def __init__(
        self,
        recorder: Recorder,
        sources: Sequence[TaskSource],
        meter: Meter,
        rejects: BinaryIO | None = None,
        sender: Sender | None = None,
    ) -> None:
        self.taken = 0
        self.refused = 0
        self.stopped = False
        self._is_finishing = False
        self.fault: InputError | None = None
        self.seconds = 0.0
        self._recorder = recorder
        self._sources = sources
        self._meter = meter
        self._rejects = rejects
        self._sender = sender
        self._current = 0
        self._tasks_of_current = 0
        self._started = time.perf_counter()

    @property
    def names(self) -> list[str]:
        """The names of all sources."""
        return [source.name for source in self._sources]

    @property
    def unread(self) -> list[str]:
        """The names of the sources that were not started."""
        return [source.name for source in self._sources[self._current + 1 :]]

    def run(self) -> None:
        """Read the sources to their ends, until stopped, or until one cannot be read."""
        try:
            for index, source in enumerate(self._sources):
                self._current = index
                self._tasks_of_current = 0
                self._read(source)
                if self.stopped:
                    return
        except InputError as error:
            self.fault = error

    def finish(self, database: Database, close_seconds: float) -> bool:
        """Wait until all accepted tasks are committed, or until a stop.

        After a stop, waits for up to ``close_seconds``; returns False if that closed the database.

        Raises:
            DatabaseUnavailable: the tasks could not be written in that time; the message says
                where they are kept.
        """
        try:
            self._is_finishing = True
            if not self.stopped:
                database.flush()
                return True
        except _Interrupted:
            pass
        finally:
            self._is_finishing = False
        try:
            database.flush(close_seconds / 2)
        except FlushTimeout:
            database.close(close_seconds / 2)
            return False
        return True

    def stop(self) -> None:
        """Make ``run`` or ``finish`` return soon; call it from a signal handler.

        Raises:
            Exception: to interrupt ``finish``, which handles it.
        """
        self.stopped = True
        self.stop_reading()
        if self._is_finishing:
            self._is_finishing = False
            raise _Interrupted

    def stop_reading(self) -> None:
        """Make ``run`` return soon, also while a source is silent; safe from any thread."""
        for source in self._sources[self._current :]:
            source.stop()

    def end_clock(self) -> None:
        """Stop the clock: everything is committed."""
        self.seconds = time.perf_counter() - self._started

    def position(self) -> str:
        """How far reading got."""
        source = self._sources[self._current]
        part = f" ({source.bytes_read / source.size_bytes:.0%})" if source.size_bytes else ""
        return f"in {safe(source.name, 200)} after {self._tasks_of_current:,} tasks{part}"

    def _read(self, source: TaskSource) -> None:
        self._meter.begin(source)
        for batch in source.batches():
            items, refusals = self._select(batch)
            if refusals:
                self._refuse(refusals)
            self._enqueue(items)
            self._meter.advance(batch.bytes_read, self.taken)
            if self.stopped:
                source.stop()
        if self._sender is not None and self._sender.known and not self.stopped:
            self._meter.print_line(
                f"warning: {safe(source.name, 200)} has {self._sender.known:,} tasks less than "
                "were recorded of it before"
            )

    @property
    def skipped(self) -> int:
        """Tasks that were recorded before, and lines refused then."""
        return 0 if self._sender is None else self._sender.skipped

    def _select(self, batch: Batch) -> tuple[Sequence[StreamItem], Sequence[Refusal]]:
        """What is new in a batch, and the refused lines among it."""
        if self._sender is None:
            return batch.tasks, batch.refusals
        if batch.input_id is not None:
            self._sender.begin_input(batch.input_id)
        items = self._sender.select_from(batch, is_complete=False)
        return items.new, items.refusals

    def _enqueue(self, tasks: Sequence[StreamItem]) -> None:
        """Enqueue the tasks; keep trying while the writer is blocked, until stopped."""
        left = tasks
        while left:
            try:
                self._recorder.enqueue_many(left, ENQUEUE_STEP_S)
                left = ()
            except QueueFull as full:
                left = left[full.taken :]
                if self.stopped:
                    break
        taken = _count_tasks(tasks) - _count_tasks(left)
        self.taken += taken
        self._tasks_of_current += taken

    def _refuse(self, refusals: Sequence[Refusal]) -> None:
        for refusal in refusals:
            self.refused += 1
            if self.refused <= MAX_REPORTED_REFUSALS:
                self._meter.print_line(f"refused: {refusal}")
            elif self.refused == MAX_REPORTED_REFUSALS + 1:
                self._meter.print_line(
                    "refused: more lines, which are only counted; --rejects FILE saves all of them"
                )
        if self._rejects is not None:
            _keep(self._rejects, refusals)


def _keep(rejects: BinaryIO, refusals: Sequence[Refusal]) -> None:
    """Write the refused lines to the file at once: they are there whatever ends the program."""
    try:
        rejects.write(b"".join(refusal.text + b"\n" for refusal in refusals))
        rejects.flush()
    except OSError as error:
        error.filename = rejects.name
        raise


def _count_tasks(items: Sequence[StreamItem]) -> int:
    if SkippedLine not in set(map(type, items)):
        return len(items)
    return sum(type(item) is not SkippedLine for item in items)


@contextmanager
def stop_on_signals(ingestion: Ingestion) -> Iterator[None]:
    """While the block runs, a signal to stop stops reading; a second one ends the program."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        if ingestion.stopped:
            raise KeyboardInterrupt
        ingestion.stop()

    with handled(stop_signals(), stop):
        yield
