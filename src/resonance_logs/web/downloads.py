"""Downloads of fights: tables for analysts, files for other databases."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Annotated, Final

from anyio import CapacityLimiter, fail_after
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import Field, ValidationError
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from resonance_logs.commands.filters import Filters
from resonance_logs.database import Database
from resonance_logs.errors import InvalidArgument, Unavailable
from resonance_logs.exports.formats import MEDIA_TYPES, Format, Table, write_table
from resonance_logs.exports.tables import TableKind
from resonance_logs.tasks import MAX_INTEGER

router = APIRouter(prefix="/api/encounters", tags=["exports"])

MAX_FIGHTS: Final = 1_000

MAX_DOWNLOADS: Final = 10
"""Downloads at once: each is in memory, or on the disk, until its client has taken it."""

SLOT_S: Final = 10.0
"""How long a further one waits."""

BLOCK_BYTES: Final = 256 * 1024

_Format = Annotated[Format, Query(alias="format", description="Table format.")]

_Filters = Annotated[
    str, Query(description="Filters as JSON, as in get_recent_encounters_filtered.")
]


@router.get("/export", response_class=Response)
async def export_list(
    request: Request, filters: _Filters = "{}", form: _Format = Format.CSV
) -> Response:
    """All ended fights that match the filters, one row each."""
    database: Database = request.app.state.database
    wanted = _read_filters(filters)
    return await _in_slot(request, lambda: _download(database.fights_table(wanted), form, "fights"))


@router.get("/{encounterId}/export", response_class=Response)
async def export_encounter(
    request: Request,
    encounter_id: Annotated[int, Path(alias="encounterId", ge=1, le=MAX_INTEGER)],
    form: _Format = Format.CSV,
    of: Annotated[TableKind, Query(description="What each row is.")] = TableKind.ACTORS,
) -> Response:
    """A fight: its actors, its skills, or its individual hits."""
    database: Database = request.app.state.database
    name = f"fight-{encounter_id}-{of}"
    return await _in_slot(
        request, lambda: _download(database.encounter_table(encounter_id, of), form, name)
    )


@router.get("/file", response_class=Response)
async def export_file(
    request: Request,
    ids: Annotated[
        list[Annotated[int, Field(ge=1, le=MAX_INTEGER)]],
        Query(min_length=1, max_length=MAX_FIGHTS, description="Fight ids."),
    ],
) -> Response:
    """Ended fights, with everything that belongs to them, as a file to import elsewhere."""
    database: Database = request.app.state.database
    return await _in_slot(request, lambda: _file(database, ids))


def download_slots() -> CapacityLimiter:
    """The places of downloads: each is held until its client has taken all of it."""
    return CapacityLimiter(MAX_DOWNLOADS)


async def _in_slot(request: Request, make: Callable[[], Response]) -> Response:
    """Make a download once there is a place for it.

    Raises:
        Unavailable: too many others took theirs for too long.
    """
    slots: CapacityLimiter = request.app.state.downloads
    slot = object()
    try:
        with fail_after(SLOT_S):
            await slots.acquire_on_behalf_of(slot)
    except TimeoutError as error:
        raise Unavailable("too many downloads at once; try again when others are done") from error
    try:
        made = await run_in_threadpool(make)
    except BaseException:
        slots.release_on_behalf_of(slot)
        raise
    return _Held(made, lambda: slots.release_on_behalf_of(slot))


class _Held(Response):
    """A response, and what to do once it is sent, or its client has left."""

    def __init__(self, inner: Response, release: Callable[[], None]) -> None:
        super().__init__()
        self._inner = inner
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._inner(scope, receive, send)
        finally:
            self._release()


class _InBlocks(Response):
    """A response that is sent no faster than its client takes it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        for begin in range(0, len(self.body), BLOCK_BYTES):
            block = self.body[begin : begin + BLOCK_BYTES]
            await send({"type": "http.response.body", "body": bytes(block), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _file(database: Database, ids: list[int]) -> Response:
    folder = tempfile.mkdtemp(prefix="resonance-logs-")
    remove = BackgroundTask(shutil.rmtree, folder)
    try:
        target = FilePath(folder) / "fights.rlog"
        database.export_fights(ids, target)
    except BaseException:
        shutil.rmtree(folder)
        raise
    name = f"fight-{ids[0]}.rlog" if len(ids) == 1 else f"{len(ids)}-fights.rlog"
    return FileResponse(
        target, media_type="application/vnd.sqlite3", filename=name, background=remove
    )


def _read_filters(text: str) -> Filters:
    try:
        return Filters.model_validate_json(text, by_alias=True, by_name=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(["filters", *map(str, first["loc"])])
        raise InvalidArgument(name, first["msg"][:1].lower() + first["msg"][1:]) from error


def _download(table: Table, form: Format, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return _InBlocks(write_table(table, form), media_type=MEDIA_TYPES[form], headers=headers)
