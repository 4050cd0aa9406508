"""What can be set when a database is opened."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from math import isfinite


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

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if each.type == "bool":
                continue
            if each.type == "Durability":
                if value not in list(Durability):
                    raise ValueError(f"{each.name}: expected normal or full, got {value!r}")
                continue
            if each.type == "int" and not isinstance(value, int):
                raise ValueError(f"{each.name}: expected a whole number, got {value!r}")
            if not (value > 0 and isfinite(value)):
                raise ValueError(f"{each.name}: expected a number above 0, got {value!r}")
