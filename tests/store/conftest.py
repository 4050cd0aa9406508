"""The stores that the contract holds for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resonance_logs.store.engine import Store
from resonance_logs.store.migrate import prepare


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, path: Path) -> Iterator[Store]:
    """An empty store of each backend; a new backend is added here and must pass every test."""
    prepare(path)
    opened = Store(path)
    yield opened
    opened.close()
