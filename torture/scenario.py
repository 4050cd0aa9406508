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


Scenario = Callable[[Run], Iterator[Outcome]]
