"""The server that runs the application."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Callable
from typing import Final

import uvicorn
from fastapi import FastAPI

SHUTDOWN_TIMEOUT_S: Final = 2
"""How long open connections may take when the server stops."""


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
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the guard reads them, from trusted proxies only
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return _Server(config, announce)
