"""Bounds on what reading a file of unknown origin may cost: time, memory, and which code runs.

The schema of such a file is compared with ours before anything else is read (see schema_check), so
that nothing in it runs by itself. What is left are its size and its values.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from resonance_logs.errors import DatabaseUnavailable

SECONDS: Final = 60.0
"""How long a step may take that reads a small file; a large one has more time."""

BYTES_PER_SECOND: Final = 4_000_000
"""A file has one more second for each of these bytes: a tenth of what a slow disk reads."""

MAX_VALUE_BYTES: Final = 2**28
"""Maximum size of a value; an archive of as many events as there may be is smaller."""

MAX_STATEMENT_BYTES: Final = 2**18
"""Maximum size of a statement, and so of the definition of a table."""

_INSTRUCTIONS: Final = 50_000
"""SQLite asks whether to go on after this many of its instructions: a few milliseconds."""

_LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_LENGTH: MAX_VALUE_BYTES,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: MAX_STATEMENT_BYTES,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


class Guard:
    """Ends the reading of a foreign file after a time, or when the program stops.

    Each step has the same time: ``begin`` starts the next one. The connections that it guards are
    used by one thread.
    """

    def __init__(
        self, file: Path, is_stopped: Callable[[], bool] = lambda: False, seconds: float = SECONDS
    ) -> None:
        self._file = file
        self._is_stopped = is_stopped
        self._seconds = seconds + file.stat().st_size / BYTES_PER_SECOND
        self._reason: str | None = None
        self.begin()

    def begin(self) -> None:
        """Begin a step.

        Raises:
            DatabaseUnavailable: the program stops.
        """
        self._deadline = time.monotonic() + self._seconds
        self.check()

    def watch(self, connection: sqlite3.Connection) -> None:
        """Bound what a connection may take."""
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        connection.set_progress_handler(self._is_over, _INSTRUCTIONS)

    def check(self) -> None:
        """See that reading may go on.

        Raises:
            DatabaseUnavailable: it may not.
        """
        if self._is_over():
            raise DatabaseUnavailable(self._reason)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn the errors of a statement that was ended into one that says why.

        Raises:
            DatabaseUnavailable: the time was over, or the program stops.
        """
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if self._reason is not None:
                raise DatabaseUnavailable(self._reason) from error
            if is_interrupted(error):
                # Ctrl-C, which Python raised in the handler of SQLite, and lost there.
                raise KeyboardInterrupt from error
            raise

    def _is_over(self) -> bool:
        if self._is_stopped():
            self._reason = f"{self._file} was not read to its end, because the program stops"
        elif time.monotonic() > self._deadline:
            self._reason = (
                f"{self._file} takes too long to read (more than {self._seconds:,.0f} s for one "
                "step); it may be made to do so, or the disk may be slow"
            )
        return self._reason is not None


def is_interrupted(error: BaseException) -> bool:
    """Whether an error is, or comes from, that of a statement that was ended."""
    seen: BaseException | None = error
    while seen is not None:
        cause = getattr(seen, "orig", seen)
        if getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            return True
        seen = seen.__cause__
    return False
