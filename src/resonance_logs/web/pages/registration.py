"""A page at its URL: built while the browser waits, or, if that takes long, while it watches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final

from fastapi.responses import Response
from nicegui import Client, background_tasks, ui

from resonance_logs.errors import ResonanceLogsError
from resonance_logs.web.pages.layout import show_error
from resonance_logs.web.pages.open_pages import refuse_excess

PATIENCE_S: Final = 1.0
"""A page that is not complete after this many seconds is sent as it is, and completed later."""

_BUILD_S: Final = 600.0
"""Far more than ``PATIENCE_S``: the framework answers with status 500 after it."""

_PageFunction = Callable[..., Awaitable[None]]


def page_at(path: str) -> Callable[[_PageFunction], _PageFunction]:
    """Add a page. Its function takes the parts of the path by their names, and ``request``."""

    def register(build: _PageFunction) -> _PageFunction:
        @ui.page(path, response_timeout=_BUILD_S)
        @wraps(build)
        async def show(**named: Any) -> Response | None:
            client = ui.context.client
            refusal = refuse_excess(client.request, including=1)
            if refusal is not None:
                client.delete()
                return refusal
            await _complete(client, build(**named))
            return None

        return build

    return register


async def _complete(client: Client, building: Awaitable[None]) -> None:
    """Await the page; show that it loads if it takes long, and stop if the browser leaves."""
    task = asyncio.current_task()
    client.on_delete(lambda: task is None or task.done() or task.cancel())
    late = background_tasks.create(_send_early(client), name="send a page early")
    try:
        await building
    except ResonanceLogsError as error:
        with client.content:
            show_error(str(error))
    finally:
        late.cancel()


async def _send_early(client: Client) -> None:
    await asyncio.sleep(PATIENCE_S)
    with client.content:
        note = ui.row().classes("w-full items-center justify-center gap-3 p-4")
    with note.props("role=status"):
        ui.spinner(size="1.5rem")
        ui.label("Loading…").classes("rl-quiet")
    try:
        await client.connected()  # sends what is there
        await asyncio.Event().wait()
    finally:
        if not note.is_deleted:
            note.delete()
