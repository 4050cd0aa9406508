"""The program that does one operation on a file on request; prints ``ready`` and ``done``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import alembic.command  # noqa: F401 - loaded before the work begins

from resonance_logs import Database
from torture.recorder import say


def migrate(path: str) -> None:
    """Open the file, which migrates it."""
    Database.open(path, record=False).close()


def back_up(path: str, target: str) -> None:
    """Copy the database."""
    with Database.open(path, record=False) as db:
        db.backup(target)


def restore(path: str, source: str) -> None:
    """Replace the database by the backup."""
    Database.restore(Path(source), path)


def prune(path: str, *limits: str) -> None:
    """Delete what exceeds the limits, and return the space."""
    newest_fights, newest_hits = map(int, limits)
    with Database.open(path, record=False) as db:
        db.commands.prune_encounters(keep_fights_newest=newest_fights, keep_hits_newest=newest_hits)


WORK: Final[dict[str, Callable[..., None]]] = {
    "migrate": migrate,
    "back_up": back_up,
    "restore": restore,
    "prune": prune,
}


def main() -> None:
    """Do the work named on the command line, once a line arrives."""
    work, *arguments = sys.argv[1:]
    say("ready")
    sys.stdin.readline()
    WORK[work](*arguments)
    say("done")


if __name__ == "__main__":
    main()
