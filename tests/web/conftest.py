"""A server on loopback, in a thread, and a client for it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from resonance_logs import Database
from resonance_logs.web.app import create_app
from resonance_logs.web.guard import Rules
from tests.test_database import fight, record

Serve = Callable[..., httpx.Client]


@contextmanager
def running(database: Database, rules: Rules, reason: str = "") -> Iterator[str]:
    """The URL of a server that runs while the block does."""
    app = create_app(database, rules, reason_not_recorded=reason)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, lifespan="on")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    """A database with two fights, open for recording."""
    with Database.open(path) as database:
        record(database, fight())
        record(database, fight(started=60_000, hits=7))
        yield database


@pytest.fixture
def serve(db: Database) -> Iterator[Serve]:
    """Starts servers on the database; gives clients."""
    with ExitStack() as stack:

        def start(rules: Rules | None = None, reason: str = "") -> httpx.Client:
            address = stack.enter_context(running(db, rules or Rules(), reason))
            return stack.enter_context(httpx.Client(base_url=address, timeout=30))

        yield start


@pytest.fixture
def client(serve: Serve) -> httpx.Client:
    """A client of a server with the usual rules."""
    return serve()
