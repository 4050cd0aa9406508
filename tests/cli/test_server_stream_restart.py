"""What ``ingest --recorder`` sends to a server that crashes and forgets what was not on disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from resonance_logs import EndEncounter, RecordingError, Task
from resonance_logs.cli import server_stream
from resonance_logs.cli.handover import ServerClient
from resonance_logs.cli.server_stream import ServerStream


class Server:
    """Accepts lines, and has them on disk once somebody waits for that."""

    address = "http://127.0.0.1:1/"

    def __init__(self, accepted: int = 0, stored: int = 0) -> None:
        self.accepted = accepted
        self.stored = stored
        self.is_down = False

    def post(self, body: bytes, *, wait: bool, recorder: Mapping[str, Any]) -> dict[str, Any]:
        if self.is_down:
            self.is_down = False
            raise RecordingError("it no longer answers") from ConnectionResetError()
        start = int(recorder.get("from", self.accepted))
        new = max(0, start + body.count(b"\n") - self.accepted)
        self.accepted += new
        if wait:
            self.stored = self.accepted
        return {
            "position": self.accepted,
            "storedPosition": self.stored,
            "accepted": new,
            "skipped": body.count(b"\n") - new,
            "committed": wait,
        }

    def position(self, _recorder: str) -> int:
        return self.accepted

    def crash(self) -> None:
        self.accepted = self.stored
        self.is_down = True


TASKS: list[Task] = [EndEncounter(ended_at_ms=each) for each in range(3)]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_stream, "PAUSE_S", 0.0)


def stream(server: Server) -> ServerStream:
    client = cast("ServerClient", server)
    return ServerStream(client, lambda: client, "alpha", None, is_live=True, say=print)


def test_what_the_server_has_forgotten_is_sent_again() -> None:
    server = Server()
    sending = stream(server)
    sending.enqueue_many(TASKS)
    server.crash()
    sending.enqueue_many(TASKS)
    sending.flush()
    assert (server.accepted, server.stored) == (6, 6)


def test_what_another_program_has_sent_before_is_on_disk_first() -> None:
    server = Server(accepted=5, stored=2)
    sending = stream(server)
    server.crash()
    sending.enqueue_many(TASKS)
    sending.flush()
    assert server.stored == 8


def test_it_fails_at_once_where_the_server_stands_before_what_is_kept() -> None:
    server = Server(accepted=5)
    sending = stream(server)
    server.stored = 2  # the file was replaced by an older one
    server.crash()
    with pytest.raises(RecordingError, match="run the command again"):
        sending.enqueue_many(TASKS)
