"""The queue between producers and the writer: bounded, without polling."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from resonance_logs.errors import DatabaseClosed, QueueFull
from resonance_logs.tasks import Task

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


Item = Task | FlushMark


class TaskQueue:
    """Many threads put, one takes. ``put`` costs an append and two comparisons.

    The taker sleeps until there are as many items as it waits for. Each side first acts, and then
    checks the other's state, so that no wake-up is lost: put appends, then reads ``_wanted``; the
    taker writes ``_wanted``, then reads the length. What must not wait for more items (a mark, a
    wake-up, a backlog left by one batch) is signalled by ``_urgent``.
    """

    def __init__(self, capacity: int, default_timeout: float | None = None) -> None:
        self.capacity = capacity
        self._default_timeout = default_timeout
        self._items: deque[Item] = deque()
        self._wanted = _NO_WAITER
        self._urgent = False
        self._is_closed = False
        self._enough_items = threading.Event()
        self._room = threading.Condition()
        self._waiting_for_room = 0

    def __len__(self) -> int:
        return len(self._items)

    def put(self, task: Task, timeout: float | None = None) -> None:
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

    def put_many(self, tasks: Sequence[Task], timeout: float | None = None) -> None:
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
        self._items.append(mark)
        self.wake()

    def wake(self) -> None:
        """Wake the taker at once, whatever is queued."""
        self._urgent = True
        self._enough_items.set()

    def wait(self, count: int, timeout: float | None) -> bool:
        """Sleep until ``count`` items are queued, a mark came, ``wake`` was called, or time is up.

        Returns False if time is up.
        """
        self._enough_items.clear()
        self._wanted = count
        try:
            return self._urgent or len(self._items) >= count or self._enough_items.wait(timeout)
        finally:
            self._wanted = _NO_WAITER

    def take(self, limit: int) -> list[Item]:
        """Take up to ``limit`` items, oldest first, without waiting."""
        items = self._items
        self._urgent = False
        taken = [items.popleft() for _ in range(min(limit, len(items)))]
        self._urgent = self._urgent or bool(items)
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
