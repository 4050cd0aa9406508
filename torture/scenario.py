"""What every scenario is given, and what it answers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from torture.verdict import Verdict


@dataclass(frozen=True)
class Run:
    """How much to do, from which seed on, and a folder for it."""

    folder: Path
    seed: int
    moments: int
    """How many moments to kill at, or how often to repeat each fault."""
    seconds: float
    """How long the crowd lasts."""
    only: int | None = None
    """The one moment to do again."""

    def numbers(self, count: int) -> Iterator[int]:
        """The moments to do, of so many."""
        return (number for number in range(count) if self.only in (None, number))

    def dice(self, moment: int) -> random.Random:
        """The chance of one moment: the same for the same seed."""
        return random.Random(self.seed * 1_000_003 + moment)

    def file(self, moment: int) -> Path:
        """A database's place, in a folder of its own."""
        folder = self.folder / f"{moment}"
        folder.mkdir()
        return folder / "fights.db"


@dataclass
class Outcome:
    """What one moment came to."""

    what: str
    seed: int
    moment: int
    verdict: Verdict
    skipped: str = ""
    """Why it could not be done here."""

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost and nothing is wrong."""
        return self.verdict.is_good


def attempt(run: Run, what: str, moment: int, work: Callable[[], Verdict]) -> Outcome:
    """Do one moment's work; where it fails by itself, that is told as its verdict."""
    try:
        verdict = work()
    except Exception as error:  # noqa: BLE001 - whatever it is, its moment is to be named
        verdict = Verdict(wrong=[f"{type(error).__name__}: {error}"])
    return Outcome(what, run.seed, moment, verdict)


Scenario = Callable[[Run], Iterator[Outcome]]
