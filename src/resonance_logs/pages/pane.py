"""A part of a page that waits for an answer: that it loads, what it shows, or what went wrong."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeVar

from nicegui import ui

from resonance_logs.errors import CommandError
from resonance_logs.pages.frame import show_error

_Answer = TypeVar("_Answer")


class Pane:
    """Shows the answer to the last question that was asked."""

    def __init__(self) -> None:
        self._box = ui.column().classes("w-full gap-4")
        self._asked = 0

    async def show(
        self, ask: Callable[[], _Answer], fill: Callable[[_Answer], Awaitable[None] | None]
    ) -> None:
        """Ask in a thread of its own, and fill the pane with the answer."""
        self._asked += 1
        number = self._asked
        self._box.props("aria-busy=true").classes(add="rl-loading")
        if not self._box.default_slot.children:
            with self._box:
                ui.skeleton(height="10rem").classes("w-full").props('aria-label="loading"')
        try:
            answer = await to_thread(ask)
        except CommandError as error:
            self._clear(number)
            with self._box:
                show_error(str(error))
            return
        if self._clear(number):
            with self._box:
                filled = fill(answer)
                if isawaitable(filled):
                    await filled

    def _clear(self, number: int) -> bool:
        if number != self._asked:
            return False
        self._box.clear()
        self._box.props(remove="aria-busy").classes(remove="rl-loading")
        return True
