"""The queues between producers and the writer, one per recorder: bounded, without polling."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from resonance_logs.errors import DatabaseClosed, QueueFull
from resonance_logs.tasks import StreamItem

_NO_WAITER: Final = 1 << 62


class Wakeup:
    """What the taker of one or several queues sleeps on.

    Nobody holds a lock while waking or sleeping, as with an Event: a signal handler that interrupts
    somebody who does could wait for him forever.
    """

    def __init__(self) -> None:
        self._sleep = threading.Lock()
        self._sleep.acquire()
        self.is_urgent = False
        """Whether something must not wait for more items: a mark, a wake-up, a backlog left."""

    def __call__(self) -> None:
        """Wake the taker at once, whatever is queued."""
        self.is_urgent = True
        self.wake()

    def wake(self) -> None:
        """Wake the taker, or have it not fall asleep the next time."""
        if self._sleep.locked():
            try:
                self._sleep.release()
            except RuntimeError:  # somebody else was faster
                return

    def clear(self) -> None:
        """Forget that somebody woke it."""
        self._sleep.acquire(blocking=False)

    def wait(self, timeout: float | None) -> bool:
        """Sleep until it is woken; returns False if time is up."""
        return self._sleep.acquire(timeout=-1 if timeout is None else max(0.0, timeout))


class FlushMark:
    """Marks a flush in the queue; once it is done, everything before it is committed.

    ``notify`` is called by the writer's thread then.
    """

    __slots__ = ("_error", "_notify", "_wakeup", "is_done")

    def __init__(self, notify: Callable[[], None] | None = None) -> None:
        self._wakeup = Wakeup()
        self._error: Exception | None = None
        self._notify = notify
        self.is_done = False

    def resolve(self, error: Exception | None = None) -> None:
        """Have it done, and wake who waits for it."""
        self._error = error
        self.is_done = True
        self._wakeup.wake()
        if self._notify is not None:
            self._notify()

    def wait(self, timeout: float | None) -> None:
        """Wait until it is done.

        Raises:
            TimeoutError: it was not in time.
            Exception: what went wrong meanwhile.
        """
        if not (self.is_done or self._wakeup.wait(timeout) or self.is_done):
            raise TimeoutError
        self.check()

    def check(self) -> None:
        """Raise what went wrong until it was done, if anything did."""
        if self._error is not None:
            raise self._error


Item = StreamItem | FlushMark


class TaskQueue:
    """Many threads put, one takes. ``put`` costs an append and two comparisons.

    A signal handler may put, and wait for what was put, while it interrupts another call that does:
    none of them holds a lock. What the steps leave in between is valid at any time.

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
        self._enough_items = self.wakeup.wake
        self._waiting_for_room: deque[Wakeup] = deque()
        self._taken = start
        self._takes = 0
        self._marks: deque[FlushMark] = deque()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def position(self) -> int:
        """The position after everything that was put."""
        while True:
            takes, taken = self._takes, self._taken
            count = len(self._items)
            if self._marks:
                count = sum(type(item) is not FlushMark for item in self._items.copy())
            if takes == self._takes and not takes % 2:
                return taken + count
            time.sleep(0)

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
            self._enough_items()

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
                self._enough_items()

    def put_mark(self, mark: FlushMark) -> None:
        """Append a mark whatever the length, and wake the taker at once."""
        self._marks.append(mark)
        self._items.append(mark)
        self.wakeup()

    def want(self, count: int) -> bool:
        """Wake the taker once there are ``count`` items, or the queue is full; returns whether
        there are already.
        """
        self._wanted = wanted = min(count, self.capacity)
        return len(self._items) >= wanted

    def want_nothing(self) -> None:
        """Wake the taker no more."""
        self._wanted = _NO_WAITER

    def take(self, limit: int) -> list[Item]:
        """Take up to ``limit`` items, oldest first, without waiting."""
        items = self._items
        self._takes += 1  # odd while taking: the position cannot be read then
        taken = [items.popleft() for _ in range(min(limit, len(items)))]
        marks = list(map(type, taken)).count(FlushMark) if self._marks else 0
        for _ in range(marks):
            self._marks.popleft()
        self._taken += len(taken) - marks
        self._takes += 1
        if items:
            self.wakeup.is_urgent = True
        if self._waiting_for_room:
            self._wake_waiting()
        return taken

    def close(self) -> None:
        """Accept nothing more, not even from those waiting for room."""
        self._is_closed = True
        self._wake_waiting()

    def _wake_waiting(self) -> None:
        for each in self._waiting_for_room.copy():
            each.wake()

    def _wait_for_room(self, timeout: float | None, taken: int = 0) -> None:
        if timeout is None:
            timeout = self._default_timeout
        deadline = None if timeout is None else time.monotonic() + timeout
        mine = Wakeup()
        self._waiting_for_room.append(mine)
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
                mine.wait(left)
        finally:
            self._waiting_for_room.remove(mine)


def wait_for_any(
    queues: Sequence[TaskQueue], wakeup: Wakeup, count: int, timeout: float | None
) -> bool:
    """Sleep until one of the queues has ``count`` items, a wake-up came, or time is up.

    The queues share the wake-up. Returns False if time is up.
    """
    wakeup.clear()
    try:
        enough = [queue.want(count) for queue in queues]
        return wakeup.is_urgent or any(enough) or wakeup.wait(timeout)
    finally:
        for queue in queues:
            queue.want_nothing()
