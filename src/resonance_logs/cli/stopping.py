"""Ctrl-C, SIGTERM and SIGHUP end every command soon, wherever it waits.

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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

SHUTDOWN_TIMEOUT_S: Final = 2.0
"""Time for a command that holds no tasks, or ``close_seconds`` if that is less."""

_END: Final = b"\0"


def stop_signals() -> list[signal.Signals]:
    """The signals that stop a command: not those that the process was started to ignore (nohup)."""
    known = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP"):
        known.append(signal.SIGHUP)
    return [each for each in known if signal.getsignal(each) != signal.SIG_IGN]


@contextmanager
def handled(
    signals: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    """While the block runs, the handler handles these signals."""
    before = {each: signal.signal(each, handler) for each in signals}
    try:
        yield
    finally:
        for each, previous in before.items():
            signal.signal(each, previous)


class Watch:
    """A thread that ends the process some time after a signal, unless it is suspended."""

    def __init__(self) -> None:
        self._is_suspended = False
        self._signals = stop_signals()
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
            if number not in self._signals or self._is_suspended:
                continue
            if not self._ended.wait(_grace_s()) and not self._is_suspended:
                with suppress(OSError, ValueError):  # the terminal may be gone
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
    """While the block runs, SIGTERM and SIGHUP interrupt it like Ctrl-C; all end it in time."""
    if threading.current_thread() is not threading.main_thread() or os.name == "nt" or _watches:
        yield  # signals cannot be handled here, or another command of this process handles them
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    others = [each for each in stop_signals() if each != signal.SIGINT]
    with handled(others, interrupt):
        watch = Watch()
        _watches.append(watch)
        try:
            yield
        finally:
            _watches.remove(watch)
            watch.close()


@contextmanager
def ends_by_itself() -> Iterator[None]:
    """The block holds tasks, and ends by itself in time after a signal."""
    if not _watches:
        yield
        return
    with _watches[-1].suspended():
        yield
