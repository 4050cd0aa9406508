"""One kill: its random numbers and its file."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from torture.stream import Stream


@dataclass(frozen=True)
class Moment:
    """One kill: its random numbers and its file."""

    number: int
    dice: random.Random
    path: Path

    def stream(self, fights: int, fewest: int, most: int) -> Stream:
        """The kill's own stream of tasks."""
        return Stream(self.dice.randrange(1 << 30), fights, fewest, most)
