"""What writes whole files is killed at many moments, and meets a full disk at many moments."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from subprocess import run as start
from typing import Final

from tests.helpers.crashes.writers import WRITERS
from tests.helpers.small_disk import find_obstacle, on_small_disk

from torture.scenario import Outcome, Run, attempt
from torture.verdict import Verdict

DISK: Final = "4m"
_GOOD: Final = "wrong after []"


def writers(run: Run) -> Iterator[Outcome]:
    """Each writer is killed at ``moments`` moments; then a disk is filled while recording stops."""
    names = [*WRITERS, "full disk"]
    for moment in run.numbers(len(names)):
        name, folder = names[moment], run.folder / f"writer-{moment}"
        points = str(run.moments)
        if name in WRITERS:
            words = ["tests.helpers.crashes", name, str(folder), points]
            yield attempt(run, name, moment, partial(_judge, [sys.executable, "-m", *words]))
        elif why := find_obstacle():
            yield Outcome(name, run.seed, moment, Verdict(), why)
        else:
            words = ["tests.helpers.crashes.full_disk", str(folder), points]
            folder.mkdir()
            command = on_small_disk(folder, DISK, [sys.executable, "-m", *words])
            yield attempt(run, name, moment, partial(_judge, command))


def _judge(command: Sequence[str]) -> Verdict:
    done = start(command, capture_output=True, text=True, check=False)
    said = done.stdout.splitlines()[-1:] or [""]
    is_good = done.returncode == 0 and said[0].endswith(_GOOD)
    return Verdict(note=said[0], wrong=[] if is_good else [*said, *done.stderr.splitlines()[-20:]])
