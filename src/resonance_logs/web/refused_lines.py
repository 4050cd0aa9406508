"""How many refused lines the server explains: each costs as much time as many recorded tasks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

LINES_A_SECOND: Final = 50_000
"""Of all requests together. A request that sends more waits."""

BURST_S: Final = 2.0
"""As many seconds' lines may come at once."""

MAX_LINES: Final = 100_000
"""A request ends after so many, if it has hardly any tasks: it does not send tasks at all."""

TASKS_SHARE: Final = 10
"""Hardly any: fewer than one task for so many refused lines."""

_STEP_S: Final = 0.1


class RefusedLines:
    """The pace at which lines are refused; for all threads of a server."""

    def __init__(self, lines_a_second: float = LINES_A_SECOND) -> None:
        self._rate = lines_a_second
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait(self, lines: int, is_over: Callable[[], bool]) -> None:
        """Wait until so many more may be refused, or there is no need any more."""
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now - BURST_S) + lines / self._rate
            ready_at = self._free_at
        while time.monotonic() < ready_at and not is_over():
            time.sleep(_STEP_S)


def are_too_many(refused: int, tasks: int) -> bool:
    """Whether a request that has sent so much does not send tasks at all."""
    return refused > MAX_LINES and tasks * TASKS_SHARE < refused
