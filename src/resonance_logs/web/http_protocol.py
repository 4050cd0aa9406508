"""uvicorn's HTTP protocol, with limits: it counts what arrives before it is kept."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from resonance_logs.web.answers import refuse
from resonance_logs.web.connections import Connection, Connections, Phase, Refused

CONNECTION: Final = "connection"
"""The attribute of a request's state with its ``Connection``."""

SLICE_BYTES: Final = 4 * 1024
"""Bytes parsed at a time: so many requests are begun at most before one of them is answered."""

_TIMEOUTS: Final = {
    Refused.SLOW_HEADERS: "the headers of the request took too long",
    Refused.SILENT_BODY: "the body stopped: nothing arrived for too long",
    Refused.SLOW_BODY: "the body arrives too slowly",
}


class _Flow(FlowControl):
    """Pauses and resumes reading; held, it stays paused."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        super().__init__(transport)
        self._connection = connection
        self._is_held = False

    def pause_reading(self) -> None:
        if not self._transport.is_closing():
            super().pause_reading()
            self._connection.is_paused = True

    def resume_reading(self) -> None:
        if not self._is_held and not self._transport.is_closing():
            super().resume_reading()
            self._connection.is_paused = False

    def hold(self) -> None:
        """Pause until ``release``, whatever the application reads."""
        self._is_held = True
        self.pause_reading()

    def release(self) -> None:
        """Read again."""
        self._is_held = False
        self.resume_reading()


class LimitedHttpProtocol(HttpToolsProtocol):
    """A connection that speaks HTTP."""

    _connection: Connection
    flow: _Flow

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._all = connections
        self._limits = connections.limits
        self._held: list[bytes] = []
        """What arrived while an earlier request is being answered."""
        self._is_over = False
        """Whether nothing more is read."""
        self._running: RequestResponseCycle | None = None
        """The request that is being answered; ``cycle`` may be a later one."""
        self._deferred: bytes | None = None
        """An answer to a bad request that follows one which is still being answered."""
        self._refusal: tuple[HTTPStatus, str, Refused] | None = None
        """Why the parser was stopped."""
        self._header_bytes = 0
        """Of the request being read, or of its trailers, as far as the parser has given them."""
        self._header_fields = 0
        self._unparsed = 0
        """Bytes that the parser has taken since, and not given yet."""
        self._ignores_upgrade = False
        self._dropped = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit the connection, or refuse it."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        admitted = self._all.admit(self, transport, address)
        self._connection = admitted or Connection(self, transport, "")
        self.flow = _Flow(transport, self._connection)
        if admitted is None:
            self._is_over = True
            transport.write(_answer(HTTPStatus.SERVICE_UNAVAILABLE, _TOO_MANY, retry=True))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._all.release(self.transport)
        self._disconnect()
        super().connection_lost(exc)

    def abort(self) -> None:
        """End the connection at once."""
        self._disconnect()
        self.transport.abort()

    def _disconnect(self) -> None:
        """Tell the application that nobody receives its answer."""
        self._is_over = self._connection.has_left = True
        self._held.clear()
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
            self.flow.resume_writing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, or keep it until earlier requests are answered."""
        if self._is_over:
            self._dropped += len(data)
            if self._dropped > self._limits.max_dropped_bytes:
                self.abort()
            return
        if self._held or self.pipeline:
            self._hold(data)
        else:
            self._parse(data)

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self.flow.hold()

    def _parse(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE_BYTES):
            if self._is_over:
                return
            if self.pipeline:
                self._hold(data[start:])
                return
            self._parse_slice(data[start : start + SLICE_BYTES])

    def _parse_slice(self, data: bytes) -> None:
        self._unparsed += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            if self._refusal is None and not isinstance(error.__context__, _INVALID_URL):
                raise
            self._refuse(*(self._refusal or _INVALID))
        except httptools.HttpParserError:
            self._refuse(*_INVALID)
        else:
            self._check_unparsed()

    def _check_unparsed(self) -> None:
        """Refuse a header, or a chunk's extension, that does not end."""
        if self._connection.phase is Phase.BODY:
            if self._unparsed > self._limits.max_framing_bytes:
                self._refuse(HTTPStatus.BAD_REQUEST, _FRAMING, Refused.INVALID)
        elif self._header_bytes + self._unparsed > self._limits.max_header_bytes:
            if self._connection.phase is Phase.HEADERS:
                self._refuse(*_LARGE_HEADERS)
            elif self._connection.phase is Phase.IDLE:  # empty lines before a request
                self._refuse(*_INVALID)

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._unset_keepalive_if_required()
        super().on_message_begin()
        self.scope["state"][CONNECTION] = self._connection
        self._connection.enter(Phase.HEADERS)
        self._header_bytes = self._header_fields = self._unparsed = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the URL."""
        super().on_url(url)
        self._unparsed = 0
        self._header_bytes = len(self.url)
        if self._header_bytes > self._limits.max_url_bytes:
            self._stop_parser(HTTPStatus.REQUEST_URI_TOO_LONG, _LONG_URL, Refused.URL)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers are counted, and dropped."""
        self._unparsed = 0
        self._header_bytes += len(name) + len(value) + 4
        self._header_fields += 1
        if (
            self._header_bytes > self._limits.max_header_bytes
            or self._header_fields > self._limits.max_header_fields
        ):
            self._stop_parser(*_LARGE_HEADERS)
        if self._connection.phase is Phase.HEADERS:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Check the request, and let the application begin with it."""
        self._unparsed = 0
        self._unset_keepalive_if_required()
        if self.parser.get_http_version() not in {"1.0", "1.1"}:
            self._stop_parser(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, _VERSION, Refused.INVALID)
        if not self._is_sound():
            self._stop_parser(*_INVALID)
        self._ignores_upgrade = self.parser.should_upgrade() and not self._should_upgrade()
        if self._ignores_upgrade:
            return
        super().on_headers_complete()
        self._header_bytes = self._header_fields = 0
        self._connection.enter(Phase.BODY)

    def _is_sound(self) -> bool:
        """Whether the URL and the headers of an upgrade are those of a request to this server."""
        if self.parser.should_upgrade() and self._should_upgrade():
            names = {name for name, _ in self.headers}
            return self.parser.get_method() == b"GET" and names.isdisjoint(_BODY_HEADERS)
        if self.url.startswith(b"/") or self.url == b"*":
            return True
        # A proxy's form of the URL: its host must be the one that the guard looks at.
        hosts = [value for name, value in self.headers if name == b"host"]
        try:
            place = urlsplit(self.url.decode("ascii"))
        except ValueError:
            return False
        return place.scheme == "http" and hosts == [place.netloc.encode()]

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._unparsed = 0
        self._connection.received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request has arrived."""
        if self._ignores_upgrade:
            return
        super().on_message_complete()
        self._unparsed = self._header_bytes = 0
        is_answered = self.cycle is None or self.cycle.response_complete
        self._connection.enter(Phase.IDLE if is_answered else Phase.ANSWER)

    def on_response_complete(self) -> None:
        """Go on with the next request, if the client may send one."""
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self.cycle.response_complete:  # the last one that was begun
            if self._deferred is not None:
                self._end_with(self._deferred)
                return
            if self._connection.phase is Phase.BODY:
                self._connection.enter(Phase.UNWANTED)
                self.flow.release()
            elif self._connection.phase is Phase.ANSWER:
                self._connection.enter(Phase.IDLE)
        if self._held and not self.pipeline:
            self.loop.call_soon(self._continue)

    def _continue(self) -> None:
        """Parse what was held while earlier requests were answered."""
        held, self._held = b"".join(self._held), []
        if self._is_over or self.transport.is_closing():
            return
        self.flow.release()
        self._parse(held)

    def _upgrade(self, rest: bytes) -> None:
        if self._ignores_upgrade:
            self._parse_without_upgrade(rest)
        elif self._is_answering():
            self._refuse(*_INVALID)
        elif self._all.begin_web_socket(self._connection):
            self.handle_websocket_upgrade()
        else:
            self._end_with(_answer(HTTPStatus.SERVICE_UNAVAILABLE, _MANY_SOCKETS, retry=True))

    def _parse_without_upgrade(self, rest: bytes) -> None:
        """Parse a request to change to an unknown protocol as if it had not asked for it.

        The parser takes the body of such a request for the other protocol.
        """
        kept = [(name, value) for name, value in self.headers if name not in _UPGRADE_HEADERS]
        if not self.parser.should_keep_alive():
            kept.append((b"connection", b"close"))
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)]
        lines += [name + b": " + value + b"\r\n" for name, value in kept]
        self.parser = httptools.HttpRequestParser(self)
        self._parse_slice(b"".join([*lines, b"\r\n", rest]))

    def _stop_parser(self, status: HTTPStatus, message: str, reason: Refused) -> None:
        self._refusal = status, message, reason
        raise _StopParserError

    def time_out(self, reason: Refused | None) -> None:
        """End a connection whose client is too slow."""
        if reason is Refused.SLOW_READER:
            self.abort()
        elif reason is None:
            self.transport.close()
            self._is_over = True
        elif reason in _TIMEOUTS:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, _TIMEOUTS[reason])

    def _refuse(self, status: HTTPStatus, message: str, reason: Refused | None = None) -> None:
        """Answer the request that is being read with an error, and read no further."""
        if self._is_over or self.transport.is_closing():
            return
        if reason is not None:
            self._all.refused[reason] += 1
        answer = _answer(status, message)
        if self._is_answering():
            self._is_over = True
            self._deferred = answer
            self._connection.enter(Phase.ANSWER)
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:  # the application reads the body
            if cycle.response_started:
                self.abort()
                return
            self._disconnect()
        self._end_with(answer)

    def _is_answering(self) -> bool:
        """Whether a request before the one being read is not answered yet."""
        if self.pipeline and self._connection.phase is Phase.BODY:
            self.pipeline.popleft()  # the one being read
            assert self._running is not None  # noqa: S101
            self.cycle = self.pipeline[0][0] if self.pipeline else self._running
            return True
        if self._connection.phase is Phase.BODY:
            return False
        return self.cycle is not None and not self.cycle.response_complete

    def _end_with(self, answer: bytes) -> None:
        self.transport.write(answer)
        self._drop_rest()

    def _drop_rest(self) -> None:
        """Drop what still arrives for a moment: a reset would take the answer from the client."""
        self._unset_keepalive_if_required()
        self._is_over = True
        self._held.clear()
        self._connection.enter(Phase.UNWANTED)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.release()


