"""What a page's web socket may send: anything else closes it, before the framework sees it.

A page sends packets of Engine.IO (one character), most of which are packets of Socket.IO (another
one) with an event: its name, and an object.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from nicegui import Client, json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.web.answers import refuse

PATH: Final = "/_nicegui_ws/"
MAX_MESSAGE: Final = 1_000_000
"""In characters; the pages' scripts send nothing longer."""
MAX_REPORT: Final = 300
_INVALID: Final = 1007

_CONTROL: Final = frozenset({"1", "3", "40", "41"})
"""Close, pong, connect, disconnect."""
_EVENT: Final = re.compile(r"42[0-9]{0,9}(?=\[)")
_NUMBER: Final = re.compile(r"[0-9]{1,15}", re.ASCII)

_NO_SOCKET: Final = "pages need a web socket; a proxy in between must pass it on"

_logger = limited_logger(__name__)


class _Handshake(msgspec.Struct):
    client_id: str
    tab_id: str
    document_id: str
    next_message_id: int | str
    old_tab_id: str | None = None


class _Event(msgspec.Struct):
    client_id: str
    id: int
    listener_id: str
    args: list[str | None] = msgspec.field(default_factory=list)


class _Result(msgspec.Struct):
    client_id: str
    request_id: str


class _Ack(msgspec.Struct):
    client_id: str
    next_message_id: int


class _Report(msgspec.Struct):
    message: str


_FORMS: Final[dict[str, type[msgspec.Struct]]] = {
    "handshake": _Handshake,
    "event": _Event,
    "javascript_response": _Result,
    "ack": _Ack,
    "log": _Report,
}


class SocketMessages:
    """ASGI middleware: the web sockets of pages send only what the pages' scripts send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is not a socket of a page; check the messages of those that are."""
        if not scope["path"].startswith(PATH):
            await self._app(scope, receive, send)
        elif scope["type"] != "websocket":
            answer = refuse(HTTPStatus.BAD_REQUEST, _NO_SOCKET)
            await answer(scope, receive, send)
        elif not _is_page_of_ours(scope["query_string"].decode("ascii", "replace")):
            await receive()
            await send({"type": "websocket.close", "code": _INVALID})
        else:
            await self._app(scope, _Checked(receive, send).receive, send)


class _Checked:
    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._has_reported = False
        self._is_closed = False

    async def receive(self) -> Message:
        """The next message that the framework may see."""
        while not self._is_closed:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            try:
                is_report = self._check(message)
            except (ValueError, RecursionError) as error:
                _logger.debug("a web socket sent what no page sends: %s", error)
                self._is_closed = True
                await self._send({"type": "websocket.close", "code": _INVALID})
            else:
                if not is_report:
                    return message
        return {"type": "websocket.disconnect", "code": _INVALID}

    def _check(self, message: Message) -> bool:
        """Check a message; returns whether it is only a report for the log.

        Raises:
            ValueError: no page sends it.
        """
        text = message.get("text")
        if not isinstance(text, str) or len(text) > MAX_MESSAGE:
            raise ValueError("neither text nor short enough")
        if text in _CONTROL:
            return False
        match = _EVENT.match(text)
        if match is None:
            raise ValueError("not an event")
        content = _read_event(json.loads(text[match.end() :]))
        if isinstance(content, _Event):
            _check_event(content)
        if isinstance(content, _Handshake):
            _check_number(content.next_message_id)
        if not isinstance(content, _Report):
            return False
        self._report(content.message)
        return True

    def _report(self, text: str) -> None:
        """Log an error of a browser, the first one of each page, on one line."""
        if not self._has_reported:
            self._has_reported = True
            plain = "".join(each if each.isprintable() else " " for each in text[:MAX_REPORT])
            _logger.warning("a browser reports: %s", plain)


def _read_event(parts: Any) -> msgspec.Struct:
    name, content = msgspec.convert(parts, tuple[str, dict[str, Any]])
    form = _FORMS.get(name)
    if form is None:
        raise ValueError(f"unknown event {name!r}")
    return msgspec.convert(content, form)


def _check_event(event: _Event) -> None:
    for argument in event.args:
        if argument is not None:
            json.loads(argument)
    client = Client.instances.get(event.client_id)
    sender = None if client is None else client.elements.get(event.id)
    # The framework looks it up without a check. The element may be gone, which is no error.
    if sender is not None and event.listener_id not in sender._event_listeners:
        raise ValueError("unknown listener")


def _check_number(value: int | str) -> None:
    if not _NUMBER.fullmatch(str(value)):
        raise ValueError("not a number of a message")


def _is_page_of_ours(query: str) -> bool:
    """Whether a socket's query is one that a page makes."""
    try:
        found = parse_qs(query, max_num_fields=30, keep_blank_values=True)
    except ValueError:
        return False
    given = {name: values[0] for name, values in found.items()}
    if given.get("EIO") != "4" or given.get("transport") != "websocket" or "sid" in given:
        return False
    if given.get("implicit_handshake") != "true":
        return True
    try:
        _check_number(msgspec.convert(given, _Handshake).next_message_id)
    except ValueError:
        return False
    return True
