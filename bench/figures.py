"""The results of a benchmark: figures, each beside its floor and its target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Self


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for the measured value, or for its ratio to the floor."""

    bound: float
    at_least: bool = False
    of_floor: bool = False

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {self.bound:g}{' of floor' if self.of_floor else ''}"

    def is_met(self, measured: float, ratio: float | None) -> bool | None:
        value = ratio if self.of_floor else measured
        if value is None:
            return None
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; ``ratio`` is measured / floor, ``met`` is None without a target."""

    name: str
    measured: float | None
    unit: str
    floor: float | None = None
    ratio: float | None = None
    target: str | None = None
    met: bool | None = None
    note: str = ""

    @classmethod
    def of(
        cls,
        name: str,
        measured: float,
        unit: str,
        *,
        floor: float | None = None,
        ratio: float | None = None,
        target: Target | None = None,
        note: str = "",
    ) -> Self:
        """A figure compared with its target."""
        if ratio is None and floor:
            ratio = measured / floor
        return cls(
            name,
            measured,
            unit,
            floor,
            ratio,
            None if target is None else str(target),
            None if target is None else target.is_met(measured, ratio),
            note,
        )

    @classmethod
    def paired(
        cls,
        name: str,
        measured: Sequence[float],
        floors: Sequence[float],
        unit: str,
        target: Target | None = None,
    ) -> Self:
        """The medians of rounds; the ratio is the median of those within each round."""
        ratios = [one / floor for one, floor in zip(measured, floors, strict=True)]
        return cls.of(
            name,
            median(measured),
            unit,
            floor=median(floors),
            ratio=median(ratios),
            target=target,
            note=f"ratios {min(ratios):.3g} to {max(ratios):.3g} in {len(ratios)} rounds",
        )

    @classmethod
    def skipped(cls, name: str, why: str) -> Self:
        """A figure that could not be measured."""
        return cls(name, None, "", note=f"skipped: {why}")

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that this many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
