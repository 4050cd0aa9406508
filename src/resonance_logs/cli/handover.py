"""Send tasks to the server that records the file, over HTTP on this machine."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NoReturn
from urllib.parse import quote, urlencode, urlsplit

from resonance_logs.cli.server_note import ServerNote, read_note
from resonance_logs.errors import (
    AlreadyRecording,
    PositionGap,
    QueueFull,
    RecorderBusy,
    RecordingError,
)
from resonance_logs.tasks import SkippedLine, StreamItem, encode_task

TOKEN_VARIABLE: Final = "RESONANCE_LOGS_TOKEN"  # noqa: S105 - a name
REQUEST_TASKS: Final = 5_000
"""Tasks per request, if the source is a file: the server limits the rate of requests."""

TIMEOUT_S: Final = 60.0
"""Longer than the server waits for room in its queue, and for a commit."""

BUSY_S: Final = 10.0
"""How long to retry a recorder that is busy: an earlier request may still be open there."""

MAX_REPORTED_REFUSALS: Final = 100
"""Maximum number of refused lines that are shown one by one."""

CLOSE_S: Final = 30.0
"""After a stop, how long to retry a server whose queue is full."""


def find_server(path: Path, refusal: AlreadyRecording) -> ServerClient:
    """Find the server that records the file at ``path``.

    Raises:
        AlreadyRecording: ``refusal``, if no server records the file; or the token is missing or
            wrong.
    """
    note = read_note(path)
    if note is None:
        raise refusal
    client = ServerClient(note, os.environ.get(TOKEN_VARIABLE) or None)
    client.check(path, refusal)
    return client


class ServerClient:
    """Sends requests to one server, each over a connection of its own.

    A server may close a persistent connection at the moment of a request; the client would then not
    know whether the tasks were recorded.
    """

    def __init__(self, note: ServerNote, token: str | None) -> None:
        self.address = note.address
        self._note = note
        self._token = token

    def check(self, path: Path, refusal: AlreadyRecording) -> None:
        """Check that this is the server that wrote the note.

        Raises:
            AlreadyRecording: ``refusal``, if it is not; or the token is missing or wrong.
        """
        try:
            status, _, answer = self._request("GET", "/healthz", with_token=False)
            if status == HTTPStatus.OK:
                self._token = None  # not needed
            elif status == HTTPStatus.UNAUTHORIZED and self._token is not None:
                status, _, answer = self._request("GET", "/healthz")
        except (OSError, HTTPException) as error:
            raise refusal from error
        if status == HTTPStatus.UNAUTHORIZED:
            what = "needs a token" if self._token is None else "does not accept this token"
            raise AlreadyRecording(
                f"{path} is being recorded by the server at {self.address}, which {what}; "
                f"set {TOKEN_VARIABLE} to the token that the server was started with"
            )
        if status != HTTPStatus.OK or answer.get("instance") != self._note.instance:
            raise refusal

    def post(
        self, body: bytes, *, wait: bool, recorder: Mapping[str, str | int] = MappingProxyType({})
    ) -> dict[str, Any]:
        """Post lines of tasks, as the recorder that is described; returns the server's answer.

        Raises:
            PositionGap: the tasks do not follow those that the server has.
            RecordingError: the server refused the request, or no longer answers.
        """
        query = urlencode({"wait": str(wait).lower(), **recorder})
        busy_until = time.monotonic() + BUSY_S
        while True:
            try:
                status, headers, answer = self._request("POST", f"/api/tasks?{query}", body)
            except (OSError, HTTPException) as error:
                raise RecordingError(
                    f"the server at {self.address} no longer answers: "
                    f"{error or type(error).__name__}"
                ) from error
            if status == HTTPStatus.OK:
                return answer
            if status == HTTPStatus.REQUEST_TIMEOUT:  # this machine was asleep, for instance
                raise RecordingError(
                    f"the server at {self.address} no longer waits for the tasks"
                ) from TimeoutError(answer.get("message"))
            is_busy = answer.get("code") == RecorderBusy.code and time.monotonic() < busy_until
            if not is_busy and not _is_overloaded(status, headers):
                raise self._refusal(status, answer, recorder)
            time.sleep(_seconds(headers.get("retry-after", "")))

    def position(self, recorder: str) -> int:
        """How many items of a recorder the server has accepted; 0 if it does not know it.

        Raises:
            RecordingError: the server refused the request, or no longer answers.
        """
        try:
            status, _, answer = self._request("GET", f"/api/recorders/{quote(recorder)}")
        except (OSError, HTTPException) as error:
            raise RecordingError(
                f"the server at {self.address} no longer answers: {error or type(error).__name__}"
            ) from error
        if status == HTTPStatus.NOT_FOUND:
            return 0
        position = answer.get("position")
        if status != HTTPStatus.OK or type(position) is not int:
            raise self._refusal(status, answer, {})
        return position

    def _refusal(
        self, status: int, answer: Mapping[str, Any], recorder: Mapping[str, str | int]
    ) -> RecordingError:
        if answer.get("code") == PositionGap.code and type(answer.get("position")) is int:
            name, start = str(recorder.get("recorder")), int(recorder.get("from", 0))
            return PositionGap(name, start, answer["position"])
        return RecordingError(
            f"the server at {self.address} refused the tasks: "
            f"{answer.get('message', status)} (status {status})"
        )

    def _request(
        self, method: str, path: str, body: bytes | None = None, *, with_token: bool = True
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        url = urlsplit(self.address)
        headers = {"content-type": "application/x-ndjson", "connection": "close"}
        if with_token and self._token is not None:
            headers["authorization"] = f"Bearer {self._token}"
        connection = HTTPConnection(url.hostname or "", url.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read()
            names = {name.lower(): value for name, value in response.getheaders()}
        finally:
            connection.close()
        return response.status, names, _object(text)


COUNTED: Final = ("ignored", "strays", "rejected", "cut")


class ServerRecorder:
    """Accepts tasks like a database, and sends them to a server.

    Tasks from files are collected into larger requests; with ``is_live`` they are sent at once.
    """

    def __init__(
        self,
        client: ServerClient,
        *,
        is_live: bool,
        say: Callable[[str], None],
        recorder: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.accepted = 0
        """Tasks that the server has accepted."""
        self.refused = 0
        """Tasks that the server has refused: its version differs from this program's."""
        self.counts: Counter[str] = Counter()
        """What became of them there: ignored, strays, rejected, cut."""
        self.address = client.address
        self._client = client
        self._is_live = is_live
        self._say = say
        self._query = recorder
        self._pending: list[bytes] = []

    def enqueue_many(self, tasks: Sequence[StreamItem], timeout: float | None = None) -> None:
        """Accept the tasks, and send them once there are enough.

        Raises:
            QueueFull: the server's queue is full; the tasks were still accepted here.
            RecordingError: they could not be sent; the message says how many were recorded.
        """
        del timeout  # the server applies its own
        self._pending += map(self._encoded, tasks)
        if self._is_live or len(self._pending) >= REQUEST_TASKS:
            self._send(len(tasks))

    def _encoded(self, item: StreamItem) -> bytes:
        if isinstance(item, SkippedLine):
            raise TypeError("a line without a task is sent only with a position")
        return encode_task(item) + b"\n"

    def flush(self, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Send the remaining tasks, and wait until the server has committed everything.

        Raises:
            RecordingError: the tasks could not be sent, or after a stop not within 30 seconds.
        """
        stopped_at: float | None = None
        while not self._is_flushed():
            now = time.monotonic()
            if is_stopped():
                stopped_at = now if stopped_at is None else stopped_at
                if now - stopped_at > CLOSE_S:
                    self._fail(f"the server at {self.address} cannot write its file now")

    def _is_flushed(self) -> bool:
        try:
            self._send(0)
        except QueueFull:
            return False
        return bool(self._post(b"", wait=True).get("committed"))

    def _send(self, accepted_here: int) -> None:
        if not self._pending:
            return
        answer = self._post(b"".join(self._pending), wait=False)
        accepted, refused = answer.get("accepted"), answer.get("refused")
        if type(accepted) is not int or type(refused) is not int:
            self._fail(f"the server at {self.address} sent an invalid answer", is_unclear=True)
        fault = answer.get("fault")
        self.accepted += accepted
        self._note_refused(refused, answer)
        if fault and refused:  # the counts do not say which lines were accepted
            self._fail(str(fault), is_unclear=True)
        del self._pending[: accepted + refused]
        if self._pending:
            raise QueueFull(str(fault), accepted_here)

    def _note_refused(self, count: int, answer: dict[str, Any]) -> None:
        left = max(0, MAX_REPORTED_REFUSALS - self.refused)
        self.refused += count
        for each in answer.get("refusals", ())[:left]:
            self._say(f"refused by the server: {each.get('field')}: {each.get('reason')}")
        if left and self.refused > MAX_REPORTED_REFUSALS:
            self._say("refused by the server: more lines, which are only counted")

    def _post(self, body: bytes, *, wait: bool) -> dict[str, Any]:
        try:
            answer = self._client.post(body, wait=wait, recorder=self._query)
        except RecordingError as error:
            was_sent = not isinstance(error.__cause__, ConnectionRefusedError)
            self._fail(str(error), is_unclear=was_sent and bool(self._pending), cause=error)
        self._note_counts(answer)
        return answer

    def _note_counts(self, answer: Mapping[str, Any]) -> None:
        for name in COUNTED:
            count = answer.get(name)
            self.counts[name] += count if type(count) is int else 0  # not counted by older servers

    def _fail(
        self, reason: str, *, is_unclear: bool = False, cause: Exception | None = None
    ) -> NoReturn:
        left = len(self._pending)
        rest = ""
        if is_unclear:
            rest = f"; it is unknown whether it accepted the next {left:,}"
        elif left:
            rest = f"; it did not accept the next {left:,}"
        raise RecordingError(f"{reason}; it accepted {self.accepted:,} tasks{rest}") from cause


def _is_overloaded(status: int, headers: Mapping[str, str]) -> bool:
    """Whether the server asks to try again soon."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "retry-after" in headers
    return status == HTTPStatus.TOO_MANY_REQUESTS


def _object(text: bytes) -> dict[str, Any]:
    """Parse a JSON object; returns an empty one if the text is anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(text: str) -> float:
    return float(min(int(text), 60)) if text.isdecimal() and len(text) < 4 else 1.0
