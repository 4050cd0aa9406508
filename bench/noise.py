"""How noisy the machine is: the same small computation, again and again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from statistics import median

from bench.figures import percentile
from bench.rounds import seconds


@dataclass(frozen=True, slots=True)
class Noise:
    """Times of a spin of some 10 ms, as multiples of the fastest; 1 is a machine at rest."""

    median: float
    worst_tenth: float
    load: float

    def __str__(self) -> str:
        return (
            f"noise: median {self.median:.2f}, worst tenth {self.worst_tenth:.2f} of the fastest "
            f"spin; load {self.load:.1f} on {os.cpu_count()} cores"
        )


def measure_noise(spins: int = 50) -> Noise:
    """Spin for half a second."""
    times = [seconds(_spin) for _ in range(spins)]
    best = min(times)
    return Noise(median(times) / best, percentile(times, 90) / best, os.getloadavg()[0])


def _spin() -> int:
    number = 0
    for step in range(150_000):
        number = (number * 31 + step) % 1_000_003
    return number
