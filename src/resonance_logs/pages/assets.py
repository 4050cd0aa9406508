"""The framework's scripts, styles and fonts: read and compressed once, answered from memory."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from anyio import sleep_forever
from nicegui import __version__
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDERS: Final = tuple(
    f"/_nicegui/{__version__}/{name}/" for name in ("static", "components", "libraries", "esm")
)
"""Where they are; the address of each holds the version of the framework."""

_LEVEL: Final = 1
"""Fast rather than small: most go to this machine, and compressing holds up all others."""

MOST_BYTES: Final = 32 << 20
"""How much is kept; what comes after that is compressed each time. The pages need 2 MB."""

_CONDITIONS: Final = ("range", "if-none-match", "if-modified-since")

_Messages = tuple[Message, Message]


class KeptFiles(GZipMiddleware):
    """Compresses all answers, and those that are such files only once.

    What is kept is the same for every reader, and has an end: one file has many addresses.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, compresslevel=_LEVEL)
        self._kept: dict[str, _Messages] = {}
        self._room = MOST_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a file that was asked for before from memory."""
        if not _is_file(scope):
            await super().__call__(scope, receive, send)
            return
        path = scope["path"]
        for message in self._kept.get(path) or await self._read(path, scope):
            await send(dict(message))

    async def _read(self, path: str, scope: Scope) -> _Messages:
        """The whole answer, even where who asks goes before its end: it is for others too."""
        answer = _Answer()
        await super().__call__(scope, _Reader().receive, answer.take)
        if answer.is_good and path not in self._kept and len(answer.body) <= self._room:
            self._room -= len(answer.body)
            self._kept[path] = answer.messages(for_all=True)
        return answer.messages()


class _Reader:
    """One who asks, and waits until all has come."""

    def __init__(self) -> None:
        self._has_asked = False

    async def receive(self) -> Message:
        """That nothing more comes; asked again, wait until nobody asks."""
        if self._has_asked:
            await sleep_forever()
        self._has_asked = True
        return {"type": "http.request", "body": b"", "more_body": False}


class _Answer:
    """An answer, held until it is whole."""

    def __init__(self) -> None:
        self._start: Message = {}
        self.body = bytearray()

    async def take(self, message: Message) -> None:
        """Hold what it says."""
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self.body += message.get("body", b"")

    @property
    def is_good(self) -> bool:
        """Whether it is what was asked for."""
        return bool(self._start["status"] == HTTPStatus.OK)

    def messages(self, *, for_all: bool = False) -> _Messages:
        """What to send: with its size, and for others without the cookie of this reader."""
        dropped = {b"content-length", b"set-cookie"} if for_all else {b"content-length"}
        headers = [each for each in self._start["headers"] if each[0] not in dropped]
        headers.append((b"content-length", b"%d" % len(self.body)))
        start = {**self._start, "headers": headers}
        return start, {"type": "http.response.body", "body": bytes(self.body)}


def _is_file(scope: Scope) -> bool:
    """Whether a file is asked for, whole and compressed."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    headers = Headers(scope=scope)
    return (
        scope["path"].startswith(FOLDERS)
        and "gzip" in headers.get("accept-encoding", "")
        and not any(name in headers for name in _CONDITIONS)
    )
