"""Limits of web sockets: their number, their messages, and what is kept for slow readers."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from resonance_logs.web.connection_limits import ConnectionLimits
from resonance_logs.web.connections import Connections, Refused
from tests.helpers.http import serving

pytestmark = pytest.mark.attack

QUICK = ConnectionLimits(
    header_s=0.5, idle_s=0.5, silent_body_s=0.5, stalled_answer_s=0.5, tick_s=0.1
)
Open = Callable[[], ClientConnection]


async def echo(web_socket: WebSocket) -> None:
    await web_socket.accept()
    async for text in web_socket.iter_text():
        await web_socket.send_text("x" * 1_000_000 if text == "flood" else text)


class Echo:
    """A server of web sockets that repeat what they are told."""

    def __init__(self, stack: ExitStack, limits: ConnectionLimits) -> None:
        self._stack = stack
        self.app = Starlette(routes=[WebSocketRoute("/", echo)])
        self.app.state.connections = self.connections = Connections(limits)
        self.address = stack.enter_context(serving(self.app))

    def open(self) -> ClientConnection:
        place = urlsplit(self.address)
        plain = socket.create_connection((place.hostname, place.port), timeout=30)
        return self._stack.enter_context(
            connect(self.address.replace("http", "ws"), sock=plain, ping_interval=None)
        )


@pytest.fixture
def start() -> Iterator[Callable[[ConnectionLimits], Echo]]:
    with ExitStack() as stack:
        yield lambda limits: Echo(stack, limits)


Start = Callable[[ConnectionLimits], Echo]


def test_a_web_socket_may_be_silent_for_as_long_as_it_likes(start: Start) -> None:
    page = start(QUICK).open()
    time.sleep(1.5)
    page.send("still here")
    assert page.recv(timeout=30) == "still here"


def test_one_client_may_open_only_so_many(start: Start) -> None:
    server = start(replace(QUICK, max_websockets_per_client=2))
    pages = [server.open(), server.open()]
    with pytest.raises(InvalidStatus) as refused:
        server.open()
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["retry-after"] == "1"
    assert server.connections.refused[Refused.WEB_SOCKETS] == 1
    pages[0].close()
    for _ in range(500):
        if server.connections.web_sockets < 2:
            break
        time.sleep(0.01)
    server.open().send("room again")


def test_a_message_that_is_too_large_ends_the_web_socket(start: Start) -> None:
    server = start(replace(QUICK, max_message_bytes=1_000))
    page = server.open()
    page.send("x" * 1_000)
    assert page.recv(timeout=30) == "x" * 1_000
    page.send("x" * 1_001)  # compressed, it is much smaller
    with pytest.raises(ConnectionClosed) as closed:
        page.recv(timeout=30)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_too_many_messages_end_the_web_socket(start: Start) -> None:
    server = start(replace(QUICK, message_burst=20, messages_a_second=1.0))
    page = server.open()

    def talk() -> None:
        for _ in range(1_000):
            page.send("x")
            page.recv(timeout=30)

    with pytest.raises(ConnectionClosed) as closed:
        talk()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "too many messages")
    assert server.connections.refused[Refused.MESSAGES] == 1


def test_pings_count_as_messages(start: Start) -> None:
    server = start(replace(QUICK, message_burst=20, messages_a_second=1.0))
    page = server.open()

    def ping() -> None:
        for _ in range(1_000):
            page.ping().wait(30)

    with pytest.raises(ConnectionClosed):
        ping()


def test_a_web_socket_that_takes_nothing_is_cut_off(start: Start) -> None:
    server = start(QUICK)
    place = urlsplit(server.address)
    with socket.create_connection((place.hostname, place.port), timeout=30) as deaf:
        deaf.sendall(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b" 101 " in deaf.recv(1_024)
        flood = b"\x81\x85\0\0\0\0flood"
        deaf.sendall(flood * 30)
        for _ in range(500):
            if server.connections.refused[Refused.SLOW_READER]:
                break
            time.sleep(0.02)
    assert server.connections.refused[Refused.SLOW_READER] == 1
    server.open().send("others go on")
