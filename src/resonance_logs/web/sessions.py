"""The sessions of browsers that gave the token. They are in memory: a restart ends them."""

from __future__ import annotations

import hashlib
import secrets
import time
from asyncio import Event
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

ID_BYTES: Final = 32

SCOPE_KEY: Final = "resonance_logs.session"
"""Where a request's scope has its session."""


class Session:
    """One browser's; ``ended`` is set when it ends."""

    def __init__(self, lifetime_s: float, idle_s: float) -> None:
        self.ended = Event()
        self._idle_s = idle_s
        self._ends_at = time.monotonic() + lifetime_s
        self._idle_at = 0.0
        self.use()

    def use(self) -> None:
        """Put off the end that comes when it is not used."""
        self._idle_at = time.monotonic() + self._idle_s

    @property
    def seconds_left(self) -> float:
        """How long it lasts unless it is used."""
        if self.ended.is_set():
            return 0.0
        return max(0.0, min(self._ends_at, self._idle_at) - time.monotonic())


class Sessions:
    """All sessions, by the digest of their ids: a look-up's duration tells nothing about an id."""

    def __init__(self, *, lifetime_s: float, idle_s: float, limit: int) -> None:
        self.lifetime_s = lifetime_s
        self._idle_s = idle_s
        self._limit = limit
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()

    def __len__(self) -> int:
        self._drop_ended()
        return len(self._sessions)

    def start(self) -> str:
        """Start a session, and return its id; beyond the limit, the one used longest ago ends."""
        self._drop_ended()
        while len(self._sessions) >= self._limit:
            self._sessions.popitem(last=False)[1].ended.set()
        found = secrets.token_urlsafe(ID_BYTES)
        self._sessions[_digest(found)] = Session(self.lifetime_s, self._idle_s)
        return found

    def find(self, ids: Iterable[str]) -> Session | None:
        """The session of one of these ids, which is used by this; None if there is none."""
        for each in ids:
            key = _digest(each)
            session = self._sessions.get(key)
            if session is not None and session.seconds_left > 0:
                session.use()
                self._sessions.move_to_end(key)
                return session
        return None

    def end(self, ids: Iterable[str]) -> None:
        """End the sessions of these ids, and the requests and web sockets that they opened."""
        for each in ids:
            session = self._sessions.pop(_digest(each), None)
            if session is not None:
                session.ended.set()

    def _drop_ended(self) -> None:
        for key in [key for key, each in self._sessions.items() if each.seconds_left <= 0]:
            self._sessions.pop(key).ended.set()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
