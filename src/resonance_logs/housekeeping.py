"""What keeps the file small, done in small steps while there is nothing else to write."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Final

from sqlalchemy import Connection

from resonance_logs.retention import Plan, Retention, let_go, let_rejected_go, make_plan
from resonance_logs.settings import Settings
from resonance_logs.store.space import checkpoint, give_back

IDLE_S: Final = 0.05
"""Nothing came for so long: a step may be taken."""

PATIENCE_S: Final = 10.0
"""After so long without such a pause, a step is taken between two batches ..."""

BETWEEN_STEPS_S: Final = 0.25
"""... and the next one not before this time has passed."""

QUIET_S: Final = 5.0
"""Nothing was written for so long: the write-ahead log is moved into the file."""

AFTER_FAULT_S: Final = 60.0
CLOSING_S: Final = 1.0


class Housekeeping:
    """Lets go what is beyond the limits, gives space back, keeps the write-ahead log short.

    Each chore takes a step at a time, and says whether it has more to do; the chores of a round
    follow each other. A round begins when recording begins and after every fight. A checkpoint
    alone follows whatever else was written, once nothing has come for a while.
    """

    def __init__(self, settings: Settings) -> None:
        self._retention = Retention.of(settings)
        self._keep_rejected = settings.keep_rejected
        self._plan: Plan | None = None
        self._chores: deque[Callable[[Connection], bool]] = deque()
        self._late_at = inf
        self._not_before = 0.0

    def begin_round(self) -> None:
        """A fight has ended, or recording begins."""
        self._plan = None
        self._chores = deque([self._prune, self._give_back, self._checkpoint])
        self._late_at = min(self._late_at, time.monotonic() + PATIENCE_S)
        self._not_before = 0.0

    def note_commit(self) -> None:
        """Something was written."""
        if self._late_at == inf:
            self._chores = deque([self._checkpoint])
            self._not_before = time.monotonic() + QUIET_S

    def postpone(self) -> None:
        """A step failed: the next one is taken later."""
        self._not_before = time.monotonic() + AFTER_FAULT_S

    @property
    def wait_s(self) -> float | None:
        """How long to wait for tasks before a step is taken; None where nothing is to do."""
        return max(IDLE_S, self._not_before - time.monotonic()) if self._chores else None

    def is_due(self, *, is_idle: bool) -> bool:
        """Whether a step is to be taken now."""
        now = time.monotonic()
        return bool(self._chores) and now >= self._not_before and (is_idle or now > self._late_at)

    def step(self, connection: Connection) -> None:
        """Take one step; the connection is outside of a transaction."""
        if not self._chores[0](connection):
            self._chores.popleft()
        if not self._chores:
            self._late_at = inf
        elif time.monotonic() > self._late_at:
            self._not_before = time.monotonic() + BETWEEN_STEPS_S

    def finish(self, connection: Connection) -> None:
        """Take steps for at most CLOSING_S; what is left then is for the next time."""
        end = time.monotonic() + CLOSING_S
        while self._chores and time.monotonic() < end:
            self.step(connection)

    def _prune(self, connection: Connection) -> bool:
        """Let go what a plan says, and plan again until nothing is beyond the limits."""
        with connection.begin():
            if self._plan is None:
                let_rejected_go(connection, self._keep_rejected)
                self._plan = make_plan(connection, self._retention)
                if self._plan.is_empty:
                    return False
            self._plan = let_go(connection, self._plan)
        if self._plan.is_empty:
            self._plan = None
        return True

    def _give_back(self, connection: Connection) -> bool:
        return give_back(connection)

    def _checkpoint(self, connection: Connection) -> bool:
        checkpoint(connection)
        return False
