"""``python -m tests.helpers.crashes.full_disk FOLDER POINTS``: fill the disk while recording stops.

FOLDER is a small file system of its own. At moments spread over the stop, the rest of it is filled;
once there is room again, every task must be recorded once. Prints the moments after which one is
missing or doubled, and exits with 1 if there are any.
"""

from __future__ import annotations

import errno
import re
import shlex
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

from resonance_logs import (
    BeginEncounter,
    Database,
    DatabaseUnavailable,
    EndEncounter,
    InsertDamageEvent,
    Settings,
    Task,
)
from resonance_logs.cli import app
from tests.helpers.crashes.moments import Moments, in_child, spread

HITS: Final = 2_000
START_MS: Final = 1_700_000_000_000
CLOSE_S: Final = 0.2


def main(disk: Path, points: int) -> int:
    """Fill the disk at so many moments of a stop; returns how many led to something wrong."""
    with tempfile.TemporaryDirectory() as elsewhere:
        tempfile.tempdir = elsewhere  # not full
        told = Path(elsewhere) / "told"
        in_child(partial(_record, disk / "first", told, None))
        in_child(partial(_record, disk / "counted", told, None))
        total = int(told.read_text())
        moments = spread(total, points)
        wrong = [each for each in moments if not _survives(disk, told, each)]
    print(f"disk full at {len(moments)} of {total} moments, wrong after {wrong}")
    return len(wrong)


def _survives(disk: Path, told: Path, moment: int) -> bool:
    folder = disk / str(moment)
    code = in_child(partial(_record, folder, told, moment))
    (disk / "filler").unlink(missing_ok=True)
    is_good = code == 0 and in_child(partial(_check, folder, told.read_text())) == 0
    shutil.rmtree(folder)
    return is_good


def _tasks() -> list[Task]:
    hits = [
        InsertDamageEvent(
            timestamp_ms=START_MS + n,
            attacker_id=7,
            value=n * 7_919 % 10_007,
            defender_id=100 + n % 97,
        )
        for n in range(HITS)
    ]
    return [
        BeginEncounter(started_at_ms=START_MS),
        *hits,
        EndEncounter(ended_at_ms=START_MS + HITS),
    ]


def _record(folder: Path, told: Path, moment: int | None) -> None:
    """Record, and stop; ``told`` gets the number of moments, or what the stop said."""
    moments = Moments(moment, partial(_fill, folder.parent / "filler"))
    tasks = _tasks()
    folder.mkdir()
    moments.begin()  # before the writer's thread begins
    moments.count = -1_000_000_000
    database = Database.open(folder / "fights.db", settings=Settings(close_seconds=CLOSE_S))
    database.enqueue_many(tasks[: HITS // 2])
    database.flush()
    moments.count = 0
    database.enqueue_many(tasks[HITS // 2 :])
    said = ""
    try:
        database.close()
    except DatabaseUnavailable as error:
        said = str(error)
    moments.end()
    told.write_text(str(moments.count) if moment is None else said)


def _fill(filler: Path) -> None:
    """Take every byte that is left."""
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4_096))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def _check(folder: Path, said: str) -> None:
    """Every task is recorded once, if one does what the stop said; perhaps as a second fight."""
    for _ in range(2):  # a spill is read once
        Database.open(folder / "fights.db").close()
    if found := re.search(r"record them with: (.*?)\)", said):
        app(shlex.split(found[1])[1:], standalone_mode=False)
    with Database.open(folder / "fights.db") as database:
        fights = database.commands.get_recent_encounters().rows
        ask = database.commands.get_encounter_actor_stats
        hits = sum(each.hits_dealt for fight in fights for each in ask(fight.id))
    assert {fight.started_at_ms for fight in fights} == {START_MS}
    assert max(fight.ended_at_ms or 0 for fight in fights) == START_MS + HITS
    assert hits == HITS, (hits, said)


if __name__ == "__main__":
    sys.exit(bool(main(Path(sys.argv[1]), int(sys.argv[2]))))
