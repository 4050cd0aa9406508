"""The settings of a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from math import isfinite
from typing import Final, TypeVar

MAX_SECONDS: Final = 1_000_000
"""Maximum of seconds and of days."""

_FLAGS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_CONVERT: Final = "convert"

_T = TypeVar("_T")


class Durability(StrEnum):
    """What a commit survives; SQLite's ``synchronous``."""

    NORMAL = "normal"
    """The end of the program, however it ends."""
    FULL = "full"
    """A power failure too: each batch waits for the disk."""


def _whole_number(value: object) -> int:
    if isinstance(value, str):
        value = _read(int, value)
    if isinstance(value, float):
        raise ValueError(f"expected a whole number, got {value!r}")
    return int(_above_zero(value))


def _number(value: object) -> float:
    number = float(_above_zero(_read(float, value) if isinstance(value, str) else value))
    if number > MAX_SECONDS:
        raise ValueError(f"expected at most {MAX_SECONDS:,}, got {value!r}")
    return number


def _above_zero(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number above 0, got {value!r}")
    if isinstance(value, int) and value >= 2**53:
        raise ValueError("expected a number below 2**53")
    if not (value > 0 and isfinite(value)):
        raise ValueError(f"expected a number above 0, got {value!r}")
    return value


def _read(kind: Callable[[str], _T], text: str) -> _T:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"expected a number, got {text!r}") from None


def _flag(value: object) -> bool:
    flag = _FLAGS.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(flag, bool):
        raise ValueError(f"expected true or false, got {value!r}")
    return flag


def _durability(value: object) -> Durability:
    if value not in list(Durability):
        raise ValueError(f"expected normal or full, got {value!r}")
    return Durability(str(value))


def _optional(convert: Callable[[object], _T]) -> Callable[[object], _T | None]:
    return lambda value: None if value is None else convert(value)


def _setting(default: _T, convert: Callable[[object], _T]) -> _T:
    """A field of Settings; ``convert`` gives its value or raises ValueError."""
    return field(default=default, metadata={_CONVERT: convert})


@dataclass(frozen=True, slots=True)
class Settings:
    """How a database records; the defaults suit a meter on a player's machine.

    A value may be given as text, as an environment variable has it: "5", "0.1", "true", "full".

    Raises:
        ValueError: a value has the wrong type or is out of range; the message names the setting.
    """

    queue_tasks: int = _setting(200_000, _whole_number)
    """Queue capacity before ``enqueue`` blocks."""
    enqueue_seconds: float = _setting(10.0, _number)
    """How long ``enqueue`` waits for room before it raises QueueFull."""
    batch_seconds: float = _setting(0.05, _number)
    """A batch closes this many seconds after its first task ..."""
    batch_tasks: int = _setting(2_000, _whole_number)
    """... or at this many tasks (or the whole backlog, if larger) ..."""
    most_batch_tasks: int = _setting(100_000, _whole_number)
    """... but never with more than this many."""
    live_seconds: float = _setting(1.0, _number)
    """Maximum delay of the live counters."""
    close_seconds: float = _setting(30.0, _number)
    """How long closing tries to write what is queued if the disk fails."""
    archive: bool = _setting(True, _flag)
    """Whether the individual hits of a fight are kept (compressed) after it has ended."""
    durability: Durability = _setting(Durability.NORMAL, _durability)  # noqa: RUF009 - immutable
    """What a commit survives: the program's end (normal), or a power failure too (full)."""
    salvage: bool = _setting(True, _flag)
    """Whether a damaged file is salvaged when recording begins, instead of raising an error."""
    keep_hits_days: float | None = _setting(None, _optional(_number))
    """Keep individual hits for this many days ..."""
    keep_hits_newest: int | None = _setting(None, _optional(_whole_number))
    """... or of this many of the newest fights ..."""
    keep_hits_file_bytes: int | None = _setting(None, _optional(_whole_number))
    """... or while the file is at most this large; the oldest go first, never favourites'."""
    keep_fights_days: float | None = _setting(None, _optional(_number))
    """Keep whole fights for this many days ..."""
    keep_fights_newest: int | None = _setting(None, _optional(_whole_number))
    """... or this many of the newest ..."""
    keep_fights_file_bytes: int | None = _setting(None, _optional(_whole_number))
    """... or while the file is at most this large; the oldest go first, never favourites."""
    keep_rejected: int = _setting(100_000, _whole_number)
    """How many rejected tasks are kept; beyond it the oldest are deleted."""

    def __post_init__(self) -> None:
        for each in fields(self):
            try:
                value = each.metadata[_CONVERT](getattr(self, each.name))
            except ValueError as error:
                raise ValueError(f"{each.name}: {error}") from error
            object.__setattr__(self, each.name, value)
