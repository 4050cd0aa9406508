"""The requests that send tasks: one at a time for each recorder."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from math import inf
from typing import Final

from anyio import CancelScope, CapacityLimiter, from_thread
from starlette.requests import ClientDisconnect

from resonance_logs.database import Recorder, Sender
from resonance_logs.errors import InputError, RecorderBusy
from resonance_logs.web.connections import Connection, Refused

SILENT_S: Final = 15.0
"""A request that has sent nothing for this long gives way to another one for its recorder."""

GIVE_WAY_S: Final = 5.0
"""How long to wait until it has."""

SLOW_RATE: Final = 1_000.0
"""While requests wait for a thread, one that sends fewer bytes per second may have to give way."""

SLOW_AFTER_S: Final = 10.0
"""But not before it has been read for this long."""

ROOM_STEP_S: Final = 0.5
_RECORDER_TAKEN: Final = "another request sends for this recorder now"
_THREADS_TAKEN: Final = (
    "this was the slowest of the requests that send tasks now, and another one was waiting; "
    "send what is left in a new request"
)

_STEP_S: Final = 0.05
_LEFT: Final = "the client disconnected before the end"


class Body:
    """A request body as a stream for a thread to read.

    A body that is silent can be made to give way to another request for the same recorder: its
    client may be gone without a word.
    """

    def __init__(self, chunks: AsyncIterator[bytes], connection: Connection | None = None) -> None:
        self.refused: Refused | None = None
        """The limit that ended it, if any."""
        self._chunks = chunks
        self._connection = connection
        self._began_at = time.monotonic()
        self._received = 0
        self._taken_by = ""
        self._rest = b""
        self._waiting: CancelScope | None = None
        self._silent_since = inf

    @property
    def silent_s(self) -> float:
        """How long it has been waiting for its client, in seconds."""
        return max(0.0, time.monotonic() - self._silent_since)

    @property
    def rate(self) -> float:
        """Bytes per second, since it began."""
        return self._received / max(self.age_s, 1e-6)

    @property
    def age_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began_at

    @property
    def has_left(self) -> bool:
        """Whether its client has left."""
        return self._connection is not None and self._connection.has_left

    def give_way(self, reason: str = _RECORDER_TAKEN) -> None:
        """End a wait for the client; only in the server's event loop."""
        if self._waiting is not None:
            self._taken_by = reason
            self._waiting.cancel()

    def check(self) -> None:
        """See that the client still waits for the answer.

        Raises:
            InputError: it does not.
        """
        if self.has_left:
            raise InputError(f"body: {_LEFT}")

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; empty at the end.

        Raises:
            OSError: the client has disconnected, or another request has taken its place.
        """
        while not self._rest:
            try:
                chunk = from_thread.run(self._next)
            except ClientDisconnect as error:
                raise OSError(_LEFT) from error
            except TimeoutError as error:
                raise OSError(self._taken_by) from error
            if chunk is None:
                return b""
            self._rest = chunk
            self._received += len(chunk)
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    async def _next(self) -> bytes | None:
        self._silent_since = time.monotonic()
        try:
            with CancelScope() as self._waiting:
                return await anext(self._chunks, None)
        finally:
            self._silent_since, self._waiting = inf, None
        raise TimeoutError


class Senders:
    """The bodies that are read now, by recorder."""

    def __init__(self, slow_after_s: float = SLOW_AFTER_S) -> None:
        self._slow_after_s = slow_after_s
        self._bodies: dict[str, Body] = {}
        self._timer: asyncio.TimerHandle | None = None

    def make_room(self, threads: CapacityLimiter) -> None:
        """While requests wait for a thread, let the slowest one give way, again and again.

        Only in the server's event loop.
        """
        if self._timer is None and threads.available_tokens < 1:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(ROOM_STEP_S, self._end_slowest, threads)

    def _end_slowest(self, threads: CapacityLimiter) -> None:
        self._timer = None
        if not threads.statistics().tasks_waiting:
            return
        slow = [each for each in list(self._bodies.values()) if self._is_slow(each)]
        if slow:
            slowest = min(slow, key=lambda each: each.rate)
            slowest.refused = Refused.SLOW_STREAM
            slowest.give_way(_THREADS_TAKEN)
        self.make_room(threads)

    def _is_slow(self, body: Body) -> bool:
        return body.age_s >= self._slow_after_s and body.rate < SLOW_RATE

    @contextmanager
    def sending(
        self, recorder: Recorder, body: Body, from_position: int | None, *, by_input: bool
    ) -> Iterator[Sender]:
        """Be the only request that sends for a recorder, in place of one that is silent.

        Raises:
            RecorderBusy: another request sends for it.
            PositionGap: the tasks do not follow those that were accepted.
        """
        with ExitStack() as stack:
            begin = partial(recorder.sending, from_position, by_input=by_input)
            sender = self._enter(stack, recorder, begin)
            self._bodies[recorder.name] = body
            try:
                yield sender
            finally:
                self._bodies.pop(recorder.name, None)

    def _enter(
        self,
        stack: ExitStack,
        recorder: Recorder,
        begin: Callable[[], AbstractContextManager[Sender]],
    ) -> Sender:
        give_up_at = time.monotonic() + GIVE_WAY_S
        gives_way = False
        while True:
            try:
                return stack.enter_context(begin())
            except RecorderBusy:
                other = self._bodies.get(recorder.name)
                if other is not None and other.silent_s >= SILENT_S:
                    from_thread.run_sync(other.give_way)
                    gives_way = True
                if not gives_way or time.monotonic() > give_up_at:
                    raise
                time.sleep(_STEP_S)
