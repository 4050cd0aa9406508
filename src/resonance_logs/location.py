"""Where the database file lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import platformdirs

ENVIRONMENT_VARIABLE: Final = "RESONANCE_LOGS_DB"
FILE_NAME: Final = "resonance-logs.db"


def default_path() -> Path:
    """The file in the user's local data directory of this platform."""
    return Path(platformdirs.user_data_path("resonance-logs", appauthor=False)) / FILE_NAME


def find_path(path: str | os.PathLike[str] | None = None) -> Path:
    """The path given, else that of the environment variable RESONANCE_LOGS_DB, else the default."""
    named = path if path is not None else os.environ.get(ENVIRONMENT_VARIABLE) or None
    return default_path() if named is None else Path(named).expanduser().absolute()
