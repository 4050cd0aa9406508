"""What can be set when a database is opened."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from math import isfinite
from typing import Final

MOST: Final = 1_000_000
"""Of seconds and of days."""


class Durability(StrEnum):
    """What a commit outlasts; SQLite's ``synchronous``."""

    NORMAL = "normal"
    """The end of the program, however it ends."""
    FULL = "full"
    """A loss of power too: each batch waits for the disk."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a database records; the defaults suit a meter on a player's machine.

    Raises:
        ValueError: a number is not above 0, or a value is none of those that there are.
    """

    queue_tasks: int = 200_000
    """How many tasks the queue holds before ``enqueue`` waits."""
    enqueue_seconds: float = 10.0
    """How long ``enqueue`` waits for room before it raises QueueFull."""
    batch_seconds: float = 0.05
    """A batch ends this long after its first task ..."""
    batch_tasks: int = 2_000
    """... or at this many tasks, or at the whole backlog where that is larger ..."""
    most_batch_tasks: int = 100_000
    """... but never more than this many."""
    live_seconds: float = 1.0
    """How far the live counters lag behind at the most."""
    close_seconds: float = 30.0
    """How long closing tries to write what is queued where the disk refuses."""
    archive: bool = True
    """Whether the single hits of a fight are kept (compressed) once it has ended."""
    durability: Durability = Durability.NORMAL
    """What a commit outlasts: the program's end (normal), or a loss of power too (full)."""
    salvage: bool = True
    """Whether a damaged file is put aside and saved from, when recording begins, or is an error."""
    keep_hits_days: float | None = None
    """The single hits of a fight are kept so long ..."""
    keep_hits_newest: int | None = None
    """... or of the newest so many fights ..."""
    keep_hits_file_bytes: int | None = None
    """... or while the file is at most so large; the oldest go first, of favourites none."""
    keep_fights_days: float | None = None
    """Whole fights are kept so long ..."""
    keep_fights_newest: int | None = None
    """... or the newest so many ..."""
    keep_fights_file_bytes: int | None = None
    """... or while the file is at most so large; the oldest go first, favourites never."""
    keep_rejected: int = 100_000
    """How many rejected tasks are kept; beyond it the oldest go."""

    def __post_init__(self) -> None:
        for each in fields(self):
            _check(each.name, getattr(self, each.name), str(each.type))


def _check(name: str, value: object, kind: str) -> None:
    if kind == "Durability":
        if value not in list(Durability):
            raise ValueError(f"{name}: expected normal or full, got {value!r}")
        return
    if kind == "bool":
        if not isinstance(value, bool):
            raise ValueError(f"{name}: expected true or false, got {value!r}")
        return
    if value is not None or not kind.endswith("None"):
        _check_number(name, value, kind)


def _check_number(name: str, value: object, kind: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name}: expected a number above 0, got {value!r}")
    if kind.startswith("int") and not isinstance(value, int):
        raise ValueError(f"{name}: expected a whole number, got {value!r}")
    if isinstance(value, int) and value >= 2**53:
        raise ValueError(f"{name}: expected a number below 2**53")
    if not (value > 0 and isfinite(value)):
        raise ValueError(f"{name}: expected a number above 0, got {value!r}")
    if kind.startswith("float") and value > MOST:
        raise ValueError(f"{name}: expected at most {MOST:,}, got {value!r}")
