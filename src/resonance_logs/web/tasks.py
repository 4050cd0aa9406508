"""Record tasks sent over HTTP: NDJSON, plain or compressed, while it is being received."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Annotated, Final

from anyio import CapacityLimiter, from_thread, to_thread
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.requests import ClientDisconnect

from resonance_logs.database import Database
from resonance_logs.errors import FlushTimeout, InputError, QueueFull, RecordingError
from resonance_logs.sources.ndjson import Refusal
from resonance_logs.sources.task_source import TaskSource
from resonance_logs.tasks import Task

MAX_REFUSALS: Final = 1_000
"""Maximum number of refused lines listed in an answer; all are counted."""

FLUSH_S: Final = 10.0
STEP_S: Final = 0.5
"""Maximum time of a wait before checking whether the server is stopping."""

MAX_STREAMS: Final = 40
"""Maximum number of streams read at once, each by a thread; others wait."""

router = APIRouter(prefix="/api", tags=["tasks"])


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class RefusedLine(_Shape):
    """An invalid line: its number, what is wrong, and the field if there is one."""

    line: int
    field: str | None
    reason: str


class IngestResult(_Shape):
    """The result of sending tasks.

    ``accepted`` tasks are recorded; the first of the ``refused`` lines are listed. ``committed``:
    everything accepted is on disk; ``fault``: why reading ended early.
    """

    accepted: int = 0
    refused: int = 0
    refusals: list[RefusedLine] = []
    committed: bool = False
    fault: str | None = None


class _Body:
    """A request body as a stream for a thread to read."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; empty at the end.

        Raises:
            OSError: the client has disconnected.
        """
        while not self._rest:
            try:
                chunk = from_thread.run(self._next)
            except ClientDisconnect as error:
                raise OSError("the client disconnected before the end") from error
            if chunk is None:
                return b""
            self._rest = chunk
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    async def _next(self) -> bytes | None:
        return await anext(self._chunks, None)


@router.post("/tasks", response_model_by_alias=True)
async def record_tasks(
    request: Request,
    wait: Annotated[bool, Query(description="Answer once everything is committed.")] = True,
) -> IngestResult:
    """Record tasks: one JSON object per line, plain, gzip or zstd.

    An invalid line is refused; the lines around it are recorded.
    """
    database: Database = request.app.state.database
    if reason := request.app.state.reason_not_recorded:
        raise RecordingError(reason)
    waits = _Waits(database, request.app.state.is_stopping)
    take = partial(_ingest, waits, _Body(request.stream()), wait=wait)
    return await to_thread.run_sync(take, limiter=request.app.state.streams)


def stream_limiter() -> CapacityLimiter:
    """Threads reserved for streams of tasks, because their clients may be slow."""
    return CapacityLimiter(MAX_STREAMS)


class _Waits:
    """Waits for the database in short steps, so that a stop of the server takes effect soon."""

    def __init__(self, database: Database, is_stopping: Callable[[], bool]) -> None:
        self._database = database
        self._is_stopping = is_stopping

    def enqueue(self, tasks: Sequence[Task]) -> None:
        """Enqueue the tasks.

        Raises:
            QueueFull: the queue stayed full for too long; ``taken`` says how many were queued.
        """
        deadline = time.monotonic() + self._database.settings.enqueue_seconds
        taken = 0
        while True:
            try:
                self._database.enqueue_many(tasks[taken:], self._step(deadline))
            except QueueFull as full:
                taken += full.taken
                if self._is_over(deadline):
                    full.taken = taken
                    raise
            else:
                return

    def flush(self) -> None:
        """Wait until everything is committed.

        Raises:
            FlushTimeout: not everything was committed in time.
        """
        deadline = time.monotonic() + FLUSH_S
        while True:
            try:
                self._database.flush(self._step(deadline))
            except FlushTimeout:
                if self._is_over(deadline):
                    raise
            else:
                return

    def _step(self, deadline: float) -> float:
        return max(0.0, min(STEP_S, deadline - time.monotonic()))

    def _is_over(self, deadline: float) -> bool:
        return self._is_stopping() or time.monotonic() >= deadline


def _ingest(waits: _Waits, body: _Body, *, wait: bool) -> IngestResult:
    result = IngestResult()
    try:
        for batch in TaskSource(body, name="body").batches():
            _refuse(result, batch.refusals)
            waits.enqueue(batch.tasks)
            result.accepted += len(batch.tasks)
    except InputError as error:
        result.fault = str(error)
    except QueueFull as error:
        result.accepted += error.taken
        result.fault = str(error)
    if wait:
        try:
            waits.flush()
        except FlushTimeout as error:
            result.fault = result.fault or str(error)
        else:
            result.committed = True
    return result


def _refuse(result: IngestResult, refusals: list[Refusal]) -> None:
    result.refused += len(refusals)
    room = MAX_REFUSALS - len(result.refusals)
    result.refusals += [
        RefusedLine(line=each.line, field=each.field, reason=each.reason)
        for each in refusals[:room]
    ]
