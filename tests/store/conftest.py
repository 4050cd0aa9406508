"""The stores that the contract covers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import prepare


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, path: Path) -> Iterator[Store]:
    """An empty store of each backend; add a new backend here, and it must pass every test."""
    prepare(path)
    opened = Store(path)
    yield opened
    opened.close()
