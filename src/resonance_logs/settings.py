"""What can be set, where the values come from, and where the database file lies."""

from __future__ import annotations

import os
import tomllib
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from enum import StrEnum
from functools import wraps
from ipaddress import ip_network
from math import isfinite
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import platformdirs

from resonance_logs.errors import DatabaseUnavailable, InputError

MAX_SECONDS: Final = 1_000_000
"""Maximum of seconds and of days."""

_FLAGS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_CONVERT: Final = "convert"

_T = TypeVar("_T")


class Durability(StrEnum):
    """What a commit survives (SQLite's ``synchronous``)."""

    NORMAL = "normal"
    """A crash of the program."""
    FULL = "full"
    """Also a power failure: each batch waits for the disk."""


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


def _addresses(value: object) -> tuple[str, ...]:
    """IP addresses and networks, as a list or as text separated by commas."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        raise ValueError(f"expected IP addresses or networks, got {value!r}")
    found = tuple(each.strip() for each in given if each.strip())
    for each in found:
        ip_network(each)
    return found


def _optional(convert: Callable[[object], _T]) -> Callable[[object], _T | None]:
    return lambda value: None if value is None else convert(value)


def _setting(default: _T, convert: Callable[[object], _T]) -> _T:
    """A field of Settings; ``convert`` returns the value or raises ValueError."""
    return field(default=default, metadata={_CONVERT: convert})


_OLD_NAMES: Final = {"most_batch_tasks": "max_batch_tasks"}


def _with_current_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """Replace old names by the current ones.

    Raises:
        ValueError: a setting is given under its old and its current name.
    """
    for old, name in _OLD_NAMES.items():
        if old in given and name in given:
            raise ValueError(f"{old} is the old name of {name}; give only {name}")
    return {_OLD_NAMES.get(name, name): value for name, value in given.items()}


def _accept_old_names(settings: type[_T]) -> type[_T]:
    initialize = settings.__init__

    @wraps(initialize)
    def accept(self: _T, /, *values: Any, **named: Any) -> None:
        for old in _OLD_NAMES.keys() & named.keys():
            message = f"{old} is deprecated; use {_OLD_NAMES[old]}"
            warnings.warn(message, DeprecationWarning, stacklevel=2)
        initialize(self, *values, **_with_current_names(named))

    settings.__init__ = accept  # type: ignore[method-assign,assignment]
    return settings


@_accept_old_names
@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a database; the defaults suit a meter on a player's machine.

    Values can be text, as in environment variables: "5", "0.1", "true", "full".
    ``most_batch_tasks``, the old name of ``max_batch_tasks``, is deprecated.

    Raises:
        ValueError: a value has the wrong type or is out of range; the message names the setting.
    """

    queue_tasks: int = _setting(200_000, _whole_number)
    """Queue capacity before ``enqueue`` blocks."""
    enqueue_seconds: float = _setting(10.0, _number)
    """How long ``enqueue`` waits for room before it raises QueueFull."""
    batch_seconds: float = _setting(0.25, _number)
    """A batch closes this many seconds after its first task (or at once, for a flush) ..."""
    batch_tasks: int = _setting(2_000, _whole_number)
    """... or at this many tasks (or the whole backlog, if larger) ..."""
    max_batch_tasks: int = _setting(100_000, _whole_number)
    """... but never with more than this many."""
    live_seconds: float = _setting(1.0, _number)
    """Maximum delay of the live counters."""
    close_seconds: float = _setting(30.0, _number)
    """How long closing retries to write the queue if the disk fails."""
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

    trusted_proxies: tuple[str, ...] = _setting((), _addresses)
    """Proxies in front of ``serve`` whose word counts: IP addresses and networks."""

    def __post_init__(self) -> None:
        for each in fields(self):
            try:
                value = each.metadata[_CONVERT](getattr(self, each.name))
            except ValueError as error:
                raise ValueError(f"{each.name}: {error}") from error
            object.__setattr__(self, each.name, value)

    @property
    def most_batch_tasks(self) -> int:
        """The old name of ``max_batch_tasks``; deprecated."""
        message = "most_batch_tasks is deprecated; use max_batch_tasks"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return self.max_batch_tasks


ENVIRONMENT_VARIABLE: Final = "RESONANCE_LOGS_DB"

FILE_NAME: Final = "resonance-logs.db"


