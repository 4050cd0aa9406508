"""Moments of a program's work: before and after each call that can change a file."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

CALLS: Final = frozenset(
    {
        *("open", "close", "write", "writelines", "flush", "truncate", "fsync", "fchmod"),
        *("rename", "replace", "link", "unlink", "mkdir", "remove", "flock", "sendfile"),
        *("connect", "execute", "executemany", "executescript", "commit", "rollback", "backup"),
    }
)
"""The names of functions written in C."""


class Moments:
    """Counts moments of all threads, and acts at one of them."""

    def __init__(self, at: int | None = None, act: Callable[[], None] = lambda: None) -> None:
        self.count = 0
        self._at = at
        self._act = act

    def begin(self) -> None:
        """Count from now on, in this thread and in those that are started later."""
        threading.setprofile(self._note)
        sys.setprofile(self._note)

    def end(self) -> None:
        """Count no more in this thread."""
        sys.setprofile(None)
        threading.setprofile(None)

    def _note(self, _frame: FrameType, event: str, called: Any) -> None:
        if event in ("c_call", "c_return", "c_exception") and called.__name__ in CALLS:
            self.count += 1
            if self.count == self._at:
                self._act()


def spread(total: int, points: int) -> list[int]:
    """Numbers of moments, evenly spread from the first to the last."""
    if total <= points:
        return list(range(1, total + 1))
    return [1 + number * (total - 1) // (points - 1) for number in range(points)]


def in_child(work: Callable[[], None]) -> int:
    """Do something in a fork; returns its exit code, negative for a signal, 1 for an exception."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - the parent goes on
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
