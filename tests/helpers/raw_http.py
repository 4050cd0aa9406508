"""Requests as bytes, over plain sockets: what no HTTP client would send."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PATIENCE_S = 30.0
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/tasks HTTP/1.1\r\nHost: localhost\r\n"


OTHER_CLIENT = "127.0.0.2"
"""Another address of this machine (on Linux)."""


def connect(address: str, *, source: str = "", receive_buffer: int | None = None) -> socket.socket:
    """A connection to the server at this URL, from the address that is given."""
    place = urlsplit(address)
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(PATIENCE_S)
    made.bind((source, 0))
    made.connect((place.hostname, place.port))
    return made


def receive_all(connection: socket.socket) -> bytes:
    """Everything until the server closes the connection, or resets it."""
    parts: list[bytes] = []
    with suppress(ConnectionError):
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def statuses(answer: bytes) -> list[int]:
    """The statuses of all answers in it."""
    return [int(each) for each in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def exchange(address: str, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """Send the parts, and return everything until the server closes the connection."""
    with connect(address) as connection:
        with suppress(ConnectionError):  # it may answer, and close, before all is sent
            for part in parts:
                connection.sendall(part)
                time.sleep(pause_s)
        return receive_all(connection)


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed the connection; waits a moment for it."""
    connection.settimeout(0.01)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@dataclass
class Others:
    """What other clients experience meanwhile."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def percentile_99(self) -> float:
        return sorted(self.seconds)[int((len(self.seconds) - 1) * 0.99)]


@contextmanager
def others_asking(address: str, requests: Sequence[bytes] = (GET,)) -> Iterator[Others]:
    """While the block runs, a client asks again and again, over a new connection each time."""
    others = Others()
    stop = threading.Event()

    def ask() -> None:
        number = 0
        while not stop.is_set():
            request = requests[number % len(requests)] + b"Connection: close\r\n\r\n"
            number += 1
            began = time.perf_counter()
            try:
                answer = exchange(address, request)
            except OSError as error:
                others.failures.append(repr(error))
                continue
            others.seconds.append(time.perf_counter() - began)
            if statuses(answer) != [200]:
                others.failures.append(repr(answer[:100]))
            stop.wait(0.005)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield others
    finally:
        stop.set()
        thread.join()
