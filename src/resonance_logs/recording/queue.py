"""The queues between producers and the writer, one per recorder: bounded, without polling."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from resonance_logs.errors import DatabaseClosed, QueueFull
from resonance_logs.tasks import StreamItem

_NO_WAITER: Final = 1 << 62


class FlushMark:
    """Marks a flush in the queue; ``done``: everything before it is committed."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done: Future[None] = Future()

    def resolve(self, error: Exception | None = None) -> None:
        """Wake the waiter of ``done``, unless it is gone (a cancelled await)."""
        if not self.done.set_running_or_notify_cancel():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


Item = StreamItem | FlushMark


class Wakeup:
    """What the taker of one or several queues sleeps on."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.is_urgent = False
        """Whether something must not wait for more items: a mark, a wake-up, a backlog left."""

    def __call__(self) -> None:
        """Wake the taker at once, whatever is queued."""
        self.is_urgent = True
        self.event.set()


class TaskQueue:
    """Many threads put, one takes. ``put`` costs an append and two comparisons.

    The taker sleeps until there are as many items as it waits for. Each side first acts, and then
    checks the other's state, so that no wake-up is lost: put appends, then reads ``_wanted``; the
    taker writes ``_wanted``, then reads the length.

    ``wakeup`` is what the taker sleeps on; queues may share it. ``start`` is the position of the
    stream's first item.
    """

    def __init__(
        self,
        capacity: int,
        default_timeout: float | None = None,
        *,
        wakeup: Wakeup | None = None,
        start: int = 0,
    ) -> None:
        self.capacity = capacity
        self._default_timeout = default_timeout
        self._items: deque[Item] = deque()
        self._wanted = _NO_WAITER
        self._is_closed = False
        self.wakeup = wakeup or Wakeup()
        self._enough_items = self.wakeup.event
        self._room = threading.Condition()
        self._waiting_for_room = 0
        self._taken = start
        self._marks = 0
        self._counting = threading.Lock()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def position(self) -> int:
        """The position after everything that was put."""
        with self._counting:
            return self._taken + len(self._items) - self._marks

    def put(self, task: StreamItem, timeout: float | None = None) -> None:
        """Append a task, waiting up to ``timeout`` seconds for room.

        Without a timeout the queue's default applies, and without that it waits indefinitely.
        Threads that put at the same moment may exceed the capacity by one each.

        Raises:
            QueueFull: the queue stayed full.
        """
        items = self._items
        if len(items) >= self.capacity:
            self._wait_for_room(timeout)
        items.append(task)
        if len(items) >= self._wanted:
            self._enough_items.set()

    def put_many(self, tasks: Sequence[StreamItem], timeout: float | None = None) -> None:
        """Append tasks in order, as there is room; each wait is up to ``timeout`` seconds.

        Raises:
            QueueFull: the queue stayed full; ``taken`` says how many were appended.
        """
        items = self._items
        taken = 0
        while taken < len(tasks):
            room = self.capacity - len(items)
            if self._is_closed or room <= 0:
                self._wait_for_room(timeout, taken)
                continue
            part = tasks[taken : taken + room]
            items.extend(part)
            taken += len(part)
            if len(items) >= self._wanted:
                self._enough_items.set()

    def put_mark(self, mark: FlushMark) -> None:
        """Append a mark whatever the length, and wake the taker at once."""
        with self._counting:
            self._items.append(mark)
            self._marks += 1
        self.wakeup()

    def want(self, count: int = _NO_WAITER) -> bool:
        """Wake the taker once there are ``count`` items; returns whether there are already."""
        self._wanted = count
        return len(self._items) >= count

    def take(self, limit: int) -> list[Item]:
        """Take up to ``limit`` items, oldest first, without waiting."""
        items = self._items
        with self._counting:
            taken = [items.popleft() for _ in range(min(limit, len(items)))]
            marks = list(map(type, taken)).count(FlushMark) if self._marks else 0
            self._marks -= marks
            self._taken += len(taken) - marks
        if items:
            self.wakeup.is_urgent = True
        if self._waiting_for_room:
            with self._room:
                self._room.notify_all()
        return taken

    def close(self) -> None:
        """Accept nothing more, not even from those waiting for room."""
        with self._room:
            self._is_closed = True
            self._room.notify_all()

    def _wait_for_room(self, timeout: float | None, taken: int = 0) -> None:
        if timeout is None:
            timeout = self._default_timeout
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._room:
            self._waiting_for_room += 1
            try:
                while self._is_closed or len(self._items) >= self.capacity:
                    left = None if deadline is None else deadline - time.monotonic()
                    if self._is_closed:
                        raise DatabaseClosed(f"closed meanwhile; the first {taken:,} were queued")
                    if left is not None and left <= 0:
                        raise QueueFull(
                            f"the queue has been full ({self.capacity:,} tasks) for {timeout} s; "
                            "the database cannot be written fast enough, or not at all",
                            taken,
                        )
                    self._room.wait(left)
            finally:
                self._waiting_for_room -= 1


def wait_for_any(
    queues: Sequence[TaskQueue], wakeup: Wakeup, count: int, timeout: float | None
) -> bool:
    """Sleep until one of the queues has ``count`` items, a wake-up came, or time is up.

    The queues share the wake-up. Returns False if time is up.
    """
    wakeup.event.clear()
    try:
        enough = [queue.want(count) for queue in queues]
        return wakeup.is_urgent or any(enough) or wakeup.event.wait(timeout)
    finally:
        for queue in queues:
            queue.want()
