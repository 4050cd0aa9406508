"""A server on loopback, in a thread, and a client for it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from resonance_logs import Database
from resonance_logs.web.guard import Rules
from tests.helpers.http import Serve, running
from tests.helpers.recording import fight, record


@pytest.fixture
def recorded_db(path: Path) -> Iterator[Database]:
    """A database with two fights, open for recording."""
    with Database.open(path) as database:
        record(database, fight())
        record(database, fight(started=60_000, hits=7))
        yield database


@pytest.fixture
def serve(recorded_db: Database) -> Iterator[Serve]:
    """Starts servers on the database; gives clients."""
    with ExitStack() as stack:

        def start(rules: Rules | None = None, reason: str = "") -> httpx.Client:
            address = stack.enter_context(running(recorded_db, rules or Rules(), reason))
            return stack.enter_context(httpx.Client(base_url=address, timeout=30))

        yield start


@pytest.fixture
def client(serve: Serve) -> httpx.Client:
    """A client of a server with the usual rules."""
    return serve()
