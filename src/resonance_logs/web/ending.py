"""Requests and web sockets that end with the session that opened them."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import Message, Receive, Send

from resonance_logs.web.rate import Bucket
from resonance_logs.web.sessions import Session

POLICY_VIOLATION: Final = 1008

MESSAGES_A_SECOND: Final = 20.0
MESSAGES_BURST: Final = 100
"""How many messages a web socket may send; the ones beyond it wait for their turn."""


class EndingRequest:
    """A request as its application sees it: when the session ends, the client is gone."""

    def __init__(self, session: Session, receive: Receive, send: Send) -> None:
        self._session = session
        self._receive = receive
        self._send = send
        self._is_open = False

    async def receive(self) -> Message:
        """The next message."""
        return await _next_message(self._session, self._receive) or {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send a message."""
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        self._is_open = not is_last
        await self._send(message)

    async def close(self) -> None:
        """End an answer that the application left unfinished because the session has ended."""
        if self._is_open and self._session.seconds_left <= 0:
            await self.send({"type": "http.response.body", "body": b""})


class GuardedSocket:
    """A web socket as its application sees it: its messages are limited, and it is closed when its
    session ends.
    """

    def __init__(self, session: Session | None, receive: Receive, send: Send) -> None:
        self._session = session
        self._receive = receive
        self._send = send
        self._is_closed = False
        self._messages = Bucket(MESSAGES_A_SECOND, MESSAGES_BURST)

    async def receive(self) -> Message:
        """The next message, which counts as use of the session."""
        while wait := self._messages.take():
            await asyncio.sleep(wait)
        if self._session is None:
            return await self._receive()
        message = None if self._is_closed else await _next_message(self._session, self._receive)
        if message is not None:
            self._session.use()
            return message
        if not self._is_closed:
            await self.send({"type": "websocket.close", "code": POLICY_VIOLATION})
            self._is_closed = True
        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}

    async def send(self, message: Message) -> None:
        """Send a message, unless the session has ended."""
        if not self._is_closed:
            await self._send(message)


async def _next_message(session: Session, receive: Receive) -> Message | None:
    """The next message; None if the session ends before it comes."""
    if session.seconds_left <= 0:
        return None
    coming = asyncio.ensure_future(receive())
    ended = asyncio.ensure_future(session.ended.wait())
    try:
        while not coming.done() and session.seconds_left > 0:
            await asyncio.wait(
                (coming, ended),
                timeout=session.seconds_left,
                return_when=asyncio.FIRST_COMPLETED,
            )
        return coming.result() if coming.done() else None
    finally:
        coming.cancel()
        ended.cancel()
