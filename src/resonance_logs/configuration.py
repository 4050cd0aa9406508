"""Settings from the environment, a file, and the defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Self

import platformdirs

from resonance_logs.errors import InputError
from resonance_logs.location import absolute
from resonance_logs.settings import Settings

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
    """The settings in force, and where each comes from."""

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
            _check(origin, values)
        return cls(Settings(**values), origins)


def _check(origin: str, values: Mapping[str, Any]) -> None:
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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: {error}") from error
    _refuse_unknown(str(file), found)
    return str(file), found


def _from_environment() -> Iterable[tuple[str, dict[str, Any]]]:
    for variable, text in sorted(os.environ.items()):
        if not variable.startswith(PREFIX) or variable in _OTHER_VARIABLES or not text.strip():
            continue
        name = variable.removeprefix(PREFIX).lower()
        _refuse_unknown(variable, [name])
        yield variable, {name: text.strip()}


def _refuse_unknown(origin: str, names: Iterable[str]) -> None:
    for name in names:
        if name not in _NAMES:
            close = get_close_matches(name, _NAMES, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise InputError(f"{origin}: unknown setting {name!r}{hint}")
