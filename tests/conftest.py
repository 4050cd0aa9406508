"""What many tests need: a database file of their own, and a database open on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resonance_logs import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's database file lies; it is not there yet."""
    return tmp_path / "fights.db"


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    """A database that is open for recording."""
    with Database.open(path) as database:
        yield database
