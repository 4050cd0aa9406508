"""The client process: a number of concurrent requests, each over its own connection.

Plain sockets, because a Python client that does more is slower than the server.
"""

from __future__ import annotations

import json
import random
import selectors
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from bench.history_file import BOSSES, LOCAL_PLAYER

AT_ONCE: Final = 50
BETWEEN_S: Final = 0.5
REFUSED: Final = (
    b"POST /api/commands/get_live_encounter HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"
)
"""Refused because of its type before any command runs: the cost of a request itself."""

Question = tuple[str, dict[str, Any]]


def questions(chance: random.Random, fights: int) -> list[Question]:
    """The same number of requests of each kind, each with different arguments."""
    return [_KINDS[n % len(_KINDS)](chance, fights) for n in range(AT_ONCE)]


def _page(chance: random.Random, _fights: int) -> Question:
    return "get_recent_encounters", {"limit": 50, "offset": 50 * chance.randrange(10)}


def _filtered(chance: random.Random, _fights: int) -> Question:
    filters = {"bossNames": [f"Boss {chance.randrange(BOSSES)}"]}
    return "get_recent_encounters_filtered", {"limit": 50, "filters": filters}


def _fight(chance: random.Random, fights: int) -> Question:
    return "get_encounter_by_id", {"encounterId": chance.randint(1, fights)}


def _skills(chance: random.Random, fights: int) -> Question:
    of = {"encounterId": chance.randint(1, fights), "actorId": LOCAL_PLAYER, "skillType": "dps"}
    return "get_encounter_player_skills", of


def _live(_chance: random.Random, _fights: int) -> Question:
    return "get_live_encounter", {}


_KINDS: Final[tuple[Callable[[random.Random, int], Question], ...]] = (
    _page,
    _filtered,
    _fight,
    _skills,
    _live,
)


class _Line:
    """A persistent connection, with one request at a time."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._socket = self._connected()
        self._got = bytearray()
        self._size: int | None = None
        self._sent_at = 0.0

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, request: bytes) -> None:
        self._got.clear()
        self._size = None
        self._sent_at = time.perf_counter()
        self._socket.sendall(request)

    def take(self) -> float | None:
        """Receive what has arrived; returns the time since the request once the answer is
        complete.
        """
        part = self._socket.recv(1 << 20)
        self._got += part
        if not part:
            self._socket.close()
            self._socket = self._connected()
        elif self._size is None and (end := self._got.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._got[:end]).lower()
            self._size = end + 4 + int(head.split(b"content-length:")[1].split()[0])
        is_whole = not part or self._size == len(self._got)
        return time.perf_counter() - self._sent_at if is_whole else None

    def is_good(self) -> bool:
        """Whether the last answer is valid JSON."""
        head, _, body = self._got.partition(b"\r\n\r\n")
        try:
            json.loads(body)
        except ValueError:
            return False
        return head.startswith(b"HTTP/1.1 200")

    def _connected(self) -> socket.socket:
        place = urlsplit(self._address)
        made = socket.create_connection((place.hostname, place.port), timeout=60)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


def _request(question: Question) -> bytes:
    name, body = question
    text = json.dumps(body).encode()
    head = (
        f"POST /api/commands/{name} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    return head.encode() + text


def _ask_all(lines: list[_Line], requests: list[bytes]) -> list[float]:
    """The times of all answers, in the order of the requests."""
    times = [0.0] * len(lines)
    with selectors.DefaultSelector() as waiting:
        for place, (line, request) in enumerate(zip(lines, requests, strict=True)):
            line.send(request)
            waiting.register(line, selectors.EVENT_READ, place)
        while waiting.get_map():
            for key, _ in waiting.select():
                line = lines[key.data]
                waiting_for = key.fd
                took = line.take()
                if took is not None:
                    times[key.data] = took
                    waiting.unregister(waiting_for)
    return times


def ask(address: str, seconds: float, fights: int) -> dict[str, Any]:
    """The times of answers by command, those of refusals, and the number of failures."""
    chance = random.Random(3)
    lines = [_Line(address) for _ in range(AT_ONCE)]
    times: dict[str, list[float]] = {}
    refused: list[float] = []
    failed = 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        asked = questions(chance, fights)
        for (name, _), took in zip(asked, _ask_all(lines, list(map(_request, asked))), strict=True):
            times.setdefault(name, []).append(took)
        failed += sum(not line.is_good() for line in lines)
        time.sleep(BETWEEN_S)
        refused += _ask_all(lines, [REFUSED] * AT_ONCE)
        time.sleep(BETWEEN_S)
    return {"times": times, "refused": refused, "failed": failed}


if __name__ == "__main__":
    print(json.dumps(ask(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))))
