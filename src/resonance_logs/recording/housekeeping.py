"""Housekeeping: keep the file small, in small steps while there is nothing to write."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Final

from sqlalchemy import Connection

from resonance_logs.settings import Settings
from resonance_logs.store.retention import PrunePlan, Retention, plan_pruning, prune, prune_rejected
from resonance_logs.store.sqlite.space import checkpoint, give_back

IDLE_S: Final = 0.05
"""Idle time after which a step may run."""

MAX_DELAY_S: Final = 10.0
"""Without such a pause for this long, a step runs between two batches ..."""

MIN_STEP_INTERVAL_S: Final = 0.25
"""... and the next one after at least this time."""

CHECKPOINT_IDLE_S: Final = 5.0
"""Time without writes after which the write-ahead log is checkpointed."""

RETRY_DELAY_S: Final = 60.0
MAX_CLOSING_S: Final = 1.0


class Housekeeping:
    """Deletes what exceeds the limits, frees space, and keeps the write-ahead log short.

    Each chore runs one step at a time, and reports whether it has more to do; the chores of a round
    run one after another. A round begins when recording begins, and after every fight. After any
    other writes there is only a checkpoint, once nothing has arrived for a while.
    """

    def __init__(self, settings: Settings) -> None:
        self._retention = Retention.from_settings(settings)
        self._keep_rejected = settings.keep_rejected
        self._plan: PrunePlan | None = None
        self._remaining: deque[Callable[[Connection], bool]] = deque()
        self._late_at = inf
        self._not_before = 0.0

    def begin_round(self) -> None:
        """Begin a round, because a fight has ended or recording begins."""
        self._plan = None
        self._remaining = deque([self._prune, self._give_back, self._checkpoint])
        self._late_at = min(self._late_at, time.monotonic() + MAX_DELAY_S)
        self._not_before = 0.0

    def record_commit(self) -> None:
        """Note that something was written."""
        if self._late_at == inf:
            self._remaining = deque([self._checkpoint])
            self._not_before = time.monotonic() + CHECKPOINT_IDLE_S

    def postpone(self) -> None:
        """Run the next step later, because one failed."""
        self._not_before = time.monotonic() + RETRY_DELAY_S

    @property
    def wait_s(self) -> float | None:
        """How long to wait for tasks before the next step; None if there is nothing to do."""
        return max(IDLE_S, self._not_before - time.monotonic()) if self._remaining else None

    def is_due(self, *, is_idle: bool) -> bool:
        """Whether a step should run now."""
        now = time.monotonic()
        return (
            bool(self._remaining) and now >= self._not_before and (is_idle or now > self._late_at)
        )

    def step(self, connection: Connection) -> None:
        """Run one step; the connection must be outside a transaction."""
        if not self._remaining[0](connection):
            self._remaining.popleft()
        if not self._remaining:
            self._late_at = inf
        elif time.monotonic() > self._late_at:
            self._not_before = time.monotonic() + MIN_STEP_INTERVAL_S

    def finish(self, connection: Connection) -> None:
        """Run steps for at most MAX_CLOSING_S; the rest is left for the next time."""
        end = time.monotonic() + MAX_CLOSING_S
        while self._remaining and time.monotonic() < end:
            self.step(connection)

    def _prune(self, connection: Connection) -> bool:
        """Carry out a plan, and plan again until nothing exceeds the limits."""
        with connection.begin():
            if self._plan is None:
                prune_rejected(connection, self._keep_rejected)
                self._plan = plan_pruning(connection, self._retention)
                if self._plan.is_empty:
                    return False
            self._plan = prune(connection, self._plan)
        if self._plan.is_empty:
            self._plan = None
        return True

    def _give_back(self, connection: Connection) -> bool:
        return give_back(connection)

    def _checkpoint(self, connection: Connection) -> bool:
        checkpoint(connection)
        return False
