"""A section of a page that is filled with the answer of commands, again for each query."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable
from typing import TypeVar

from nicegui import ui

from resonance_logs.errors import CommandError
from resonance_logs.web.pages.layout import show_error

_Answer = TypeVar("_Answer")


class AsyncSection:
    """Skeletons until the first answer; later the old answer, dimmed, until the new one arrives."""

    def __init__(self, *, skeletons: int = 0) -> None:
        self._turn = 0
        self._column = ui.column().classes("w-full gap-2 rl-place")
        with self._column:
            for _ in range(skeletons):
                ui.skeleton(height="2.4rem").classes("w-full")
        if skeletons:
            self._column.props("aria-busy=true")

    async def fill(
        self,
        ask: Callable[[], _Answer],
        show: Callable[[_Answer], None],
        update: Callable[[_Answer], bool] = lambda _answer: False,
    ) -> None:
        """Show the answer, or the error message; nothing if there was another query meanwhile.

        ``update`` may show it in the existing content, and returns whether it did.
        """
        self._turn += 1
        turn = self._turn
        self._column.props("aria-busy=true")
        answer: _Answer | None = None
        fault = ""
        try:
            answer = await to_thread(ask)
        except CommandError as error:
            fault = str(error)
        if turn != self._turn or self._column.is_deleted:
            return
        self._column.props(remove="aria-busy")
        if answer is not None and update(answer):
            return
        self._column.clear()
        with self._column:
            if answer is None:
                show_error(fault)
            else:
                show(answer)

    def empty(self) -> None:
        """Show nothing, and ignore any pending answer."""
        self._turn += 1
        self._column.clear()
        self._column.props(remove="aria-busy")
