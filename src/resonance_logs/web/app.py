"""The application: its routes, its guards, and the format of its errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from resonance_logs import __version__
from resonance_logs.database import Database
from resonance_logs.errors import (
    CommandError,
    DatabaseError,
    InvalidArgument,
    PositionGap,
    RecorderBusy,
    RecordingError,
    ResonanceLogsError,
)
from resonance_logs.web import commands, downloads, health, live, openapi, reference, tasks
from resonance_logs.web.command_scheduler import CommandScheduler
from resonance_logs.web.connection_limits import ConnectionLimits
from resonance_logs.web.connections import Connections
from resonance_logs.web.guard import Guard, Rules, make_login
from resonance_logs.web.refused_lines import RefusedLines
from resonance_logs.web.senders import Senders

_STATUS: Final = {
    "recorder_busy": HTTPStatus.CONFLICT,
    "position_gap": HTTPStatus.CONFLICT,
    "not_found": HTTPStatus.NOT_FOUND,
    "read_only": HTTPStatus.FORBIDDEN,
    "invalid_argument": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}

_USUAL_LIMITS: Final = ConnectionLimits()


def create_app(
    database: Database,
    rules: Rules,
    *,
    limits: ConnectionLimits = _USUAL_LIMITS,
    reason_not_recorded: str = "",
    instance: str = "",
) -> FastAPI:
    """Create the application of one database, which the caller closes.

    If the database does not record, ``reason_not_recorded`` is the error for clients that send
    tasks. ``/healthz`` answers with ``instance``, if given, so that a client can distinguish this
    server from another at the same address.
    """
    app = FastAPI(
        title="Resonance Logs",
        summary="The combat-log database over HTTP.",
        version=__version__,
        docs_url=None,  # these two would load scripts from another host
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.database = database
    app.state.connections = Connections(limits)
    app.state.scheduler = CommandScheduler()
    app.state.streams = tasks.stream_limiter()
    app.state.downloads = downloads.download_slots()
    app.state.senders = Senders()
    app.state.refused_lines = RefusedLines()
    app.state.reason_not_recorded = reason_not_recorded
    app.state.instance = instance
    app.state.login = make_login(rules)
    app.state.figures = health.figures(database, app.state.login, app.state.connections)
    app.state.is_stopping = lambda: False
    app.router.routes.append(commands.route)
    for module in (tasks, live, downloads, health):
        app.include_router(module.router)
    reference.add_reference(app)
    app.add_exception_handler(ResonanceLogsError, _explain)
    app.add_exception_handler(OSError, _explain)
    app.add_exception_handler(ClientDisconnect, answer_nobody)
    app.add_exception_handler(HTTPException, _explain_http)
    app.add_exception_handler(RequestValidationError, _explain_argument)
    app.add_middleware(Guard, rules=rules, login=app.state.login)
    openapi.describe(app)
    return app


async def _explain(_request: Request, error: Exception) -> Response:
    return error_response(error)


async def answer_nobody(_request: Request, _error: Exception) -> Response:
    """Answer a client that left before its request was complete; nobody receives it."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _explain_http(_request: Request, error: Exception) -> Response:
    """Answer errors of the routing itself, such as an unknown path."""
    if not isinstance(error, HTTPException):
        raise error
    code = "not_found" if error.status_code == HTTPStatus.NOT_FOUND else "invalid_argument"
    body = {"code": code, "message": str(error.detail), "argument": None}
    return JSONResponse(body, error.status_code, headers=error.headers)


async def _explain_argument(_request: Request, error: Exception) -> Response:
    """Answer an invalid path or query, with the name of the first argument."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return error_response(InvalidArgument(name, first["msg"][:1].lower() + first["msg"][1:]))


def error_response(error: Exception) -> JSONResponse:
    """An error in the format of all routes: code, message, and the argument if there is one."""
    code = _code_of(error)
    body: dict[str, Any] = {
        "code": code,
        "message": str(error),
        "argument": error.argument if isinstance(error, InvalidArgument) else None,
    }
    if isinstance(error, PositionGap):
        body["position"] = error.position
    return JSONResponse(body, _STATUS[code])


def _code_of(error: Exception) -> str:
    if isinstance(error, CommandError | RecorderBusy | PositionGap):
        return error.code
    if isinstance(error, DatabaseError | RecordingError | OSError):
        return "unavailable"
    return InvalidArgument.code
