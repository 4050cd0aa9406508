"""Every command of the registry, as ``POST /api/commands/<name>``.

Quick commands are answered one at a time, those first that take least: threads that compute at once
only hand the interpreter to each other. Those that take long do not hold them up.
"""

from __future__ import annotations

from asyncio import Task, create_task, current_task, shield
from typing import Final

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from fastapi.responses import Response
from starlette.routing import Route

from resonance_logs.commands import Commands
from resonance_logs.commands.registry import Command, find_command
from resonance_logs.database import Database
from resonance_logs.errors import InvalidArgument
from resonance_logs.web.turns import Turns

LONG_THREADS: Final = 2

PATH: Final = "/api/commands/"


class Desk:
    """Where commands wait until they are answered.

    Those who ask the same while it waits for its turn are told the same: it is read after all of
    them asked.
    """

    def __init__(self) -> None:
        self._turns = Turns()
        self._waiting: dict[tuple[str, bytes], Task[str]] = {}
        self._long = CapacityLimiter(LONG_THREADS)

    async def answer(self, commands: Commands, command: Command, body: bytes) -> str:
        """Answer a command in a thread, once it has its turn."""
        if not command.is_quick:
            return await to_thread.run_sync(
                commands.call_json, command.name, body, limiter=self._long
            )
        question = command.name, body
        if question not in self._waiting:
            self._waiting[question] = create_task(self._answer_quick(commands, *question))
        return await shield(self._waiting[question])

    async def _answer_quick(self, commands: Commands, name: str, body: bytes) -> str:
        try:
            async with self._turns.take(name):
                del self._waiting[name, body]
                return await to_thread.run_sync(commands.call_json, name, body)
        finally:
            if self._waiting.get((name, body)) is current_task():
                del self._waiting[name, body]


async def _answer(request: Request) -> Response:
    command = find_command(request.path_params["name"])
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body.strip() and kind != "application/json":
        raise InvalidArgument("content-type", "must be application/json")
    database: Database = request.app.state.database
    desk: Desk = request.app.state.desk
    text = await desk.answer(database.commands, command, body)
    return Response(text, media_type="application/json")


route: Final = Route(f"{PATH}{{name}}", _answer, methods=["POST"])
"""One for all of them: to try a route each takes longer than to answer some."""
