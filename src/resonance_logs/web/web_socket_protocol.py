"""uvicorn's protocol of web sockets, with limits."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame

from resonance_logs.web.connections import Connections, Refused
from resonance_logs.web.ending import POLICY_VIOLATION
from resonance_logs.web.rate import Bucket

MAX_UNSENT_BYTES: Final = 16 * 1024 * 1024
"""More than this is not kept for a client that does not take it."""


class LimitedWebSocketProtocol(WebSocketsSansIOProtocol):
    """A web socket; its connection was admitted as one that speaks HTTP."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._all = connections
        limits = connections.limits
        self._frames = Bucket(limits.messages_a_second, limits.message_burst)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the connection."""
        super().connection_made(transport)
        self._all.of(self.transport).owner = self

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._all.release(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take frames, unless the client takes none of ours."""
        if self.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._all.refused[Refused.SLOW_READER] += 1
            self.abort()
            return
        super().data_received(data)

    def handle_cont(self, event: Frame) -> None:
        """Take a further part of a message."""
        if self._take():
            super().handle_cont(event)

    def handle_text(self, event: Frame) -> None:
        """Take a message of text, or its first part."""
        if self._take():
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """Take a message of bytes, or its first part."""
        if self._take():
            super().handle_bytes(event)

    def handle_ping(self) -> None:
        """Answer a ping."""
        if self._take():
            super().handle_ping()

    def time_out(self, reason: Refused | None) -> None:
        """End a connection whose client takes nothing."""
        del reason
        self.abort()

    def abort(self) -> None:
        """End the connection at once, and tell the application."""
        self.disconnected = True
        self.writable.set()
        self.transport.abort()

    def _take(self) -> bool:
        """Use up one frame; without any left, end the connection."""
        if self.close_sent:
            return False
        if not self._frames.take():
            return True
        self._all.refused[Refused.MESSAGES] += 1
        self.conn.send_close(POLICY_VIOLATION, "too many messages")
        self.handle_parser_exception()
        return False
