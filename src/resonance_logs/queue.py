"""The queue between those who make tasks and the writer: bounded, and without polling."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from resonance_logs.errors import DatabaseClosed, QueueFull
from resonance_logs.tasks import Task

_NEVER: Final = 1 << 62


class FlushMark:
    """Stands in the queue where a flush was asked for; ``done``: all before it is committed."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done: Future[None] = Future()

    def resolve(self, error: Exception | None = None) -> None:
        """Wake who waits for ``done``, unless they have gone (a cancelled await)."""
        if not self.done.set_running_or_notify_cancel():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


Item = Task | FlushMark


class TaskQueue:
    """Many threads put, one takes. ``put`` costs an append and two comparisons.

    The taker sleeps until as many items lie there as it waits for. Each side first does its own
    part and then looks at the other's, so that no wake-up is lost:  put appends, then reads
    ``_wanted``; the taker writes ``_wanted``, then reads the length. What must not wait for more
    to come (a mark, a wake-up, a backlog that one batch left) is told by ``_urgent``.
    """

    def __init__(self, capacity: int, patience: float | None = None) -> None:
        self.capacity = capacity
        self._patience = patience
        self._items: deque[Item] = deque()
        self._wanted = _NEVER
        self._urgent = False
        self._is_closed = False
        self._enough = threading.Event()
        self._room = threading.Condition()
        self._waiting_for_room = 0

    def __len__(self) -> int:
        return len(self._items)

    def put(self, task: Task, timeout: float | None = None) -> None:
        """Append a task, waiting up to ``timeout`` seconds for room.

        Without a timeout the queue's ``patience`` holds, and without that it takes as long as it
        takes. Threads that put at the same moment may pass the capacity by one each.

        Raises:
            QueueFull: there was no room all the while.
        """
        items = self._items
        if len(items) >= self.capacity:
            self._wait_for_room(timeout)
        items.append(task)
        if len(items) >= self._wanted:
            self._enough.set()

    def put_many(self, tasks: Sequence[Task], timeout: float | None = None) -> None:
        """Append tasks in their order, as there is room; each wait is up to ``timeout`` seconds.

        Raises:
            QueueFull: there was no room all the while; ``taken`` tells how many were appended.
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
                self._enough.set()

    def put_mark(self, mark: FlushMark) -> None:
        """Append a mark whatever the length, and have the taker come at once."""
        self._items.append(mark)
        self.wake()

    def wake(self) -> None:
        """Have the taker come at once, whatever lies here."""
        self._urgent = True
        self._enough.set()

    def wait(self, count: int, timeout: float | None) -> bool:
        """Sleep until ``count`` items lie here, a mark came, ``wake`` was called, or time is up.

        Returns False where time was up.
        """
        self._enough.clear()
        self._wanted = count
        try:
            return self._urgent or len(self._items) >= count or self._enough.wait(timeout)
        finally:
            self._wanted = _NEVER

    def take(self, most: int) -> list[Item]:
        """Take up to ``most`` items, the oldest first, without waiting."""
        items = self._items
        self._urgent = False
        taken = [items.popleft() for _ in range(min(most, len(items)))]
        self._urgent = self._urgent or bool(items)
        if self._waiting_for_room:
            with self._room:
                self._room.notify_all()
        return taken

    def close(self) -> None:
        """Take nothing more from those who wait for room, or who still have tasks to put."""
        with self._room:
            self._is_closed = True
            self._room.notify_all()

    def _wait_for_room(self, timeout: float | None, taken: int = 0) -> None:
        if timeout is None:
            timeout = self._patience
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._room:
            self._waiting_for_room += 1
            try:
                while self._is_closed or len(self._items) >= self.capacity:
                    left = None if deadline is None else deadline - time.monotonic()
                    if self._is_closed:
                        raise DatabaseClosed(f"closed meanwhile; the first {taken:,} were taken")
                    if left is not None and left <= 0:
                        raise QueueFull(
                            f"the queue has held {self.capacity:,} tasks for {timeout} s; "
                            "the database cannot be written fast enough, or not at all",
                            taken,
                        )
                    self._room.wait(left)
            finally:
                self._waiting_for_room -= 1
