"""The input and the result of every scenario."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from torture.verdict import Verdict


@dataclass(frozen=True)
class Run:
    """How much to do, the first seed, and a folder."""

    folder: Path
    seed: int
    moments: int
    """Number of moments to kill at, or of repetitions of each fault."""
    seconds: float
    """Duration of the crowd scenario in seconds."""
    only: int | None = None
    """The only moment to run, to repeat it."""

    def numbers(self, count: int) -> Iterator[int]:
        """The numbers of the moments to run, out of ``count``."""
        return (number for number in range(count) if self.only in (None, number))

    def dice(self, moment: int) -> random.Random:
        """The random numbers of one moment: equal for equal seeds."""
        return random.Random(self.seed * 1_000_003 + moment)

    def file(self, moment: int) -> Path:
        """The path of a database, in a separate folder."""
        folder = self.folder / f"{moment}"
        folder.mkdir()
        return folder / "fights.db"


@dataclass
class Outcome:
    """The result of one moment."""

    what: str
    seed: int
    moment: int
    verdict: Verdict
    skipped: str = ""
    """Why it was skipped here."""

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost and nothing is wrong."""
        return self.verdict.is_good


def attempt(run: Run, what: str, moment: int, work: Callable[[], Verdict]) -> Outcome:
    """Run one moment; if it fails unexpectedly, the verdict says so."""
    try:
        verdict = work()
    except Exception as error:  # noqa: BLE001 - any error is reported with its moment
        verdict = Verdict(wrong=[f"{type(error).__name__}: {error}"])
    return Outcome(what, run.seed, moment, verdict)


Scenario = Callable[[Run], Iterator[Outcome]]
