"""Every command of the registry, as ``POST /api/commands/<name>``.

Quick commands have threads of their own, and few: those that take long do not hold them up, and
threads that are no more than the cores cost each other least.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from resonance_logs.commands.registry import REGISTRY, Command
from resonance_logs.database import Database
from resonance_logs.errors import InvalidArgument

QUICK_THREADS: Final = 1
LONG_THREADS: Final = 2

router = APIRouter(prefix="/api/commands", tags=["commands"])


def limiters() -> dict[bool, CapacityLimiter]:
    """By whether a command is quick, how many of its kind are answered at once."""
    return {True: CapacityLimiter(QUICK_THREADS), False: CapacityLimiter(LONG_THREADS)}


def _route(command: Command) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        body = await request.body()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if body.strip() and kind != "application/json":
            raise InvalidArgument("content-type", "must be application/json")
        database: Database = request.app.state.database
        text = await to_thread.run_sync(
            database.commands.call_json,
            command.name,
            body,
            limiter=request.app.state.limiters[command.is_quick],
        )
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
