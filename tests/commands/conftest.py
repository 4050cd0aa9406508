"""A store with empty tables, what fills it, and the commands on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resonance_logs.commands import Commands
from resonance_logs.store.engine import Store
from resonance_logs.store.migrate import prepare
from tests.commands.builder import Builder


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
