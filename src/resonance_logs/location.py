"""Where the database file is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import platformdirs

from resonance_logs.errors import DatabaseUnavailable

ENVIRONMENT_VARIABLE: Final = "RESONANCE_LOGS_DB"
FILE_NAME: Final = "resonance-logs.db"


def default_path() -> Path:
    """The file in the user's local data directory on this platform."""
    return Path(platformdirs.user_data_path("resonance-logs", appauthor=False)) / FILE_NAME


def absolute(path: str | os.PathLike[str]) -> Path:
    """The absolute path; a tilde stands for a home folder.

    Raises:
        DatabaseUnavailable: there is no user with the name after the tilde.
    """
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:
        raise DatabaseUnavailable(f"{path}: {error}") from error


def find_path(path: str | os.PathLike[str] | None = None) -> Path:
    """The given path, else the environment variable RESONANCE_LOGS_DB, else the default.

    Symlinks are followed, so that the files beside the database lie beside the real one.

    Raises:
        DatabaseUnavailable: nobody is of the name after a tilde, or symlinks form a loop.
    """
    named = path if path is not None else os.environ.get(ENVIRONMENT_VARIABLE) or None
    found = default_path() if named is None else absolute(named)
    try:
        return found.resolve()
    except (OSError, RuntimeError) as error:
        raise DatabaseUnavailable(f"{found} cannot be found: {error}") from error
