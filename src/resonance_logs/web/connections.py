"""All connections of a server: who has how many, and which keep the server waiting."""

from __future__ import annotations

import asyncio
import ipaddress
import select
from collections import Counter
from enum import Enum, StrEnum, auto
from typing import Final, Protocol

from resonance_logs.web.connection_limits import ConnectionLimits

MAX_TICKS: Final = 2.0
"""A late look counts as so many: while the server itself is held up, no client is slow."""

EVICTABLE_AFTER_S: Final = 1.0
"""A body or an answer may be this late before it gives way to a new connection."""


class Refused(StrEnum):
    """Why a request or a connection was refused or ended; the label of the metric."""

    URL = "url_too_long"
    HEADERS = "headers_too_large"
    INVALID = "invalid_request"
    SLOW_HEADERS = "slow_headers"
    SILENT_BODY = "silent_body"
    SLOW_BODY = "slow_body"
    SLOW_READER = "slow_reader"
    CONNECTIONS = "too_many_connections"
    WEB_SOCKETS = "too_many_web_sockets"
    MESSAGES = "too_many_messages"
    GAVE_WAY = "gave_way"
    SLOW_STREAM = "stream_gave_way"
    EXPANDING = "expanding_body"
    LINES = "refused_lines"


class Phase(Enum):
    """What a connection is waiting for."""

    IDLE = auto()
    """A request."""
    HEADERS = auto()
    BODY = auto()
    ANSWER = auto()
    """The application."""
    UNWANTED = auto()
    """The rest of what nobody reads: it is dropped, and the connection then closed."""
    WEB_SOCKET = auto()


_WAITS_FOR_CLIENT: Final = {
    Phase.IDLE: 0.0,
    Phase.UNWANTED: 0.0,
    Phase.HEADERS: 0.0,
    Phase.BODY: EVICTABLE_AFTER_S,
}
"""The phases in which a connection gives way to a new one, and after how many seconds."""


class Owner(Protocol):
    """The protocol of a connection."""

    def time_out(self, reason: Refused | None) -> None:
        """End the connection because of this; None if it was merely idle."""

    def abort(self) -> None:
        """End the connection at once, without an answer."""


class Connection:
    """One connection: its phase, and since when its client has done nothing."""

    __slots__ = (
        "_buffered",
        "_in_window",
        "_seen",
        "_stalled_s",
        "_taken",
        "_taken_in_s",
        "_window_s",
        "client",
        "has_left",
        "is_paused",
        "owner",
        "phase",
        "received",
        "transport",
        "waited_s",
    )

    def __init__(self, owner: Owner, transport: asyncio.Transport, client: str) -> None:
        self.owner = owner
        self.transport = transport
        self.client = client
        self.received = 0
        """Bytes of bodies, ever."""
        self.is_paused = False
        """Whether the server does not read at the moment."""
        self.has_left = False
        """Whether the client has closed its side."""
        self._buffered = 0
        self._stalled_s = 0.0
        self._taken = 0
        self._taken_in_s = 0.0
        self.enter(Phase.IDLE)

    def enter(self, phase: Phase) -> None:
        """Begin to wait for something else."""
        self.phase = phase
        self.waited_s = 0.0
        self._seen = self._in_window = self.received
        self._window_s = 0.0

    def overdue(self, elapsed: float, limits: ConnectionLimits) -> tuple[bool, Refused | None]:
        """Whether the client has kept the server waiting for too long, and in what way."""
        # What the server itself does not read yet is not late.
        self.waited_s = 0.0 if self.is_paused else self.waited_s + elapsed
        if self._is_slow_reader(elapsed, limits):
            return True, Refused.SLOW_READER
        if self.phase is Phase.BODY:
            reason = self._slow_body(elapsed, limits)
            return reason is not None, reason
        if self.phase is Phase.HEADERS:
            return self.waited_s > limits.header_s, Refused.SLOW_HEADERS
        if self.phase is Phase.IDLE:
            return self.waited_s > limits.idle_s, None
        return self.phase is Phase.UNWANTED and self.waited_s > limits.linger_s, None

    def _slow_body(self, elapsed: float, limits: ConnectionLimits) -> Refused | None:
        if self.received != self._seen:
            self._seen = self.received
            self.waited_s = 0.0
        if self.is_paused:
            return None
        self._window_s += elapsed
        if self._window_s >= limits.rate_window_s:
            sent = self.received - self._in_window
            if sent < limits.min_body_rate * self._window_s:
                return Refused.SLOW_BODY
            self._in_window, self._window_s = self.received, 0.0
        return Refused.SILENT_BODY if self.waited_s > limits.silent_body_s else None

    def _is_slow_reader(self, elapsed: float, limits: ConnectionLimits) -> bool:
        """Whether the client does not take what is sent to it."""
        left, before = self.transport.get_write_buffer_size(), self._buffered
        self._buffered = left
        if not (left and before):
            self._stalled_s = self._taken_in_s = self._taken = 0
            return False
        taken = max(0, before - left)
        self._taken += taken
        self._taken_in_s += elapsed
        self._stalled_s = 0.0 if taken else self._stalled_s + elapsed
        if self._taken_in_s >= limits.rate_window_s:
            if self._taken < limits.min_answer_rate * self._taken_in_s:
                return True
            self._taken_in_s = self._taken = 0
        return self._stalled_s > limits.stalled_answer_s

    def can_give_way(self) -> bool:
        """Whether it waits for its client, so that a new connection may take its place."""
        after = _WAITS_FOR_CLIENT.get(self.phase)
        if self._stalled_s >= EVICTABLE_AFTER_S:
            return True
        return after is not None and self.waited_s >= after