def default_path() -> Path:
    """The file in the user's local data directory on this platform."""
    return Path(platformdirs.user_data_path("resonance-logs", appauthor=False)) / FILE_NAME


def absolute(path: str | os.PathLike[str]) -> Path:
    """The absolute path; a leading tilde is a home folder.

    Raises:
        DatabaseUnavailable: there is no user with the name after the tilde.
    """
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:
        raise DatabaseUnavailable(f"{path}: {error}") from error


def find_name(path: str | os.PathLike[str] | None = None) -> Path:
    """The given path, else the environment variable RESONANCE_LOGS_DB, else the default.

    Raises:
        DatabaseUnavailable: there is no user with the name after the tilde.
    """
    named = path if path is not None else os.environ.get(ENVIRONMENT_VARIABLE) or None
    return default_path() if named is None else absolute(named)


def find_path(path: str | os.PathLike[str] | None = None) -> Path:
    """What ``find_name`` finds, with symlinks followed.

    So the files beside the database are beside the real file.

    Raises:
        DatabaseUnavailable: there is no user with the name after the tilde, or symlinks form a
            loop.
    """
    found = find_name(path)
    try:
        return found.resolve()
    except (OSError, RuntimeError) as error:
        raise DatabaseUnavailable(f"{found} cannot be found: {error}") from error


PREFIX: Final = "RESONANCE_LOGS_"

FILE_VARIABLE: Final = "RESONANCE_LOGS_SETTINGS"

TRACEBACK_VARIABLE: Final = "RESONANCE_LOGS_TRACEBACK"

_OTHER_VARIABLES: Final = frozenset(
    {FILE_VARIABLE, TRACEBACK_VARIABLE, "RESONANCE_LOGS_DB", "RESONANCE_LOGS_TOKEN"}
)

_NAMES: Final = tuple(each.name for each in fields(Settings))


def settings_file() -> Path:
    """The settings file: RESONANCE_LOGS_SETTINGS, or settings.toml in the user's configuration
    folder.
    """
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return absolute(named)
    return Path(platformdirs.user_config_path("resonance-logs", appauthor=False)) / "settings.toml"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The current settings, and the origin of each."""

    settings: Settings
    origins: Mapping[str, str]

    @classmethod
    def load(cls, **defaults: Any) -> Self:
        """Load the settings: the environment overrides the file, which overrides ``defaults``.

        Raises:
            InputError: a setting is unknown or invalid, or the file cannot be read; the message
                says where.
        """
        values: dict[str, Any] = dict(defaults)
        origins = dict.fromkeys(_NAMES, "default")
        for origin, found in (_from_file(), *_from_environment()):
            values |= found
            origins |= dict.fromkeys(found, origin)
            _check_values(origin, values)
        return cls(Settings(**values), origins)


def _check_values(origin: str, values: Mapping[str, Any]) -> None:
    try:
        Settings(**values)
    except ValueError as error:
        raise InputError(f"{origin}: {error}") from error


def _from_file() -> tuple[str, dict[str, Any]]:
    file = settings_file()
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if os.environ.get(FILE_VARIABLE):
            raise InputError(f"{file}: there is no such file; check {FILE_VARIABLE}") from error
        return str(file), {}
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from error
    except RecursionError as error:
        raise InputError(f"{file}: it is nested too deeply; settings are plain values") from error
    except ValueError as error:  # also a number of thousands of digits, and what is not UTF-8
        raise InputError(f"{file}: {error}") from error
    return str(file), _known(str(file), found)


def _from_environment() -> Iterable[tuple[str, dict[str, Any]]]:
    given = {
        variable.removeprefix(PREFIX).lower(): (variable, text.strip())
        for variable, text in sorted(os.environ.items())
        if variable.startswith(PREFIX) and variable not in _OTHER_VARIABLES and text.strip()
    }
    try:
        current = _with_current_names(given)
    except ValueError as error:
        raise InputError(f"environment ({PREFIX}...): {error}") from error
    for name, (variable, text) in current.items():
        yield variable, _known(variable, {name: text})


def _known(origin: str, given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        current = _with_current_names(given)
    except ValueError as error:
        raise InputError(f"{origin}: {error}") from error
    for name in current:
        if name not in _NAMES:
            close = get_close_matches(name, _NAMES, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise InputError(f"{origin}: unknown setting {name!r}{hint}")
    return current
