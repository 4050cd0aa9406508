"""A stream to a server records each task once, whatever breaks on the way."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs import EndEncounter, PositionGap, QueueFull, RecordingError, encode_task
from resonance_logs.cli import server_stream
from resonance_logs.cli.server_stream import ServerStream
from resonance_logs.errors import AlreadyRecording
from resonance_logs.tasks import SKIPPED_LINE, StreamItem

ENDS = [EndEncounter(ended_at_ms=number) for number in range(200)]


class FakeServer:
    """Accepts lines, writes some of them to disk, and now and then does not answer, or crashes."""

    address = "http://127.0.0.1:1/"

    def __init__(self, chance: random.Random) -> None:
        self.lines: list[bytes] = []
        self.stored = 0
        self.is_gone = False
        self.faults = 0.0
        """How often something goes wrong, from 0 to 1."""
        self._chance = chance

    def position(self, recorder: str) -> int:
        assert recorder == "raid"
        return len(self.lines)

    def post(self, body: bytes, *, wait: bool, recorder: dict[str, Any]) -> dict[str, Any]:
        assert recorder["recorder"] == "raid"
        lines = body.splitlines()
        before = len(self.lines)
        if self._fails():
            self._crash()
        start = recorder.get("from", len(self.lines))
        if start > len(self.lines):
            raise PositionGap("raid", start, len(self.lines))
        known = len(self.lines) - start
        taken = lines[known : self._chance.randint(known, len(lines)) if self._fails() else None]
        self.lines += taken
        if self._fails():
            self._crash()  # although they were accepted
        self.stored = len(self.lines) if wait else self._chance.randint(self.stored, before)
        refused = [number for number, line in enumerate(taken, known + 1) if line == b"null"]
        return {
            "position": len(self.lines),
            "storedPosition": self.stored,
            "accepted": len(taken) - len(refused),
            "skipped": min(known, len(lines)),
            "refused": len(refused),
            "refusals": [{"line": number, "field": None, "reason": "null"} for number in refused],
            "committed": wait,
            "fault": None if known + len(taken) == len(lines) else "the queue is full",
        }

    def _fails(self) -> bool:
        return self._chance.random() < self.faults

    def _crash(self) -> None:
        del self.lines[self.stored :]
        try:
            raise ConnectionResetError("reset")
        except OSError as error:
            raise RecordingError("no longer answers") from error


def stream_to(server: FakeServer, said: list[str] | None = None) -> ServerStream:
    def find() -> Any:
        if server.is_gone:
            raise AlreadyRecording("another program records it")
        return server

    return ServerStream(
        server,  # type: ignore[arg-type]
        find,
        "raid",
        None,
        is_live=True,
        say=([] if said is None else said).append,
    )


def send(stream: ServerStream, items: Sequence[StreamItem]) -> None:
    with contextlib.suppress(QueueFull):  # the items are accepted, and sent later
        stream.enqueue_many(items)


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.4]), st.lists(st.integers(0, 9)))
def test_every_line_arrives_once_and_in_order(seed: int, faults: float, sizes: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_stream, "PAUSE_S", 0.0)
        chance = random.Random(seed)
        server = FakeServer(chance)
        stream = stream_to(server)
        server.faults = faults
        sent: list[StreamItem] = []
        for size in sizes:
            items = [
                SKIPPED_LINE if chance.random() < 0.2 else ENDS[len(sent) + number]
                for number in range(size)
            ]
            send(stream, items)
            sent += items
        stream.flush()
        expected = [
            b"null" if item is SKIPPED_LINE else encode_task(item)  # type: ignore[arg-type]
            for item in sent
        ]
        assert server.lines == expected
        assert stream.position == len(sent)
        assert stream.refused == 0


def test_lines_that_the_client_refused_are_not_reported_again() -> None:
    said: list[str] = []
    stream = stream_to(FakeServer(random.Random(1)), said)
    send(stream, [ENDS[0], SKIPPED_LINE, ENDS[1]])
    stream.flush()
    assert (stream.accepted, stream.refused, said) == (2, 0, [])


def test_a_server_that_does_not_come_back_is_given_up_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_stream, "PAUSE_S", 0.0)
    monkeypatch.setattr(server_stream, "RETRY_S", 0.0)
    server = FakeServer(random.Random(1))
    stream = stream_to(server)
    server.faults = 1.0
    server.is_gone = True
    with pytest.raises(RecordingError, match="run the command again to continue where it stopped"):
        stream.enqueue_many(ENDS[:3])


def test_a_server_that_has_lost_what_it_confirmed_is_not_sent_a_gap() -> None:
    server = FakeServer(random.Random(1))
    stream = stream_to(server)
    send(stream, [*ENDS[:5]])
    stream.flush()
    del server.lines[2:]
    with pytest.raises(RecordingError, match="stands at 2 of recorder 'raid'"):
        stream.enqueue_many(ENDS[5:7])


def test_a_server_that_answers_only_half_is_given_up_and_the_wait_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_stream, "PAUSE_S", 0.0)
    monkeypatch.setattr(server_stream, "RETRY_S", 0.05)
    said: list[str] = []
    server = FakeServer(random.Random(1))
    stream = stream_to(server, said)
    server.faults = 1.0
    with pytest.raises(RecordingError, match="run the command again to continue where it stopped"):
        stream.enqueue_many(ENDS[:3])
    assert said == ["no longer answers; trying again for up to 0 s"]
