"""A server on loopback, and what is sent to it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette

from resonance_logs import Database, encode_task
from resonance_logs.web.app import create_app
from resonance_logs.web.connection_limits import ConnectionLimits
from resonance_logs.web.guard import Rules
from resonance_logs.web.server import server_config
from tests.helpers.recording import fight

Serve = Callable[..., httpx.Client]


@contextmanager
def running(
    database: Database,
    rules: Rules,
    reason: str = "",
    limits: ConnectionLimits = ConnectionLimits(),  # noqa: B008 - frozen
    prepare: Callable[[FastAPI], None] = lambda _: None,
) -> Iterator[str]:
    """The URL of a server that runs while the block does."""
    app = create_app(database, rules, limits=limits, reason_not_recorded=reason)
    prepare(app)
    with serving(app) as address:
        yield address


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """The same for an application with a table of connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = server_config(app, log_level="error", timeout_graceful_shutdown=1, lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def status_of(client: httpx.Client, request: bytes, headers: Sequence[bytes]) -> int:
    """The status of a request whose bytes no client library would send; it ends there."""
    host, port = client.base_url.host, client.base_url.port
    assert port is not None
    lines = [request + b" HTTP/1.1", *headers, b"connection: close", b"", b""]
    if any(each.lower().startswith(b"upgrade") for each in headers):
        lines.remove(b"connection: close")
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(b"\r\n".join(lines))
        answer = connection.makefile("rb").readline()
    return int(answer.split()[1])


LINES = b"".join(encode_task(task) + b"\n" for task in fight(started=900_000, hits=5))
