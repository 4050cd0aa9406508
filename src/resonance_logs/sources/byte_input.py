"""Inputs: bytes as they arrive from a file, standard input, a pipe or a stream."""

from __future__ import annotations

import os
import select
import stat
import sys
import time
from collections.abc import Iterator
from typing import Final, Protocol

from resonance_logs.errors import InputError
from resonance_logs.sources.terminal_text import printable
from resonance_logs.system.repeated_messages import limited_logger

READ_BYTES: Final = 64 * 1024
"""Larger is slower: a chunk and its tasks should stay in the processor's cache."""

POLL_SECONDS: Final = 0.1
_POLLS_FIFOS: Final = sys.platform == "linux"
RESTART: Final = b""
"""Marks in the chunks that the input has ended, and what follows is a new one."""

_log = limited_logger(__name__)


class Readable(Protocol):
    """The required part of a binary stream; ``read1`` is preferred if it exists."""

    def read(self, size: int, /) -> bytes | None:
        """Return up to ``size`` bytes; empty at the end."""


Origin = str | os.PathLike[str] | Readable


class ByteInput:
    """The bytes of one origin in chunks, each as soon as it arrives."""

    def __init__(self, origin: Origin, *, follow: bool, name: str) -> None:
        self.bytes_read = 0
        self.size_bytes: int | None = None
        self.stopped = False
        self._name = printable(name)
        self._follow = follow
        self._path: str | None = None
        self._given: Readable | None = None
        if isinstance(origin, str | os.PathLike):
            self._path = os.fspath(origin)
            if self._path == "-":
                self._path, self._given = None, _standard_input()
        else:
            self._given = origin
        self._waits_in_poll = self._given is None or origin == "-"
        self._replaced = False
        self._learn_size()

    def chunks(self) -> Iterator[bytes]:
        """Yield the chunks up to the end or, when following, until stopped.

        Raises:
            InputError: the origin cannot be read (further).
        """
        self.bytes_read = 0
        self._stream = self._open()
        try:
            while not self.stopped:
                data = self._read()
                if data is None:
                    continue
                if data:
                    self.bytes_read += len(data)
                    yield data
                elif not self._can_continue():
                    return
                else:
                    if self._restarts():
                        yield RESTART
                    time.sleep(POLL_SECONDS)
        finally:
            self._close()

    def _learn_size(self) -> None:
        """Check the origin without opening it: opening a FIFO waits for its writer."""
        if self._path is not None:
            try:
                status = os.stat(self._path)  # noqa: PTH116 - a Path drops a final slash
            except (OSError, ValueError) as error:
                raise self._input_error(error) from error
            if stat.S_ISDIR(status.st_mode):
                raise self._input_error(IsADirectoryError())
        else:
            descriptor = _descriptor(self._given)
            if descriptor is None:
                return
            status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and not self._follow:
            self.size_bytes = status.st_size

    def _open(self) -> Readable:
        if self._given is not None:
            return self._given
        assert self._path is not None  # noqa: S101
        try:
            return open(self._path, "rb", buffering=0, opener=self._opener)
        except (OSError, ValueError) as error:
            raise self._input_error(error) from error

    def _opener(self, path: str, flags: int) -> int:
        """Open a FIFO without waiting for its first writer, so that a stop is noticed.

        On Linux, polling a FIFO tells one that had no writer yet from one that has none any more.
        """
        if hasattr(os, "O_NONBLOCK") and (self._follow or (_POLLS_FIFOS and _is_fifo(path))):
            flags |= os.O_NONBLOCK
        return os.open(path, flags)

    def _close(self) -> None:
        if self._given is None:
            self._stream.close()  # type: ignore[attr-defined]

    def _read(self) -> bytes | None:
        """Return what is available; empty at the end, None if nothing arrived for a while."""
        if self._waits_in_poll and not self._ready():
            return None
        read = getattr(self._stream, "read1", self._stream.read)
        try:
            data: bytes | None = read(READ_BYTES)
        except (OSError, ValueError) as error:
            raise self._input_error(error) from error
        if data is None:
            time.sleep(POLL_SECONDS)
        return data

    def _ready(self) -> bool:
        """Wait a moment for bytes, so that a stop takes effect while a pipe is silent."""
        descriptor = _descriptor(self._stream)
        if sys.platform == "win32" or descriptor is None:
            return True
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(POLL_SECONDS * 1000))

    def _can_continue(self) -> bool:
        """Whether more may follow: a file can grow, and a FIFO can get another writer."""
        descriptor = _descriptor(self._stream)
        if not self._follow or descriptor is None:
            return False
        mode = os.fstat(descriptor).st_mode
        return stat.S_ISREG(mode) or (stat.S_ISFIFO(mode) and self._path is not None)

    def _restarts(self) -> bool:
        """At the end of the input: whether what follows is a new input."""
        descriptor = _descriptor(self._stream)
        assert descriptor is not None  # noqa: S101
        status = os.fstat(descriptor)
        if stat.S_ISFIFO(status.st_mode):
            return True
        if status.st_size < os.lseek(descriptor, 0, os.SEEK_CUR):
            _log.warning("%s was truncated: reading it from its start", self._name)
            os.lseek(descriptor, 0, os.SEEK_SET)
            return True
        return self._path is not None and self._follow_replacement(self._path, status)

    def _follow_replacement(self, path: str, status: os.stat_result) -> bool:
        """Open the file that replaced the one being read, once that was read to its end."""
        try:
            there = os.stat(path)  # noqa: PTH116
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._input_error(error) from error
        if os.path.samestat(there, status):
            return False
        if not self._replaced:
            self._replaced = True
            return False
        _log.warning("%s was replaced: reading the new file from its start", self._name)
        self._replaced = False
        old, self._stream = self._stream, self._open()
        old.close()  # type: ignore[attr-defined]
        return True

    def _input_error(self, error: Exception) -> InputError:
        if isinstance(error, FileNotFoundError):
            text = "there is no such file; check the path"
        elif isinstance(error, IsADirectoryError):
            text = "this is a folder; name the files in it"
        elif isinstance(error, PermissionError):
            text = "no permission to read it; change its permissions or read it as its owner"
        else:
            text = f"it cannot be read: {getattr(error, 'strerror', None) or error}"
        return InputError(f"{self._name}: {text}")


def _is_fifo(path: str) -> bool:
    return stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116


def _standard_input() -> Readable:
    if sys.stdin is None:
        raise InputError("standard input is not available; name a file instead")
    return sys.stdin.buffer


def _descriptor(stream: Readable | None) -> int | None:
    try:
        descriptor: int = stream.fileno()  # type: ignore[union-attr]
    except (AttributeError, OSError):
        return None  # an in-memory stream
    return descriptor
