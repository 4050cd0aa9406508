"""The parameters of every benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.figures import Figure

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Run:
    """The size of the measurement, and a separate folder for a benchmark's files."""

    quick: bool
    folder: Path

    def size(self, full: _T, quick: _T) -> _T:
        """The full or the quick size."""
        return quick if self.quick else full


Benchmark = Callable[[Run], Iterator[Figure]]
