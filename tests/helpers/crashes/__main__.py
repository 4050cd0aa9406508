"""``python -m tests.helpers.crashes WRITER FOLDER POINTS``: kill a writer of files at moments.

Prints the moments at which what was found afterwards is wrong; exits with 1 if there are any.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

from tests.helpers.crashes.moments import Moments, in_child, spread
from tests.helpers.crashes.writers import WRITERS, Writer, check_clean


def main(name: str, folder: Path, points: int) -> int:
    """Kill the writer at so many moments; returns how many led to something wrong."""
    writer = WRITERS[name]
    before = folder / "before"
    before.mkdir(parents=True)
    writer.prepare(before)
    _count(writer, before, folder / "first")  # which imports what the others need, too
    total = _count(writer, before, folder / "counted")
    moments = spread(total, points)
    wrong = [moment for moment in moments if not _survives(writer, before, folder, moment)]
    print(f"{name}: killed at {len(moments)} of {total} moments, wrong after {wrong}")
    return len(wrong)


def _count(writer: Writer, before: Path, work: Path) -> int:
    """Write without a crash; returns the number of moments."""
    shutil.copytree(before, work)
    moments = Moments()
    moments.begin()
    writer.write(work)
    moments.end()
    _check(writer, work)
    return moments.count


def _survives(writer: Writer, before: Path, folder: Path, moment: int) -> bool:
    work = folder / str(moment)
    shutil.copytree(before, work)
    if in_child(partial(_write_and_die, writer, work, moment)) != -signal.SIGKILL:
        print(f"the writer was not killed at moment {moment}", file=sys.stderr)
        return False
    return in_child(partial(_check, writer, work)) == 0


def _write_and_die(writer: Writer, work: Path, moment: int) -> None:
    Moments(moment, lambda: os.kill(os.getpid(), signal.SIGKILL)).begin()
    writer.write(work)


def _check(writer: Writer, work: Path) -> None:
    writer.check(work)
    check_clean(work)


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
