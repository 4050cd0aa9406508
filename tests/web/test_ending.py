"""A web socket sends no more messages than it may, and none after the end of its session."""

import asyncio

import pytest
from starlette.types import Message

from resonance_logs.web import ending
from resonance_logs.web.ending import MESSAGES_BURST, GuardedSocket
from resonance_logs.web.sessions import Session

TEXT: Message = {"type": "websocket.receive", "text": "3"}


async def _receive() -> Message:
    return TEXT


async def _never() -> Message:
    await asyncio.Event().wait()
    return TEXT


async def _send(_message: Message) -> None:
    return None


def test_messages_beyond_the_burst_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "MESSAGES_A_SECOND", 1e-6)

    async def look() -> None:
        socket = GuardedSocket(None, _receive, _send)
        for _ in range(MESSAGES_BURST):
            assert await socket.receive() == TEXT
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.receive(), 0.1)

    asyncio.run(look())


def test_a_waiting_socket_is_closed_when_its_session_expires() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def look() -> None:
        socket = GuardedSocket(Session(lifetime_s=0.2, idle_s=100), _never, send)
        last = await asyncio.wait_for(socket.receive(), 20)
        assert last["type"] == "websocket.disconnect"
        await socket.send({"type": "websocket.send", "text": "late"})
        assert (await socket.receive())["type"] == "websocket.disconnect"

    asyncio.run(look())
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_messages_are_use_of_the_session() -> None:
    async def look() -> None:
        session = Session(lifetime_s=1_000, idle_s=500)
        socket = GuardedSocket(session, _receive, _send)
        await asyncio.sleep(0.05)
        before = session.seconds_left
        assert await socket.receive() == TEXT
        assert session.seconds_left > before

    asyncio.run(look())
