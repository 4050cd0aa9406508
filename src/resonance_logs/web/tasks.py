"""Tasks over HTTP: NDJSON in, plain or packed, taken as it comes."""

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
from resonance_logs.lines import Refusal
from resonance_logs.sources import TaskSource
from resonance_logs.tasks import Task

MOST_REFUSALS: Final = 1_000
"""So many refused lines are named in an answer; all are counted."""

FLUSH_S: Final = 10.0
STEP_S: Final = 0.5
"""How long a wait takes at most before it is asked whether the server stops."""

MOST_STREAMS: Final = 40
"""So many streams are read at once, each by a thread; more of them wait."""

router = APIRouter(prefix="/api", tags=["tasks"])


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class RefusedLine(_Shape):
    """A line that is no task: its number, what is wrong, and the field if it is one."""

    line: int
    field: str | None
    reason: str


class Intake(_Shape):
    """What became of a body of tasks.

    ``accepted`` tasks are recorded; of the ``refused`` lines the first are listed. ``committed``
    is true where all that was accepted is on the disk; ``fault`` tells why reading ended early.
    """

    accepted: int = 0
    refused: int = 0
    refusals: list[RefusedLine] = []
    committed: bool = False
    fault: str | None = None


class _Body:
    """The body of a request as a stream that a thread reads."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes, none at the end.

        Raises:
            OSError: who sent them has gone.
        """
        while not self._rest:
            try:
                chunk = from_thread.run(self._next)
            except ClientDisconnect as error:
                raise OSError("the sender has gone before the end") from error
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
    wait: Annotated[bool, Query(description="Answer once all is committed.")] = True,
) -> Intake:
    """Record tasks: one JSON object a line, plain, gzip or zstd.

    A line that is no task is refused; the lines around it are taken.
    """
    database: Database = request.app.state.database
    if reason := request.app.state.reason_not_recorded:
        raise RecordingError(reason)
    waits = _Waits(database, request.app.state.is_stopping)
    take = partial(_take, waits, _Body(request.stream()), wait=wait)
    return await to_thread.run_sync(take, limiter=request.app.state.streams)


def limit() -> CapacityLimiter:
    """Threads that streams of tasks have for themselves, however slow those who send them are."""
    return CapacityLimiter(MOST_STREAMS)


class _Waits:
    """Waits for the database in short steps, so that a server that is told to stop is heard."""

    def __init__(self, database: Database, is_stopping: Callable[[], bool]) -> None:
        self._database = database
        self._is_stopping = is_stopping

    def enqueue(self, tasks: Sequence[Task]) -> None:
        """Hand the tasks over.

        Raises:
            QueueFull: there was no room for too long; the error says how many were taken.
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
        """Wait until all is committed.

        Raises:
            FlushTimeout: it was not in time.
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


def _take(waits: _Waits, body: _Body, *, wait: bool) -> Intake:
    intake = Intake()
    try:
        for batch in TaskSource(body, name="body").batches():
            _refuse(intake, batch.refusals)
            waits.enqueue(batch.tasks)
            intake.accepted += len(batch.tasks)
    except InputError as error:
        intake.fault = str(error)
    except QueueFull as error:
        intake.accepted += error.taken
        intake.fault = str(error)
    if wait:
        try:
            waits.flush()
        except FlushTimeout as error:
            intake.fault = intake.fault or str(error)
        else:
            intake.committed = True
    return intake


def _refuse(intake: Intake, refusals: list[Refusal]) -> None:
    intake.refused += len(refusals)
    room = MOST_REFUSALS - len(intake.refusals)
    intake.refusals += [
        RefusedLine(line=each.line, field=each.field, reason=each.reason)
        for each in refusals[:room]
    ]
