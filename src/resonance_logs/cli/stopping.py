"""Ctrl-C and SIGTERM end every command soon, wherever it waits.

Python runs signal handlers between two of its instructions. SQLite may block the thread for long
before the next one: it waits for a locked file, or searches a large one. So a separate thread
receives the signal, and ends the process unless the command ends by itself in time. A command that
holds tasks is not ended by this thread: it writes the tasks, or keeps them in a file, in time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

SHUTDOWN_TIMEOUT_S: Final = 2.0
"""Time for a command that holds no tasks, or ``close_seconds`` if that is less."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_END: Final = b"\0"


class Watch:
    """A thread that ends the process some time after a signal, unless it is suspended."""

    def __init__(self) -> None:
        self._is_suspended = False
        self._ended = threading.Event()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._run, name="resonance-logs-stop", daemon=True)
        self._thread.start()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Suspend the thread while the block runs: the command ends by itself in time."""
        before, self._is_suspended = self._is_suspended, True
        try:
            yield
        finally:
            self._is_suspended = before

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        signal.set_wakeup_fd(self._before)
        os.write(self._writer, _END)
        self._thread.join()
        for descriptor in (self._reader, self._writer):
            os.close(descriptor)

    def _run(self) -> None:
        while not self._ended.is_set():
            (number,) = os.read(self._reader, 1)
            if number not in _SIGNALS or self._is_suspended:
                continue
            if not self._ended.wait(_grace_s()) and not self._is_suspended:
                sys.stderr.write("error: stopped\n")
                sys.stderr.flush()
                os._exit(1)


def _grace_s() -> float:
    from resonance_logs.cli.configuration import configuration
    from resonance_logs.errors import InputError

    try:
        return min(SHUTDOWN_TIMEOUT_S, configuration().settings.close_seconds)
    except InputError:
        return SHUTDOWN_TIMEOUT_S


_watches: Final[list[Watch]] = []
"""The watch of the running command, if any."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """While the block runs, SIGTERM interrupts it like Ctrl-C, and both end it in time."""
    if threading.current_thread() is not threading.main_thread() or os.name == "nt" or _watches:
        yield  # signals cannot be handled here, or another command of this process handles them
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    watch = Watch()
    _watches.append(watch)
    try:
        yield
    finally:
        _watches.remove(watch)
        watch.close()
        signal.signal(signal.SIGTERM, before)


@contextmanager
def ends_by_itself() -> Iterator[None]:
    """The block holds tasks, and ends by itself in time after a signal."""
    if not _watches:
        yield
        return
    with _watches[-1].suspended():
        yield
