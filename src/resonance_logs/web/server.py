"""The server that runs the application."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable
from typing import Final

import uvicorn
from fastapi import FastAPI

GRACE_S: Final = 2
"""Open connections are given so long when the server ends."""


class _Server(uvicorn.Server):
    """Tells once it answers; from then on, and not before, a signal ends it in order."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is there now stays; looked through at each collection it held all answers up.
        gc.collect()
        gc.freeze()
        if self.started:
            self._announce()


def make_server(app: FastAPI, announce: Callable[[], None]) -> uvicorn.Server:
    """A server for the application; ``announce`` is called once it answers."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    return _Server(config, announce)
