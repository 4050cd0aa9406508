"""How often something may be done, by client."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MAX_CLIENTS: Final = 10_000
"""How many clients are remembered; beyond it, those that were not seen for longest are dropped."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rate:
    """What is left to each client: refilled every second, up to a burst."""

    def __init__(self, a_second: float, burst: float) -> None:
        self._a_second = a_second
        self._burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, client: str) -> float:
        """Use up one; returns the seconds to wait if none is left, else 0."""
        bucket = self._bucket(client)
        if bucket.left < 1:
            return (1 - bucket.left) / self._a_second
        bucket.left -= 1
        return 0.0

    def wait(self, client: str) -> float:
        """The seconds to wait until one is left; 0 if one is."""
        left = self._bucket(client).left
        return max(0.0, (1 - left) / self._a_second)

    def _bucket(self, client: str) -> _Bucket:
        now = time.monotonic()
        bucket = self._buckets.pop(client, None) or _Bucket(self._burst, now)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._a_second)
        bucket.at = now
        self._buckets[client] = bucket
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return bucket
