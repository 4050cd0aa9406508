"""Every command of the registry, as ``POST /api/commands/<name>``."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from resonance_logs.commands.registry import REGISTRY, Command
from resonance_logs.database import Database
from resonance_logs.errors import InvalidArgument

router = APIRouter(prefix="/api/commands", tags=["commands"])


def _route(command: Command) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        body = await request.body()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if body.strip() and kind != "application/json":
            raise InvalidArgument("content-type", "must be application/json")
        database: Database = request.app.state.database
        text = await run_in_threadpool(database.commands.call_json, command.name, body)
        return Response(text, media_type="application/json")

    return answer


for _command in REGISTRY.values():
    router.add_api_route(
        f"/{_command.name}",
        _route(_command),
        methods=["POST"],
        operation_id=_command.name,
        summary=_command.summary,
        response_class=Response,
    )
