"""Sources of tasks other than Python calls.

A source is a file, standard input, a pipe or a stream with one task per line, plain or compressed
with gzip or zstd. It yields its tasks in batches, each as soon as it arrives.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass

from resonance_logs.errors import InputError
from resonance_logs.sources.compression import DecompressionError, Decompressor
from resonance_logs.sources.ndjson import LineDecoder, Refusal
from resonance_logs.sources.streams import ByteInput, Origin
from resonance_logs.sources.terminal_text import printable
from resonance_logs.tasks import Task

__all__ = ["Batch", "Refusal", "TaskSource"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """Tasks in order, the lines refused among them, and how far the source was read.

    ``bytes_read`` counts from the start of the source, in compressed bytes if it is compressed.
    """

    tasks: list[Task]
    refusals: list[Refusal]
    bytes_read: int


class TaskSource:
    """The tasks of one file, of standard input (``"-"``) or of a binary stream.

    With ``follow`` a growing file or a FIFO is read until ``stop()``.

    Raises:
        InputError: the path is not a file; the message says what to do.
    """

    def __init__(self, origin: Origin, *, follow: bool = False, name: str | None = None) -> None:
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
        reading = _Reading(self.name)
        for chunk in self._input.chunks():
            if chunk:
                yield from self._counted(reading.feed(chunk))
            else:
                yield from self._counted(reading.finish())
                reading = _Reading(self.name)
        if self._input.stopped:
            yield from self._counted(reading.abandon())
        else:
            yield from self._counted(reading.finish())

    def _counted(self, results: Iterator[_Result]) -> Iterator[Batch]:
        for tasks, refusals in results:
            if tasks or refusals:
                yield Batch(tasks, refusals, self._input.bytes_read)


_Result = tuple[list[Task], list[Refusal]]


class _Reading:
    """Reads one file from its first byte to its last: decompress, then decode."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._decompressor = Decompressor()
        self._lines = LineDecoder(name)

    def feed(self, chunk: bytes) -> Iterator[_Result]:
        return self._decoded(self._decompressor.feed(chunk))

    def finish(self) -> Iterator[_Result]:
        yield from self._decoded(self._decompressor.finish())
        yield self._lines.finish()

    def abandon(self) -> Iterator[_Result]:
        """Drop a line that was incomplete when the source was stopped."""
        tasks, refusals = self._lines.finish()
        for refusal in refusals:
            _log.warning("%s; dropped, because reading was stopped here", refusal)
        yield tasks, []

    def _decoded(self, blocks: Iterator[bytes]) -> Iterator[_Result]:
        try:
            for block in blocks:
                yield self._lines.feed(block)
        except DecompressionError as error:
            line = self._lines.line
            yield self._lines.finish()
            raise InputError(_fault(self._name, line, error)) from error


def _fault(name: str, line: int, error: DecompressionError) -> str:
    if not line:
        return f"{printable(name)}: {error}"
    return (
        f"{printable(name)}: {error} after line {line:,}; everything before it was read; get the "
        "file again for the rest"
    )


def _name_of(origin: Origin) -> str:
    if isinstance(origin, str | os.PathLike):
        path = os.fspath(origin)
        return "standard input" if path == "-" else path
    name = getattr(origin, "name", None)
    return name if isinstance(name, str) else "stream"
