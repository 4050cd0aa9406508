"""What hostile clients send: each function attacks the server at a URL for some seconds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import zstandard

from tests.helpers.raw_http import (
    GET,
    POST,
    connect,
    receive_all,
)

TINY = b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"
Attack = Callable[[str, float, str], None]
"""The URL, the seconds, and the address that it comes from."""


def peak_mb(pid: int) -> float:
    """The most memory that a process has had (on Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def send_endlessly(address: str, seconds: float, source: str, head: bytes, block: bytes) -> None:
    """Send blocks over new connections for a while, each until the server ends it."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        with connect(address, source=source) as connection, suppress(OSError):
            connection.settimeout(seconds)
            connection.sendall(head)
            while time.monotonic() < give_up_at:
                connection.sendall(block)


def many_headers(address: str, seconds: float, source: str) -> None:
    send_endlessly(address, seconds, source, GET, b"x-header: value\r\n" * 4_000)


def endless_header(address: str, seconds: float, source: str) -> None:
    send_endlessly(address, seconds, source, GET + b"x: ", b"a" * 1_000_000)


def endless_url(address: str, seconds: float, source: str) -> None:
    send_endlessly(address, seconds, source, b"GET /", b"a" * 1_000_000)


def endless_chunk_extension(address: str, seconds: float, source: str) -> None:
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n1;"
    send_endlessly(address, seconds, source, head, b"a" * 1_000_000)


def tiny_requests(address: str, seconds: float, source: str) -> None:
    """A hundred thousand requests ahead of their answers, which nobody reads."""
    send_endlessly(address, seconds, source, b"", TINY * 20_000)


def new_connections(address: str, seconds: float, source: str) -> None:
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        connect(address, source=source).close()


def held(address: str, seconds: float, source: str, count: int, sent: bytes) -> None:
    """Connections that send this, and then wait."""
    with ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(connect(address, source=source))
            with suppress(ConnectionError):
                connection.sendall(sent)
        time.sleep(seconds)


def idle_sockets(address: str, seconds: float, source: str) -> None:
    held(address, seconds, source, 1_000, b"")


def unfinished_headers(address: str, seconds: float, source: str) -> None:
    held(address, seconds, source, 1_000, GET + b"x: " + b"a" * 60_000)


def large_unfinished_bodies(address: str, seconds: float, source: str) -> None:
    head = POST.replace(b"/api/tasks", b"/api/commands/get_live_encounter")
    body = b" " * 990_000
    held(address, seconds, source, 300, head + b"Content-Length: 1000000\r\n\r\n" + body)


def unfinished_streams(address: str, seconds: float, source: str) -> None:
    head = POST.replace(b"/api/tasks", b"/api/tasks?recorder=slow")
    held(address, seconds, source, 300, head + b"Content-Length: 1000000\r\n\r\n{")


def bombs(address: str, seconds: float, source: str) -> None:
    """A few kilobytes each that are very many lines."""
    del seconds
    for number, line in enumerate((b"\n", b"x\n", b" \r\n", b"{}\n")):
        packed = zstandard.ZstdCompressor().compress(line * (100_000_000 // len(line)))
        head = POST.replace(b"/api/tasks", b"/api/tasks?recorder=bomb%d" % number)
        with connect(address, source=source) as connection:
            length = b"Content-Length: %d\r\n" % len(packed)
            connection.sendall(head + length + b"Connection: close\r\n\r\n" + packed)
            assert b'"fault":"body: ' in receive_all(connection)


ATTACKS: list[Attack] = [
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
