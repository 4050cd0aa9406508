"""The limits of connections, before a request reaches the application.

The server is uvicorn with httptools, because that is fast, and NiceGUI is made for uvicorn. It has
almost none of these limits: it keeps a header of any length, waits for the rest of it for ever, and
has one limit for all connections, at which it refuses everybody. With h11, its other parser, the
length of headers is limited, but not their number, nor any time; and h11 is written in Python. A
proxy in front would be one more program to install. So a subclass of uvicorn's own protocol
(``http_protocol``) counts what arrives before it is kept, and a table of all connections
(``connections``) closes those that keep the server waiting. It looks at all of them once per
second, so a request costs no timer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

SPARE_DESCRIPTORS: Final = 128
"""Files that a server needs besides its connections: the database, threads, temporary files."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How much a client may send, how long it may take, and how many connections it may have.

    Times are in seconds, and are checked once per ``tick_s``.
    """

    max_connections: int = 600
    max_connections_per_client: int = 200
    """A client is an IPv4 address, or the first 64 bits of an IPv6 address."""
    max_websockets_per_client: int = 100
    """Each open page in a browser has one."""

    max_url_bytes: int = 8 * 1024
    max_header_bytes: int = 64 * 1024
    """The request line and all headers; also the trailers after a chunked body."""
    max_header_fields: int = 100
    max_framing_bytes: int = 16 * 1024
    """Bytes in a row within a body that are not part of it, such as extensions of chunks."""

    header_s: float = 10.0
    """From the start of the connection or the first byte of the request to its last header."""
    idle_s: float = 15.0
    """From the end of an answer to the next request of the same connection."""
    silent_body_s: float = 30.0
    """How long a client may send nothing in the middle of a body."""
    min_body_rate: float = 10.0
    """Bytes of a body per second, over each ``rate_window_s``."""
    stalled_answer_s: float = 30.0
    """How long a client may take nothing of what is sent to it."""
    min_answer_rate: float = 1_000.0
    """Bytes per second that a client takes of an answer, over each ``rate_window_s``."""
    rate_window_s: float = 60.0
    max_dropped_bytes: int = 1024 * 1024
    """After a refusal: more than this is not even dropped."""
    linger_s: float = 5.0
    """How long to drop what still arrives after an early answer, so that the client can read it."""

    max_message_bytes: int = 2_000_000
    """A message of a web socket, decompressed; the pages allow half of it."""
    messages_a_second: float = 200.0
    message_burst: int = 1_000

    tick_s: float = 1.0

    def fitted_to(self, descriptors: int) -> ConnectionLimits:
        """The same with fewer connections, if the system allows no more open files."""
        room = max(1, descriptors - SPARE_DESCRIPTORS)
        return replace(
            self,
            max_connections=min(self.max_connections, room),
            max_connections_per_client=min(self.max_connections_per_client, room),
        )


def raise_descriptor_limit(limits: ConnectionLimits) -> ConnectionLimits:
    """Allow this process as many open files as the connections need; returns what it got."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return limits
    wanted = limits.max_connections + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return limits if soft == resource.RLIM_INFINITY else limits.fitted_to(soft)
