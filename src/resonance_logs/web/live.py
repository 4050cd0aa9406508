"""The live fight as it happens: server-sent events, once a second."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Final

import anyio
from fastapi import APIRouter, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from resonance_logs.database import Database
from resonance_logs.errors import CommandError
from resonance_logs.fights.identity import MAX_NAME_LENGTH

INTERVAL_S: Final = 1.0

router = APIRouter(prefix="/api", tags=["live"])


@router.get("/live", response_class=EventSourceResponse)
async def follow_live(
    request: Request,
    recorder: Annotated[
        str | None,
        Query(min_length=1, max_length=MAX_NAME_LENGTH, description="Only this recorder's fight."),
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """The standings of an open fight, once a second, as ``encounter`` events.

    The data is the answer of get_live_encounter: null if no fight is open. If the file cannot be
    read, a ``fault`` event says why.
    """
    database: Database = request.app.state.database
    arguments = "" if recorder is None else json.dumps({"recorder": recorder})
    while not (request.app.state.is_stopping() or await request.is_disconnected()):
        try:
            text = await run_in_threadpool(
                database.commands.call_json, "get_live_encounter", arguments
            )
            yield ServerSentEvent(raw_data=text, event="encounter")
        except CommandError as error:
            yield ServerSentEvent(data={"code": error.code, "message": str(error)}, event="fault")
        await anyio.sleep(INTERVAL_S)
