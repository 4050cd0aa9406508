"""The streams of all recorders: each has a queue and a state of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from resonance_logs.fights.identity import Identity
from resonance_logs.recording.queue import FlushMark, Item, TaskQueue, Wakeup, wait_for_any
from resonance_logs.recording.state import RecorderState
from resonance_logs.recording.stats import NOTHING_COUNTED, Counts
from resonance_logs.store.players import EntityCache
from resonance_logs.tasks import StreamItem


@dataclass(slots=True)
class Stream:
    """The tasks of one recorder: those that wait, and what became of the others."""

    queue: TaskQueue
    state: RecorderState
    in_hand: Sequence[Item] = ()
    """Taken from the queue, and not written yet."""
    reported: Counts = NOTHING_COUNTED
    """What its senders were told so far."""
    sending: threading.Lock = field(default_factory=threading.Lock)
    """Held while somebody sends its tasks from where they begin."""

    @property
    def identity(self) -> Identity:
        """Whose tasks they are."""
        return self.state.identity

    def take_counts(self) -> Counts:
        """What was counted since the last call; only for who is sending."""
        state, before = self.state, self.reported
        self.reported = Counts(state.ignored, state.strays.dropped, state.rejected, state.cut)
        return self.reported.since(before)

    def collect(self) -> list[FlushMark]:
        """Have everything in hand that is not written; returns the marks among it."""
        items = [*self.in_hand, *self.queue.take(len(self.queue))]
        tasks, marks = split_items(items)
        self.in_hand = tasks
        return marks

    def take_unwritten(self) -> Sequence[StreamItem]:
        """Take what was left in hand once the writer has ended."""
        tasks, _ = split_items(self.in_hand)
        self.in_hand = ()
        return tasks


class Streams:
    """All streams of a database that records, in the order in which they were opened.

    Any thread adds; only the writer takes.
    """

    def __init__(self) -> None:
        self.wake = Wakeup()
        self._streams: tuple[Stream, ...] = ()
        self._adding = threading.Lock()

    def __iter__(self) -> Iterator[Stream]:
        return iter(self._streams)

    def add(self, stream: Stream) -> None:
        """Add a stream whose queue wakes by ``wake``; it shares the players of its game."""
        with self._adding:
            game = stream.identity.game
            for each in self._streams:
                if each.identity.game == game:
                    stream.state.entities = each.state.entities
                    break
            self._streams = (*self._streams, stream)
        self.wake()  # the writer may be waiting for the others only

    def take(self, limit: int) -> Iterator[Stream]:
        """Have up to ``limit`` items of each stream in hand, one stream after another."""
        self.wake.is_urgent = False
        for each in self._streams:
            if items := each.queue.take(limit):
                each.in_hand = items
                yield each
                each.in_hand = ()

    @property
    def queued(self) -> int:
        """How many items wait in all queues."""
        return sum(len(each.queue) for each in self._streams)

    def wait(self, count: int, timeout: float | None) -> bool:
        """Sleep until one queue has ``count`` items, or a wake-up came; False if time is up."""
        return wait_for_any([each.queue for each in self._streams], self.wake, count, timeout)

    def close(self) -> None:
        """Accept no more tasks."""
        for each in self._streams:
            each.queue.close()

    def replace_players(self) -> None:
        """Forget the known players, to read them again from the file."""
        caches: dict[str, EntityCache] = {}
        with self._adding:
            for each in self._streams:
                game = each.identity.game
                each.state.entities = caches.setdefault(game, EntityCache(game))


def split_items(items: Sequence[Item]) -> tuple[Sequence[StreamItem], list[FlushMark]]:
    """The tasks and the marks among the items."""
    if FlushMark not in set(map(type, items)):
        return items, []  # type: ignore[return-value]
    return (
        [item for item in items if not isinstance(item, FlushMark)],
        [item for item in items if isinstance(item, FlushMark)],
    )
