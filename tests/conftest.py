"""Shared fixtures: a database file per test, and a database open on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from resonance_logs import Database
from resonance_logs.commands import Commands
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import prepare
from resonance_logs.system.repeated_messages import REPEATED_MESSAGES
from tests.helpers.builder import Builder

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def no_messages_counted() -> None:
    """Messages of one test are not counted as repeating those of another."""
    REPEATED_MESSAGES.reset()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a test's database file, which does not exist yet."""
    return tmp_path / "fights.db"


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    """A database open for recording."""
    with Database.open(path) as database:
        yield database


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "fights.db"
    prepare(path)
    store = Store(path)
    yield store
    store.close()


@pytest.fixture
def builder(store: Store) -> Builder:
    return Builder(store)


@pytest.fixture
def commands(store: Store) -> Commands:
    return Commands(store)
