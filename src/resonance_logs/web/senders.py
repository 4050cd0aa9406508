"""The requests that send tasks: one at a time for each recorder."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from math import inf
from typing import Final

from anyio import CancelScope, from_thread
from starlette.requests import ClientDisconnect

from resonance_logs.database import Recorder, Sender
from resonance_logs.errors import RecorderBusy

SILENT_S: Final = 15.0
"""A request that has sent nothing for this long gives way to another one for its recorder."""

GIVE_WAY_S: Final = 5.0
"""How long to wait until it has."""

_STEP_S: Final = 0.05


class Body:
    """A request body as a stream for a thread to read.

    A body that is silent can be made to give way to another request for the same recorder: its
    client may be gone without a word.
    """

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self._waiting: CancelScope | None = None
        self._silent_since = inf

    @property
    def silent_s(self) -> float:
        """How long it has been waiting for its client, in seconds."""
        return max(0.0, time.monotonic() - self._silent_since)

    def give_way(self) -> None:
        """End a wait for the client; only in the server's event loop."""
        if self._waiting is not None:
            self._waiting.cancel()

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; empty at the end.

        Raises:
            OSError: the client has disconnected, or another request has taken its place.
        """
        while not self._rest:
            try:
                chunk = from_thread.run(self._next)
            except ClientDisconnect as error:
                raise OSError("the client disconnected before the end") from error
            except TimeoutError as error:
                raise OSError("another request sends for this recorder now") from error
            if chunk is None:
                return b""
            self._rest = chunk
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

    def __init__(self) -> None:
        self._bodies: dict[str, Body] = {}

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
