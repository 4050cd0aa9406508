"""The server that runs the application."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette

from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.web.connections import Connections
from resonance_logs.web.http_protocol import LimitedHttpProtocol
from resonance_logs.web.web_socket_protocol import LimitedWebSocketProtocol

SHUTDOWN_TIMEOUT_S: Final = 2
"""How long open connections may take when the server stops."""

BACKLOG: Final = 1_024
"""Connections that the system accepts while the server is busy."""

_LOGGERS: Final = ("uvicorn.error", "asyncio", "nicegui", "engineio.server", "socketio.server")
"""Those of libraries that write what a client can cause."""


class _Server(uvicorn.Server):
    """Announces when it is ready to answer; only from then on does a signal stop it gracefully."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # Everything loaded so far stays; scanning it at each collection would delay all answers.
        gc.collect()
        gc.freeze()
        if self.started:
            self._announce()


def _is_news(record: logging.LogRecord) -> bool:
    """Not so if it says that a request was cancelled because the server stops."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, asyncio.CancelledError)


def make_server(app: FastAPI, announce: Callable[[], None]) -> uvicorn.Server:
    """A server for the application; ``announce`` is called once it answers."""
    return _Server(server_config(app), announce)


def server_config(app: Starlette, **options: Any) -> uvicorn.Config:
    """How the application is served: with the limits of its connections."""
    connections: Connections = app.state.connections
    limits = connections.limits
    limited = partial(LimitedHttpProtocol, connections=connections)
    limited_web_socket = partial(LimitedWebSocketProtocol, connections=connections)
    chosen: dict[str, Any] = {
        "log_level": "warning",
        "timeout_graceful_shutdown": SHUTDOWN_TIMEOUT_S,
        **options,
    }
    config = uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", limited),
        ws=cast("type[asyncio.Protocol]", limited_web_socket),
        ws_max_size=limits.max_message_bytes,
        timeout_keep_alive=max(1, round(limits.idle_s)),
        backlog=BACKLOG,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the guard reads them, from trusted proxies only
        **chosen,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    for name in _LOGGERS:
        limited_logger(name)
    return config