class _StopParserError(Exception):
    """Stops the parser within one of its calls."""


_TOO_MANY: Final = "too many connections; close some, or try again later"
_MANY_SOCKETS: Final = "too many web sockets; close some pages, or try again later"
_LONG_URL: Final = "the URL is too long"
_FRAMING: Final = "a chunk of the body has a header that does not end"
_VERSION: Final = "only HTTP/1.0 and HTTP/1.1 are spoken here"
_INVALID_URL: Final = (httptools.HttpParserInvalidURLError, UnicodeDecodeError)
_UPGRADE_HEADERS: Final = frozenset({b"connection", b"upgrade", b"http2-settings"})
_BODY_HEADERS: Final = frozenset({b"content-length", b"transfer-encoding"})
_INVALID: Final = (HTTPStatus.BAD_REQUEST, "not a valid HTTP request", Refused.INVALID)
_LARGE_HEADERS: Final = (
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "the headers are too large, or too many",
    Refused.HEADERS,
)


def _answer(status: HTTPStatus, message: str, *, retry: bool = False) -> bytes:
    """A whole answer that ends the connection, in the format of all errors."""
    made = refuse(status, message)
    headers = [*made.raw_headers, (b"connection", b"close")]
    if retry:
        headers.append((b"retry-after", b"1"))
    lines = [name + b": " + value + b"\r\n" for name, value in headers]
    return b"".join([STATUS_LINE[status], *lines, b"\r\n", bytes(made.body)])
