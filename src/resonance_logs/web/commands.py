"""Every command of the registry, as ``POST /api/commands/<name>``."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.responses import Response
from starlette.routing import Route

from resonance_logs.commands.registry import find_command
from resonance_logs.database import Database
from resonance_logs.errors import InvalidArgument
from resonance_logs.web.command_scheduler import CommandScheduler

PATH: Final = "/api/commands/"


async def _answer(request: Request) -> Response:
    command = find_command(request.path_params["name"])
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body.strip() and kind != "application/json":
        raise InvalidArgument("content-type", "must be application/json")
    database: Database = request.app.state.database
    scheduler: CommandScheduler = request.app.state.scheduler
    text = await scheduler.answer(database.commands, command, body)
    return Response(text, media_type="application/json")


route: Final = Route(f"{PATH}{{name}}", _answer, methods=["POST"])
"""One route for all commands: matching one route per command takes longer than some answers."""
