"""Whatever hostile clients send, the server stays small, and answers others soon."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import zstandard

from tests.helpers.raw_http import (
    GET,
    OTHER_CLIENT,
    POST,
    connect,
    others_asking,
    receive_all,
)
from tests.helpers.serving import Server

MAX_MB = 600
MAX_WAIT_S = 1.0
ATTACK_S = 2.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with its usual limits, in a process of its own."""
    started = Server(tmp_path_factory.mktemp("hostile") / "fights.db")
    yield started
    code, _ = started.end(signal.SIGINT)
    assert code == 0


def peak_mb(server: Server) -> float:
    status = Path(f"/proc/{server.popen.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def send_endlessly(server: Server, head: bytes, block: bytes) -> None:
    """Send blocks over new connections for a while, each until the server ends it."""
    give_up_at = time.monotonic() + ATTACK_S
    while time.monotonic() < give_up_at:
        with connect(server.address) as connection, suppress(OSError):
            connection.settimeout(ATTACK_S)
            connection.sendall(head)
            while time.monotonic() < give_up_at:
                connection.sendall(block)


def many_headers(server: Server) -> None:
    send_endlessly(server, GET, b"x-header: value\r\n" * 4_000)


def endless_header(server: Server) -> None:
    send_endlessly(server, GET + b"x: ", b"a" * 1_000_000)


def endless_url(server: Server) -> None:
    send_endlessly(server, b"GET /", b"a" * 1_000_000)


def endless_chunk_extension(server: Server) -> None:
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n1;"
    send_endlessly(server, head, b"a" * 1_000_000)


def tiny_requests(server: Server) -> None:
    """A hundred thousand requests ahead of their answers, which nobody reads."""
    send_endlessly(server, b"", b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20_000)


def new_connections(server: Server) -> None:
    give_up_at = time.monotonic() + ATTACK_S
    while time.monotonic() < give_up_at:
        connect(server.address).close()


def held(server: Server, count: int, sent: bytes, source: str = "") -> None:
    """Connections that send this, and then wait."""
    with ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(connect(server.address, source=source))
            with suppress(ConnectionError):
                connection.sendall(sent)
        time.sleep(ATTACK_S)


def idle_sockets(server: Server) -> None:
    held(server, 1_000, b"")


def unfinished_headers(server: Server) -> None:
    held(server, 1_000, GET + b"x: " + b"a" * 60_000)


def large_unfinished_bodies(server: Server) -> None:
    head = POST.replace(b"/api/tasks", b"/api/commands/get_live_encounter")
    body = b" " * 990_000
    held(server, 300, head + b"Content-Length: 1000000\r\n\r\n" + body, OTHER_CLIENT)


def unfinished_streams(server: Server) -> None:
    head = POST.replace(b"/api/tasks", b"/api/tasks?recorder=slow")
    held(server, 300, head + b"Content-Length: 1000000\r\n\r\n{", OTHER_CLIENT)


def bombs(server: Server) -> None:
    """A few kilobytes each that are very many lines."""
    for number, line in enumerate((b"\n", b"x\n", b" \r\n", b"{}\n")):
        packed = zstandard.ZstdCompressor().compress(line * (100_000_000 // len(line)))
        head = POST.replace(b"/api/tasks", b"/api/tasks?recorder=bomb%d" % number)
        with connect(server.address) as connection:
            length = b"Content-Length: %d\r\n" % len(packed)
            connection.sendall(head + length + b"Connection: close\r\n\r\n" + packed)
            assert b'"fault":"body: ' in receive_all(connection)


ATTACKS: list[Callable[[Server], None]] = [
    many_headers,
    endless_header,
    endless_url,
    endless_chunk_extension,
    tiny_requests,
    new_connections,
    idle_sockets,
    unfinished_headers,
    large_unfinished_bodies,
    unfinished_streams,
    bombs,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_others_are_answered_and_memory_stays_bounded(
    server: Server, attack: Callable[[Server], None]
) -> None:
    with others_asking(server.address) as others:
        attack(server)
    assert others.failures == []
    assert others.percentile_99 < MAX_WAIT_S
    assert peak_mb(server) < MAX_MB
