"""What columns of events hold: limits, what stands for null, and flags."""

from __future__ import annotations

from typing import Final, NamedTuple

from resonance_logs.tasks import MAX_AMOUNT, MAX_INTEGER

CRIT: Final = 1
LUCKY: Final = 2

UNKNOWN: Final = -(2**53)
"""Stands for a null actor or maximum; no task can contain it, as it exceeds all integers."""

UNKNOWN_SKILL: Final = -1


class Limits(NamedTuple):
    """The range of a column, and what stands for null in it; None: null is not allowed."""

    lowest: int
    highest: int
    null: int | None = None


INTEGER: Final = Limits(-MAX_INTEGER, MAX_INTEGER)
INTEGER_OR_NULL: Final = Limits(UNKNOWN, MAX_INTEGER, UNKNOWN)
SKILL: Final = Limits(-MAX_INTEGER, MAX_INTEGER, UNKNOWN_SKILL)
AMOUNT: Final = Limits(0, MAX_AMOUNT)
