"""Material: the real tasks that damaged input is made from."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from random import Random
from typing import Final

from resonance_logs.sources.simulation import Night, simulate
from resonance_logs.tasks import Task, decode_task, encode_task

RECORDED: Final = Path(__file__).parents[3] / "shared/data"
"""Recorded fights; beside the project, not part of it: absent on most machines."""

_NIGHT: Final = Night(seed=5, players=8, fights=2, seconds=20)


@dataclass(frozen=True, slots=True)
class Recording:
    """Real lines, each of them a task."""

    name: str
    lines: list[bytes]
    tasks: list[Task]

    def window(self, random: Random, most: int) -> slice:
        """1 to ``most`` consecutive lines, as often 1 to 10 as 100 to 1,000."""
        size = min(len(self.lines), int(2 ** random.uniform(0, log2(most))))
        start = random.randrange(len(self.lines) - size + 1)
        return slice(start, start + size)


Material = Sequence[Recording]


def load_material(folder: Path = RECORDED) -> list[Recording]:
    """A simulated night, and the recorded fights of ``folder`` where there are any."""
    night = list(simulate(_NIGHT))
    found = [Recording("a simulated night", list(map(encode_task, night)), night)]
    for path in sorted(folder.glob("*.ndjson*")):
        data = path.read_bytes()
        lines = (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()
        found.append(Recording(path.name, lines, list(map(decode_task, lines))))
    return found
