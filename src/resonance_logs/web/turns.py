"""Turns: one at a time, and of those who wait first who usually takes least.

So most answers come soon where many are asked for at once, and nobody waits for ever: who takes
long is held back by no more than a multiple of that.
"""

from __future__ import annotations

from asyncio import CancelledError, Future, get_running_loop
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count
from typing import Final

PATIENCE: Final = 50.0
"""Who comes later goes first only within so many times what the earlier one usually takes."""

_WEIGHT: Final = 0.1
"""What the last time counts for in what is usual."""


LONGEST_S: Final = 0.25
"""Who is held up for longer, as by a locked file, holds up nobody else."""


class _Turn:
    """A turn, which ends once."""

    def __init__(self, pass_on: Callable[[], None]) -> None:
        self._pass_on: Callable[[], None] | None = pass_on

    def end(self) -> None:
        """Call the next, unless that was done."""
        pass_on, self._pass_on = self._pass_on, None
        if pass_on is not None:
            pass_on()


class Turns:
    """For the tasks of one event loop."""

    def __init__(self) -> None:
        self._usual: defaultdict[str, float] = defaultdict(float)
        self._waiting: list[tuple[float, int, Future[None]]] = []
        self._numbers = count()
        self._is_taken = False

    @asynccontextmanager
    async def take(self, kind: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it while the block runs; ``kind`` tells how long it takes."""
        if self._is_taken:
            await self._wait(kind)
        self._is_taken = True
        loop = get_running_loop()
        started = loop.time()
        turn = _Turn(self._pass_on)
        late = loop.call_later(LONGEST_S, turn.end)
        try:
            yield
        finally:
            late.cancel()
            took = loop.time() - started
            self._usual[kind] += _WEIGHT * (took - self._usual[kind])
            turn.end()

    async def _wait(self, kind: str) -> None:
        loop = get_running_loop()
        called: Future[None] = loop.create_future()
        due = loop.time() + PATIENCE * self._usual[kind]
        heappush(self._waiting, (due, next(self._numbers), called))
        try:
            await called
        except CancelledError:
            if not called.cancelled():  # called and gone at once: the turn is another's
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, called = heappop(self._waiting)
            if not called.done():
                called.set_result(None)
                return
        self._is_taken = False
