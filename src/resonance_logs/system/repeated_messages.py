"""Log messages of one kind: the first of each second are written, the others are counted.

What a client sends can cause messages, and a small body can contain very many causes.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from dataclasses import dataclass
from typing import Final

from resonance_logs.system.forks import tell_after_fork

PER_SECOND: Final = 5
"""Messages of one kind that are written in a second; then one more says how many there were."""

INTERVAL_S: Final = 1.0
MAX_KINDS: Final = 1_000

_Kind = tuple[str, int, str]


@dataclass(slots=True)
class _Count:
    since: float
    passed: int = 0
    left_out: int = 0
    last: logging.LogRecord | None = None


class RepeatedMessages(logging.Filter):
    """Passes the first messages of each kind in every second; counts the rest, and reports it.

    Messages are of one kind if they differ only in their values. Critical ones always pass.
    """

    def __init__(self) -> None:
        super().__init__()
        # A signal handler may log while a message is being counted.
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None
        self._counts: dict[_Kind, _Count] = {}
        tell_after_fork(self, RepeatedMessages._leave_to_parent)
        atexit.register(self.report)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the message."""
        if record.levelno >= logging.CRITICAL or getattr(record, _REPORT, False):
            return True
        kind = (record.name, record.levelno, str(record.msg))
        now = time.monotonic()
        with self._lock:
            count = self._counts.get(kind)
            if count is None or (now - count.since >= INTERVAL_S and not count.left_out):
                count = self._begin(kind, now)
            if count.passed < PER_SECOND:
                count.passed += 1
                return True
            count.left_out += 1
            count.last = record
            if self._timer is None:
                self._timer = threading.Timer(INTERVAL_S, self.report)
                self._timer.daemon = True
                self._timer.start()
            return False

    def report(self) -> None:
        """Write how many messages were left out, and begin to count again."""
        with self._lock:
            self._timer = None
            found = [each for each in self._counts.values() if each.left_out]
            self._counts.clear()
        for count in found:
            if count.last is not None:
                logging.getLogger(count.last.name).handle(_report(count.last, count.left_out))

    def reset(self) -> None:
        """Forget all counts."""
        with self._lock:
            self._counts.clear()

    def _begin(self, kind: _Kind, now: float) -> _Count:
        if len(self._counts) >= MAX_KINDS:
            self._counts = {key: each for key, each in self._counts.items() if each.left_out}
        count = self._counts[kind] = _Count(now)
        return count

    def _leave_to_parent(self) -> None:
        """Begin anew in a child process: the thread that reports is not there."""
        self._lock = threading.RLock()
        self._timer = None
        self._counts = {}


_REPORT: Final = "is_report_of_repeated_messages"

REPEATED_MESSAGES: Final = RepeatedMessages()
"""The counts of this process."""


def limited_logger(name: str) -> logging.Logger:
    """The logger of this name, which counts repeated messages instead of writing them all."""
    logger = logging.getLogger(name)
    logger.addFilter(REPEATED_MESSAGES)
    return logger


def _report(last: logging.LogRecord, left_out: int) -> logging.LogRecord:
    """The last message that was left out, and how many others were."""
    others = "" if left_out == 1 else f" … and {left_out - 1:,} more like it"
    report = logging.makeLogRecord(last.__dict__)
    report.msg, report.args = last.getMessage() + others, ()
    setattr(report, _REPORT, True)
    return report
