"""The framework's scripts, styles and fonts: read and compressed once, then served from memory."""

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
"""Their URL prefixes; the URL of each file contains the framework's version."""

_LEVEL: Final = 1
"""Fast rather than small: most readers are on this machine, and compression blocks the server."""

MAX_CACHED_BYTES: Final = 32 << 20
"""Maximum size of the cache; anything beyond it is compressed each time. The pages need 2 MB."""

_CONDITIONS: Final = ("range", "if-none-match", "if-modified-since")

_Messages = tuple[Message, Message]


class CachedAssets(GZipMiddleware):
    """Compresses all answers, and the framework's files only once.

    Cached files are the same for every reader, and the cache is bounded: one file has many URLs.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, compresslevel=_LEVEL)
        self._cache: dict[str, _Messages] = {}
        self._free_bytes = MAX_CACHED_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file that was requested before from memory."""
        if not _is_file(scope):
            await super().__call__(scope, receive, send)
            return
        path = scope["path"]
        for message in self._cache.get(path) or await self._read(path, scope):
            await send(dict(message))

    async def _read(self, path: str, scope: Scope) -> _Messages:
        """Compute the whole answer, even if the client disconnects: it is cached for others."""
        answer = _Answer()
        await super().__call__(scope, _Request().receive, answer.take)
        if answer.is_good and path not in self._cache and len(answer.body) <= self._free_bytes:
            self._free_bytes -= len(answer.body)
            self._cache[path] = answer.messages(for_all=True)
        return answer.messages()


class _Request:
    """Stands in for a client that waits for the whole answer."""

    def __init__(self) -> None:
        self._has_asked = False

    async def receive(self) -> Message:
        """Report the end of the body; wait forever if called again."""
        if self._has_asked:
            await sleep_forever()
        self._has_asked = True
        return {"type": "http.request", "body": b"", "more_body": False}


class _Answer:
    """An answer, buffered until it is complete."""

    def __init__(self) -> None:
        self._start: Message = {}
        self.body = bytearray()

    async def take(self, message: Message) -> None:
        """Buffer a message."""
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self.body += message.get("body", b"")

    @property
    def is_good(self) -> bool:
        """Whether the request succeeded."""
        return bool(self._start["status"] == HTTPStatus.OK)

    def messages(self, *, for_all: bool = False) -> _Messages:
        """The messages to send, with the size; for other readers without this reader's cookie."""
        dropped = {b"content-length", b"set-cookie"} if for_all else {b"content-length"}
        headers = [each for each in self._start["headers"] if each[0] not in dropped]
        headers.append((b"content-length", b"%d" % len(self.body)))
        start = {**self._start, "headers": headers}
        return start, {"type": "http.response.body", "body": bytes(self.body)}


def _is_file(scope: Scope) -> bool:
    """Whether a file is requested, whole and compressed."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    headers = Headers(scope=scope)
    return (
        scope["path"].startswith(FOLDERS)
        and "gzip" in headers.get("accept-encoding", "")
        and not any(name in headers for name in _CONDITIONS)
    )
