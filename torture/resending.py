"""Clients that send again: the server is killed, and no task is lost or recorded twice."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import quote, urlencode

from torture.children import let_pass
from torture.moment import Moment
from torture.recorded_stream import RecordedStream, make_streams
from torture.recorders_verdict import judge_recorders
from torture.serving import Server
from torture.verdict import Verdict

FIGHTS: Final = 6
MOST_EVENTS: Final = 120
MAX_KILLS: Final = 4
TIMEOUT_S: Final = 60.0
PATIENCE_S: Final = 180.0
"""Within this time all is recorded, or a client hangs."""


class Client:
    """Sends the lines of one recorder, and keeps those that it has not seen stored.

    On any failure it asks for the position and continues there.
    """

    def __init__(self, server: Server, stream: RecordedStream, seed: int) -> None:
        self.wrong: list[str] = []
        self._server = server
        self._stream = stream
        self._lines = stream.lines
        self._dice = random.Random(seed)
        self._position = 0
        self._stored = 0
        """The lines before it are gone: the server said that they are on disk."""
        self._give_up_at = time.monotonic() + PATIENCE_S
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    @property
    def is_sending(self) -> bool:
        """Whether it has not seen everything stored yet."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait until everything is stored, or something is wrong."""
        self._thread.join()

    def _run(self) -> None:
        try:
            while self._stored < len(self._lines) and not self.wrong:
                self._step()
        except Exception as error:  # noqa: BLE001 - the thread must report it
            self._report(f"{type(error).__name__}: {error}")

    def _step(self) -> None:
        if time.monotonic() > self._give_up_at:
            self._report(f"only {self._stored} of {len(self._lines)} lines are stored")
            return
        let_pass(self._dice.choice((0.0, 0.0, 0.01, 0.05)))
        try:
            self._send_some()
        except (OSError, HTTPException):
            try:
                self._ask()
            except (OSError, HTTPException):
                let_pass(self._dice.uniform(0.0, 0.1))

    def _send_some(self) -> None:
        """Send a request of any size, which is sometimes cut off, or repeats some lines."""
        dice = self._dice
        start = self._position
        if dice.random() < 0.2:
            start = dice.randint(self._stored, start)
        elif dice.random() < 0.05 and start < len(self._lines):
            start += 1  # a gap, which the server must refuse
        size = dice.choice((0, 1, 2, 3, 10, 20, 60, dice.choice((30, 60, 60, len(self._lines)))))
        body = b"".join(self._lines[start : start + size])
        is_last = start + size >= len(self._lines)
        query = {
            "recorder": self._stream.identity.recorder,
            "game": self._stream.identity.game,
            "from": start,
            "wait": str(is_last or dice.random() < 0.4).lower(),
        }
        connection = self._connect()
        try:
            connection.putrequest("POST", f"/api/tasks?{urlencode(query)}")
            connection.putheader("content-length", str(len(body)))
            connection.endheaders()
            if body and dice.random() < 0.15:
                connection.send(body[: dice.randrange(len(body))])
                let_pass(dice.choice((0.0, 0.002, 0.05)))
                raise ConnectionAbortedError  # closes it in the middle of a line
            for part in _parts(dice, body):
                connection.send(part)
            if dice.random() < 0.05:
                raise ConnectionAbortedError  # the server goes on with what it has
            response = connection.getresponse()
            self._note(start, response.status, json.loads(response.read()))
        finally:
            connection.close()

    def _note(self, start: int, status: int, answer: dict[str, Any]) -> None:
        if status == 200:
            self._continue_at(answer["position"], answer["storedPosition"])
        elif answer.get("code") == "position_gap":
            if start <= self._position <= answer["position"]:
                self._report(f"from {start} is a gap after {answer}")
            self._continue_at(answer["position"], 0)
        elif answer.get("code") == "recorder_busy":
            let_pass(0.01)
            self._ask()
        else:
            self._report(f"answered {status}: {answer}")

    def _ask(self) -> None:
        connection = self._connect()
        try:
            name = quote(self._stream.identity.recorder, safe="")
            connection.request("GET", f"/api/recorders/{name}")
            response = connection.getresponse()
            answer = json.loads(response.read())
            if response.status == 404:
                self._continue_at(0, 0)
            else:
                self._continue_at(answer["position"], answer["storedPosition"])
        finally:
            connection.close()

    def _continue_at(self, position: int, stored: int) -> None:
        if not self._stored <= position <= len(self._lines) or stored > position:
            self._report(
                f"the position is {position} (stored {stored}) of {len(self._lines)}, but it was "
                f"said that {self._stored} are on disk"
            )
        self._position = position
        self._stored = max(self._stored, stored)

    def _connect(self) -> HTTPConnection:
        return HTTPConnection(*self._server.address(), timeout=TIMEOUT_S)

    def _report(self, what: str) -> None:
        self.wrong.append(f"{self._stream.identity.recorder}: {what}")


def _parts(dice: random.Random, body: bytes) -> Sequence[bytes]:
    if dice.random() < 0.7:
        return [body]
    cut = dice.randint(0, len(body))
    return [body[:cut], body[cut:]]


def kill_resending(moment: Moment) -> Verdict:
    """Kill the server, several times and while it recovers, under two clients that send again."""
    streams = make_streams(moment.dice, FIGHTS, MOST_EVENTS)
    with Server(moment.path) as server:
        clients = [Client(server, each, moment.dice.getrandbits(30)) for each in streams]
        for client in clients:
            client.start()
        kills = _kill_often(moment.dice, server, clients)
        for client in clients:
            client.join()
    verdict = judge_recorders(moment.path, streams)
    verdict.note = f"{kills} kills"
    verdict.wrong[:0] = [each for client in clients for each in client.wrong]
    return verdict


def _kill_often(dice: random.Random, server: Server, clients: Sequence[Client]) -> int:
    """Kill the server while somebody sends; returns how often."""
    kills = 0
    for _ in range(dice.randint(1, MAX_KILLS)):
        until = time.monotonic() + dice.uniform(0.0, 0.5)
        while any(each.is_sending for each in clients) and time.monotonic() < until:
            let_pass(0.002)
        if not any(each.is_sending for each in clients):
            break
        server.kill()
        kills += 1
        server.start()
        if dice.random() < 0.3:
            let_pass(dice.uniform(0.2, 2.0))
            server.kill()
            kills += 1
            server.start()
        server.wait()
    return kills
