"""Errors in the handlers of a page's events: one line of the log for each place, now and then.

What a web socket sends can make a handler fail as often as it likes.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable
from typing import Final

from resonance_logs.settings import TRACEBACK_VARIABLE
from resonance_logs.system.repeated_messages import limited_logger

LOG_AGAIN_S: Final = 60.0
"""An error at the same place is logged again after this many seconds."""

_MAX_TEXT: Final = 300

_logger = limited_logger(__name__)


def error_logger() -> Callable[[Exception], None]:
    """A function that logs errors."""
    logged: dict[tuple[str, str, int], float] = {}

    def log(error: Exception) -> None:
        place = _place(error)
        key, now = (type(error).__name__, *place), time.monotonic()
        if now - logged.get(key, -LOG_AGAIN_S) < LOG_AGAIN_S:
            return
        logged[key] = now
        plain = "".join(each if each.isprintable() else " " for each in str(error)[:_MAX_TEXT])
        _logger.error(
            "an event of a page failed: %s: %s (%s, line %d; %s=1 shows the traceback)",
            type(error).__name__,
            plain,
            *place,
            TRACEBACK_VARIABLE,
            exc_info=error if os.environ.get(TRACEBACK_VARIABLE) else None,
        )

    return log


def _place(error: Exception) -> tuple[str, int]:
    frames = traceback.extract_tb(error.__traceback__)
    return (frames[-1].filename, frames[-1].lineno or 0) if frames else ("", 0)
