"""The command scheduler: one thread answers the quick commands, one after another.

Concurrent threads would only pass the interpreter lock around, and so would a thread that asks the
event loop for its next request. So one thread answers all waiting requests, those that are usually
fastest first: under load most answers come soon. No request starves: it is delayed by at most a
multiple of its usual duration.
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

MAX_DELAY_FACTOR: Final = 50.0
"""A request can be delayed for faster ones by this many times its usual duration."""

MAX_BLOCKED_S: Final = 0.25
"""A request that is blocked for longer, for example by a locked file, does not block others."""

SLOW_THREADS: Final = 2
"""Number of slow commands answered at once, besides the quick ones."""

MAX_WORKERS: Final = 40
"""Maximum number of threads that answer quick commands, if all but one are blocked."""

_SMOOTHING: Final = 0.1
"""The weight of the latest duration in the moving average."""

_Key = tuple[str, bytes]


@dataclass(order=True, slots=True)
class _Request:
    """A request, and the future that all its callers await; sorted by due time."""

    due: float
    number: int
    key: _Key = field(compare=False)
    run: Callable[[], str] = field(compare=False)
    answered: Future[str] = field(compare=False)

    def answer(self, loop: AbstractEventLoop) -> None:
        """Run the command, and pass the result to the callers waiting in the loop."""
        try:
            answer = self.run()
        except Exception as error:  # noqa: BLE001 - passed on to the waiters
            loop.call_soon_threadsafe(self.answered.set_exception, error)
        else:
            loop.call_soon_threadsafe(self.answered.set_result, answer)


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker thread, and since when it has been running the same request."""

    since: float = field(default_factory=monotonic)


class CommandScheduler:
    """Answers the commands requested by one event loop's tasks.

    Equal waiting requests share one answer, which is computed after the last of them was made.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._queue: list[_Request] = []
        self._waiting: dict[_Key, _Request] = {}
        self._usual_seconds: defaultdict[str, float] = defaultdict(float)
        self._numbers = count()
        self._worker: _Worker | None = None
        self._workers: set[Task[None]] = set()
        self._quick = CapacityLimiter(MAX_WORKERS)
        self._slow = CapacityLimiter(SLOW_THREADS)

    async def answer(self, commands: Commands, command: Command, body: bytes) -> str:
        """The answer as JSON; slow commands do not block the quick ones."""
        if not command.is_quick:
            return await to_thread.run_sync(
                commands.call_json, command.name, body, limiter=self._slow
            )
        with self._lock:
            key = command.name, body
            request = self._waiting.get(key) or self._enqueue_request(commands, key)
            if self._worker is None:
                self._start_worker()
        return await shield(request.answered)

    def _enqueue_request(self, commands: Commands, key: _Key) -> _Request:
        answered: Future[str] = get_running_loop().create_future()
        answered.add_done_callback(_retrieve_error)
        due = monotonic() + MAX_DELAY_FACTOR * self._usual_seconds[key[0]]
        request = _Request(
            due, next(self._numbers), key, lambda: commands.call_json(*key), answered
        )
        heappush(self._queue, request)
        self._waiting[key] = request
        return request

    def _start_worker(self) -> None:
        """Start a thread that answers the waiting requests."""
        worker, loop = _Worker(), get_running_loop()
        self._worker = worker
        task = create_task(to_thread.run_sync(self._serve, worker, loop, limiter=self._quick))
        self._workers.add(task)
        task.add_done_callback(self._workers.discard)
        loop.call_later(MAX_BLOCKED_S, self._watch_worker, worker)

    def _watch_worker(self, worker: _Worker) -> None:
        """Start another worker if this one is blocked."""
        with self._lock:
            if self._worker is not worker:
                return
            left = worker.since + MAX_BLOCKED_S - monotonic()
            if left > 0:
                get_running_loop().call_later(left, self._watch_worker, worker)
            elif self._queue:
                self._start_worker()
            else:
                self._worker = None

    def _serve(self, worker: _Worker, loop: AbstractEventLoop) -> None:
        """In a thread: answer requests until none waits, or another worker was started."""
        while (request := self._next(worker)) is not None:
            request.answer(loop)
            took = monotonic() - worker.since
            with self._lock:
                name = request.key[0]
                self._usual_seconds[name] += _SMOOTHING * (took - self._usual_seconds[name])

    def _next(self, worker: _Worker) -> _Request | None:
        with self._lock:
            if self._worker is not worker:
                return None
            if not self._queue:
                self._worker = None
                return None
            request = heappop(self._queue)
            del self._waiting[request.key]
            worker.since = monotonic()
            return request


def _retrieve_error(answered: Future[str]) -> None:
    """Retrieve the error, in case all callers are gone."""
    if not answered.cancelled():
        answered.exception()
