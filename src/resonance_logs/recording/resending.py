"""Tasks that are sent again: those that a recorder has accepted already are skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from resonance_logs.sources.task_source import Batch, Items
from resonance_logs.tasks import StreamItem


class Sender:
    """Selects the tasks that a recorder has not accepted already."""

    def __init__(self, begin_input: Callable[[str], int] | None = None, known: int = 0) -> None:
        self.known = known
        """How many of the next items were accepted before."""
        self.skipped = 0
        """How many were skipped."""
        self._begin_input = begin_input

    def begin_input(self, input_id: str) -> None:
        """Note that the next items are those of an input, from its beginning.

        Those of them that the recorder has accepted before are skipped.

        Raises:
            DatabaseError: the file cannot be written now; the subclass says why.
        """
        if self._begin_input is not None:
            self.known = self._begin_input(input_id)

    def select_new(self, items: Sequence[StreamItem]) -> Sequence[StreamItem]:
        """The items that were not accepted before."""
        if not self.known:
            return items
        new = items[self.known :]
        self._skip(len(items) - len(new))
        return new

    def select_from(self, batch: Batch, *, is_complete: bool) -> Items:
        """The items of a batch that were not accepted before.

        ``is_complete``: nothing can follow a last line that is cut off.
        """
        items = batch.items(self.known, is_complete=is_complete)
        self._skip(items.total - len(items.new))
        return items

    def _skip(self, count: int) -> None:
        self.known -= count
        self.skipped += count