class Connections:
    """The connections of one server; used only in its event loop."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.refused: Counter[Refused] = Counter()
        """How often what was refused."""
        self._all: dict[asyncio.Transport, Connection] = {}
        self._per_client: Counter[str] = Counter()
        self._web_sockets: Counter[str] = Counter()
        self._looked_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._all)

    @property
    def web_sockets(self) -> int:
        """How many of them are web sockets."""
        return self._web_sockets.total()

    def of(self, transport: asyncio.Transport) -> Connection:
        """The connection of a transport that was admitted."""
        return self._all[transport]

    def admit(self, owner: Owner, transport: asyncio.Transport, address: str) -> Connection | None:
        """Add a connection, in place of one that waits for its client; None if there is no room."""
        client = client_of(address)
        if self._per_client[client] >= self.limits.max_connections_per_client:
            has_room = self._make_room(client)
        else:
            has_room = len(self._all) < self.limits.max_connections or self._make_room(None)
        if not has_room:
            self.refused[Refused.CONNECTIONS] += 1
            return None
        connection = Connection(owner, transport, client)
        self._all[transport] = connection
        self._per_client[client] += 1
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._looked_at = loop.time()
            self._timer = loop.call_later(self.limits.tick_s, self._look)
        return connection

    def release(self, transport: asyncio.Transport) -> None:
        """Remove a connection that has ended."""
        connection = self._all.pop(transport, None)
        if connection is None:
            return
        _decrease(self._per_client, connection.client)
        if connection.phase is Phase.WEB_SOCKET:
            _decrease(self._web_sockets, connection.client)

    def begin_web_socket(self, connection: Connection) -> bool:
        """Make it a web socket; returns False if its client has too many."""
        if self._web_sockets[connection.client] >= self.limits.max_websockets_per_client:
            self.refused[Refused.WEB_SOCKETS] += 1
            return False
        self._web_sockets[connection.client] += 1
        connection.enter(Phase.WEB_SOCKET)
        return True

    def _make_room(self, client: str | None) -> bool:
        """End the connection that has waited longest for its client; of one client, or of any."""
        waiting = [
            each
            for each in self._all.values()
            if (client is None or each.client == client) and each.can_give_way()
        ]
        if not waiting:
            return False
        # Of those that wait equally long, the first is the oldest.
        chosen = max(waiting, key=lambda each: (each.phase in _NO_REQUEST, each.waited_s))
        self.refused[Refused.GAVE_WAY] += 1
        self.release(chosen.transport)
        chosen.owner.abort()
        return True

    def _look(self) -> None:
        """Look at every connection, and end those that keep the server waiting."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        elapsed = min(now - self._looked_at, MAX_TICKS * self.limits.tick_s)
        self._looked_at = now
        for connection in list(self._all.values()):
            is_overdue, reason = connection.overdue(elapsed, self.limits)
            if is_overdue:
                if reason is not None:
                    self.refused[reason] += 1
                connection.owner.time_out(reason)
            elif connection.is_paused and _has_left(connection.transport):
                connection.owner.abort()
        self._timer = loop.call_later(self.limits.tick_s, self._look) if self._all else None


_NO_REQUEST: Final = frozenset({Phase.IDLE, Phase.UNWANTED})


def client_of(address: str) -> str:
    """Whose connection it is: an IPv4 address, or the network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _decrease(counts: Counter[str], client: str) -> None:
    counts[client] -= 1
    if counts[client] <= 0:
        del counts[client]


def _has_left(transport: asyncio.Transport) -> bool:
    """Whether the other side has closed; a transport notices only while it reads."""
    connection = transport.get_extra_info("socket")
    if connection is None or not hasattr(select, "POLLRDHUP"):
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLRDHUP)
    return bool(poll.poll(0))
