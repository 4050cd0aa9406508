"""Sources of tasks other than Python calls.

A source is a file, standard input, a pipe or a stream with one task per line, plain or compressed
with gzip or zstd. It yields its tasks in batches, each as soon as it arrives.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from resonance_logs.errors import InputError
from resonance_logs.sources.byte_input import ByteInput, Origin
from resonance_logs.sources.compression import (
    DecompressionError,
    Decompressor,
    ExpandsTooMuchError,
)
from resonance_logs.sources.first_line import FirstLine
from resonance_logs.sources.ndjson import LineDecoder, Refusal
from resonance_logs.sources.terminal_text import printable
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.tasks import SKIPPED_LINE, StreamItem, Task

__all__ = ["Batch", "Items", "Refusal", "TaskSource"]

_log = limited_logger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """Tasks in order, the lines refused among them, and how far the source was read.

    ``bytes_read`` counts from the start of the source, in compressed bytes if it is compressed.
    ``input_id`` identifies the input that begins with this batch by its first line; it is None for
    all further batches. A followed source may become another input: a file is replaced, for
    instance.
    """

    tasks: list[Task]
    refusals: list[Refusal]
    bytes_read: int
    tasks_before: int = 0
    """Tasks of the input that precede the batch."""
    input_id: str | None = None
    is_before_fault: bool = False
    """Whether the input cannot be read further, so that the rest of the last line is missing."""

    def items(self, known: int = 0, *, is_complete: bool) -> Items:
        """What counts in a stream's position, without the first ``known`` items.

        Each task counts, and each line without one. A last line that is cut off counts only if the
        input ``is_complete``; otherwise the rest of it may follow, or be sent again.
        """
        is_complete = is_complete and not self.is_before_fault
        if not self.refusals:
            return Items(self.tasks[known:] if known else self.tasks, (), len(self.tasks))
        items: list[StreamItem] = []
        refusals: list[Refusal] = []
        start = 0
        for refusal in self.refusals:
            end = refusal.tasks_before - self.tasks_before
            items += self.tasks[start:end]
            start = end
            if len(items) >= known:
                refusals.append(refusal)
            if not refusal.has_task and (is_complete or not refusal.is_cut_off):
                items.append(SKIPPED_LINE)
        items += self.tasks[start:]
        return Items(items[known:], refusals, len(items))


class Items(NamedTuple):
    """The items of a batch, or the last of them."""

    new: Sequence[StreamItem]
    refusals: Sequence[Refusal]
    """The refused lines among them."""
    total: int
    """How many items the whole batch has."""


class TaskSource:
    """The tasks of one file, of standard input (``"-"``) or of a binary stream.

    With ``follow`` a growing file or a FIFO is read until ``stop()``. With ``limits_expansion``,
    for what a client sends, data that decompresses to far more than tasks ever do is a fault.

    Raises:
        InputError: the path is not a file; the message says what to do.
    """

    def __init__(
        self,
        origin: Origin,
        *,
        follow: bool = False,
        name: str | None = None,
        limits_expansion: bool = False,
    ) -> None:
        self._limits_expansion = limits_expansion
        self.name = name or _name_of(origin)
        self._follow = follow
        self._input = ByteInput(origin, follow=follow, name=self.name)

    @property
    def size_bytes(self) -> int | None:
        """The size of the file on disk, compressed or not; None if unknown."""
        return self._input.size_bytes

    @property
    def bytes_read(self) -> int:
        """How much of ``size_bytes`` has been read."""
        return self._input.bytes_read

    def stop(self) -> None:
        """Make ``batches`` end soon; safe from other threads and from signal handlers.

        A waiting read is woken within a tenth of a second, but not on Windows and not in a stream
        given by the caller: there the stop takes effect when bytes arrive.
        """
        self._input.stopped = True

    def batches(self) -> Iterator[Batch]:
        """Read the source to its end, or until stopped.

        Raises:
            InputError: the source cannot be read further; all tasks before the error were yielded.
        """
        reading = _Reading(self.name, limits_expansion=self._limits_expansion)
        for chunk in self._input.chunks():
            if chunk:
                yield from self._counted(reading.feed(chunk))
            else:
                yield from self._counted(reading.finish())
                reading = _Reading(self.name, limits_expansion=self._limits_expansion)
        if self._input.stopped:
            yield from self._counted(reading.abandon())
        else:
            yield from self._counted(reading.finish())

    def _counted(self, results: Iterator[Batch]) -> Iterator[Batch]:
        for result in results:
            if result.tasks or result.refusals:
                yield replace(result, bytes_read=self._input.bytes_read)


class _Reading:
    """Reads one file from its first byte to its last: decompress, then decode."""

    def __init__(self, name: str, *, limits_expansion: bool) -> None:
        self._name = name
        self._decompressor = Decompressor(limits_expansion=limits_expansion)
        self._lines = LineDecoder(name)
        self._first_line = FirstLine()

    def feed(self, chunk: bytes) -> Iterator[Batch]:
        return self._decoded(self._decompressor.feed(chunk))

    def finish(self) -> Iterator[Batch]:
        yield from self._decoded(self._decompressor.finish())
        self._first_line.finish()
        yield self._batch(*self._lines.finish())

    def abandon(self) -> Iterator[Batch]:
        """Drop a line that was incomplete when the source was stopped."""
        tasks, refusals = self._lines.finish()
        for refusal in refusals:
            _log.warning("%s; dropped, because reading was stopped here", refusal)
        self._first_line.finish()
        yield self._batch(tasks, [])

    def _batch(self, tasks: list[Task], refusals: list[Refusal]) -> Batch:
        input_id = self._first_line.take_id() if tasks or refusals else None
        return Batch(tasks, refusals, 0, self._lines.tasks - len(tasks), input_id)

    def _decoded(self, blocks: Iterator[bytes]) -> Iterator[Batch]:
        try:
            for block in blocks:
                self._first_line.feed(block)
                yield self._batch(*self._lines.feed(block))
        except DecompressionError as error:
            line = self._lines.line
            yield replace(self._batch(*self._lines.finish()), is_before_fault=True)
            raise InputError(_fault(self._name, line, error)) from error


def _fault(name: str, line: int, error: DecompressionError) -> str:
    if not line:
        return f"{printable(name)}: {error}"
    advice = "get the file again for the rest"
    if isinstance(error, ExpandsTooMuchError):
        advice = "if they are tasks, decompress it first"
    return (
        f"{printable(name)}: {error} after line {line:,}; everything before it was read; {advice}"
    )


def _name_of(origin: Origin) -> str:
    if isinstance(origin, str | os.PathLike):
        path = os.fspath(origin)
        return "standard input" if path == "-" else path
    name = getattr(origin, "name", None)
    return name if isinstance(name, str) else "stream"
