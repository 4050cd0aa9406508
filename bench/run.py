"""What every benchmark receives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.figures import Figure

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Run:
    """How large to measure, and a separate folder for a benchmark's files."""

    quick: bool
    folder: Path

    def size(self, full: _T, quick: _T) -> _T:
        """The one or the other."""
        return quick if self.quick else full


Benchmark = Callable[[Run], Iterator[Figure]]
