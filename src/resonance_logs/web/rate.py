"""How often something may be done, by client."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

MAX_CLIENTS: Final = 10_000
"""How many clients are remembered; beyond it, those that were not seen for longest are dropped."""


class Bucket:
    """What is left to one client: refilled every second, up to a burst."""

    __slots__ = ("_a_second", "_at", "_burst", "_left")

    def __init__(self, a_second: float, burst: float) -> None:
        self._a_second = a_second
        self._burst = burst
        self._left = burst
        self._at = time.monotonic()

    def take(self) -> float:
        """Use up one; returns the seconds to wait if none is left, else 0."""
        if wait := self.wait():
            return wait
        self._left -= 1
        return 0.0

    def wait(self) -> float:
        """The seconds to wait until one is left; 0 if one is."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._a_second)
        self._at = now
        return max(0.0, (1 - self._left) / self._a_second)


class Rate:
    """A bucket for each client."""

    def __init__(self, a_second: float, burst: float) -> None:
        self._a_second = a_second
        self._burst = burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, client: str) -> float:
        """Use up one; returns the seconds to wait if none is left, else 0."""
        return self._bucket(client).take()

    def wait(self, client: str) -> float:
        """The seconds to wait until one is left; 0 if one is."""
        return self._bucket(client).wait()

    def _bucket(self, client: str) -> Bucket:
        bucket = self._buckets.pop(client, None) or Bucket(self._a_second, self._burst)
        self._buckets[client] = bucket
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return bucket
