"""The desk: where quick commands wait until a thread answers them, one after another.

Threads that compute at once only hand the interpreter to each other, and so does a thread that asks
the event loop what to do next. So one answers all that wait, those first that usually take least:
most answers come soon where many are asked for at once. Nobody waits for ever: who takes long is
held back by no more than a multiple of that.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future, Task, create_task, get_running_loop, shield
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from threading import Lock
from time import monotonic
from typing import Final

from anyio import CapacityLimiter, to_thread

from resonance_logs.commands import Commands
from resonance_logs.commands.registry import Command

PATIENCE: Final = 50.0
"""Who comes later goes first only within so many times what the earlier one usually takes."""

LONGEST_S: Final = 0.25
"""Who is held up for longer, as by a locked file, holds up nobody else."""

LONG_THREADS: Final = 2
"""How many commands that take long are answered at once, besides the quick ones."""

MOST_CLERKS: Final = 40
"""How many threads answer quick commands where all but one of them are held up."""

_WEIGHT: Final = 0.1
"""What the last time counts for in what is usual."""

_Key = tuple[str, bytes]


@dataclass(order=True, slots=True)
class _Question:
    """What is asked, and all who ask it; the first to be due is answered first."""

    due: float
    number: int
    key: _Key = field(compare=False)
    ask: Callable[[], str] = field(compare=False)
    answered: Future[str] = field(compare=False)

    def answer(self, loop: AbstractEventLoop) -> None:
        """Ask, and tell those who wait in the loop."""
        try:
            answer = self.ask()
        except Exception as error:  # noqa: BLE001  # told to those who asked
            loop.call_soon_threadsafe(self.answered.set_exception, error)
        else:
            loop.call_soon_threadsafe(self.answered.set_result, answer)


@dataclass(slots=True, eq=False)
class _Clerk:
    """Who answers now, and since when the same question."""

    since: float = field(default_factory=monotonic)


class Desk:
    """Answers the commands that one event loop's tasks ask for.

    Those who ask the same while it waits are told the same: it is read after all of them asked.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._line: list[_Question] = []
        self._waiting: dict[_Key, _Question] = {}
        self._usual: defaultdict[str, float] = defaultdict(float)
        self._numbers = count()
        self._clerk: _Clerk | None = None
        self._clerks: set[Task[None]] = set()
        self._quick = CapacityLimiter(MOST_CLERKS)
        self._long = CapacityLimiter(LONG_THREADS)

    async def answer(self, commands: Commands, command: Command, body: bytes) -> str:
        """The answer as JSON; those that take long do not hold up the quick ones."""
        if not command.is_quick:
            return await to_thread.run_sync(
                commands.call_json, command.name, body, limiter=self._long
            )
        with self._lock:
            key = command.name, body
            question = self._waiting.get(key) or self._line_up(commands, key)
            if self._clerk is None:
                self._appoint()
        return await shield(question.answered)

    def _line_up(self, commands: Commands, key: _Key) -> _Question:
        answered: Future[str] = get_running_loop().create_future()
        answered.add_done_callback(_look_at)
        due = monotonic() + PATIENCE * self._usual[key[0]]
        question = _Question(
            due, next(self._numbers), key, lambda: commands.call_json(*key), answered
        )
        heappush(self._line, question)
        self._waiting[key] = question
        return question

    def _appoint(self) -> None:
        """Have a thread answer what waits."""
        clerk, loop = _Clerk(), get_running_loop()
        self._clerk = clerk
        task = create_task(to_thread.run_sync(self._answer_all, clerk, loop, limiter=self._quick))
        self._clerks.add(task)
        task.add_done_callback(self._clerks.discard)
        loop.call_later(LONGEST_S, self._oversee, clerk)

    def _oversee(self, clerk: _Clerk) -> None:
        """Appoint another where one is held up."""
        with self._lock:
            if self._clerk is not clerk:
                return
            left = clerk.since + LONGEST_S - monotonic()
            if left > 0:
                get_running_loop().call_later(left, self._oversee, clerk)
            elif self._line:
                self._appoint()
            else:
                self._clerk = None

    def _answer_all(self, clerk: _Clerk, loop: AbstractEventLoop) -> None:
        """In a thread: go on until nothing waits, or another was appointed."""
        while (question := self._next(clerk)) is not None:
            question.answer(loop)
            took = monotonic() - clerk.since
            with self._lock:
                name = question.key[0]
                self._usual[name] += _WEIGHT * (took - self._usual[name])

    def _next(self, clerk: _Clerk) -> _Question | None:
        with self._lock:
            if self._clerk is not clerk:
                return None
            if not self._line:
                self._clerk = None
                return None
            question = heappop(self._line)
            del self._waiting[question.key]
            clerk.since = monotonic()
            return question


def _look_at(answered: Future[str]) -> None:
    """An error is nobody's where all who asked have gone."""
    if not answered.cancelled():
        answered.exception()
