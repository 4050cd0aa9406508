"""Record tasks sent over HTTP: NDJSON, plain or compressed, while it is being received."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.concurrency import run_in_threadpool

from resonance_logs.database import Database, Recorder, Sender
from resonance_logs.errors import FlushTimeout, InputError, QueueFull, ReadOnly, RecordingError
from resonance_logs.fights.identity import DEFAULT_RECORDER, GAME_PATTERN, MAX_NAME_LENGTH
from resonance_logs.settings import Settings
from resonance_logs.sources.compression import ExpandsTooMuchError
from resonance_logs.sources.ndjson import Refusal
from resonance_logs.sources.task_source import TaskSource
from resonance_logs.tasks import MAX_INTEGER, SkippedLine, StreamItem
from resonance_logs.web.connections import Refused
from resonance_logs.web.http_protocol import CONNECTION
from resonance_logs.web.refused_lines import RefusedLines, are_too_many
from resonance_logs.web.senders import Body, Senders

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

    ``accepted`` tasks are recorded, ``skipped`` ones (or refused lines) were sent before; the first
    of the ``refused`` lines are listed. ``position`` is how many tasks (and refused lines) the
    recorder has accepted so far, ever, ``stored_position`` how many of them a crash cannot undo.
    ``committed``: everything accepted is on disk; ``fault``: why reading ended early.

    ``ignored`` begins and ends, ``strays`` outside any fight, ``rejected`` and ``cut`` tasks are
    those of the recorder that were counted since the answer before, to whomever; where
    ``committed``, all tasks of this request are among them, except events that still wait for their
    fight to begin.
    """

    recorder: str
    game: str
    position: int = 0
    stored_position: int = 0
    accepted: int = 0
    skipped: int = 0
    refused: int = 0
    refusals: list[RefusedLine] = []
    ignored: int = 0
    strays: int = 0
    rejected: int = 0
    cut: int = 0
    committed: bool = False
    fault: str | None = None


@router.post("/tasks", response_model_by_alias=True)
async def record_tasks(
    request: Request,
    wait: Annotated[bool, Query(description="Answer once everything is committed.")] = True,
    recorder: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_NAME_LENGTH,
            description="Whose tasks they are; each recorder has an open fight of its own.",
        ),
    ] = DEFAULT_RECORDER,
    game: Annotated[
        str | None,
        Query(
            pattern=GAME_PATTERN,
            description="The game they come from; by default the recorder's, or bpsr.",
        ),
    ] = None,
    from_position: Annotated[
        int | None,
        Query(
            alias="from",
            ge=0,
            le=MAX_INTEGER,
            description="How many tasks the sender had sent before this request: those that were "
            "accepted already are skipped.",
        ),
    ] = None,
    continues_input: Annotated[
        bool,
        Query(
            alias="continuesInput",
            description="Whether the tasks are those of the file that ingest continues.",
        ),
    ] = False,
) -> IngestResult:
    """Record tasks: one JSON object per line, plain, gzip or zstd.

    An invalid line is refused; the lines around it are recorded. While a request sends tasks for a
    recorder, another one for the same recorder is refused (409, ``recorder_busy``). Where ``from``
    is beyond what was accepted, nothing is recorded (409, ``position_gap``, with the ``position``).
    A read-only server takes no tasks (403, ``read_only``).
    """
    database: Database = request.app.state.database
    if database.is_read_only:
        raise ReadOnly("this server is read-only, and takes no tasks")
    if reason := request.app.state.reason_not_recorded:
        raise RecordingError(reason)
    body = Body(request.stream(), getattr(request.state, CONNECTION, None))
    senders: Senders = request.app.state.senders
    streams: CapacityLimiter = request.app.state.streams
    pace: RefusedLines = request.app.state.refused_lines

    def take() -> IngestResult:
        chosen = database.recorder(recorder, game, resume=True)
        sending = senders.sending(chosen, body, from_position, by_input=continues_input)
        with sending as sender:
            waits = _Waits(chosen, database.settings, request.app.state.is_stopping)
            return _ingest(waits, chosen, sender, body, pace, wait=wait)

    senders.make_room(streams)
    try:
        return await to_thread.run_sync(take, limiter=streams)
    finally:
        if body.refused is not None:
            request.app.state.connections.refused[body.refused] += 1


class RecorderPosition(_Shape):
    """A recorder, and how many tasks (and refused lines) it has accepted so far, ever.

    Those beyond ``storedPosition`` are not on disk yet.
    """

    name: str
    game: str
    position: int
    stored_position: int


@router.get("/recorders/{name:path}", response_model_by_alias=True)
async def find_recorder(
    request: Request,
    name: Annotated[str, Path(min_length=1, max_length=MAX_NAME_LENGTH)],
) -> RecorderPosition:
    """How far the tasks of a recorder were accepted."""
    database: Database = request.app.state.database
    found = await run_in_threadpool(database.find_recorder, name)
    return RecorderPosition.model_validate(found, from_attributes=True)


def stream_limiter() -> CapacityLimiter:
    """Threads reserved for streams of tasks, because their clients may be slow."""
    return CapacityLimiter(MAX_STREAMS)


class _Waits:
    """Waits for the database in short steps, so that a stop of the server takes effect soon."""

    def __init__(
        self, recorder: Recorder, settings: Settings, is_stopping: Callable[[], bool]
    ) -> None:
        self._recorder = recorder
        self._settings = settings
        self._is_stopping = is_stopping

    def enqueue(self, tasks: Sequence[StreamItem]) -> None:
        """Enqueue the tasks.

        Raises:
            QueueFull: the queue stayed full for too long; ``taken`` says how many were queued.
        """
        deadline = time.monotonic() + self._settings.enqueue_seconds
        taken = 0
        while True:
            try:
                self._recorder.enqueue_many(tasks[taken:], self._step(deadline))
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
                self._recorder.flush(self._step(deadline))
            except FlushTimeout:
                if self._is_over(deadline):
                    raise
            else:
                return

    def refuse(self, lines: int, body: Body, pace: RefusedLines) -> None:
        """Wait until so many more lines may be refused.

        Raises:
            InputError: the client has left.
        """
        pace.wait(lines, lambda: body.has_left or self._is_stopping())
        body.check()

    def _step(self, deadline: float) -> float:
        return max(0.0, min(STEP_S, deadline - time.monotonic()))

    def _is_over(self, deadline: float) -> bool:
        return self._is_stopping() or time.monotonic() >= deadline


def _ingest(
    waits: _Waits,
    recorder: Recorder,
    sender: Sender,
    body: Body,
    pace: RefusedLines,
    *,
    wait: bool,
) -> IngestResult:
    result = IngestResult(recorder=recorder.name, game=recorder.game)
    items: Sequence[StreamItem] = ()
    try:
        for batch in TaskSource(body, name="body", limits_expansion=True).batches():
            items, refusals, _ = sender.select_from(batch, is_complete=True)
            waits.enqueue(items)
            _refuse(result, refusals)
            result.accepted += _count_tasks(items)
            waits.refuse(len(refusals), body, pace)
            _check_lines(result)
    except InputError as error:
        result.fault = str(error)
        body.refused = _limit_of(error) or body.refused
    except QueueFull as error:
        result.accepted += _count_tasks(items[: error.taken])
        result.fault = str(error)
    result.skipped = sender.skipped
    result.position = recorder.position
    if wait:
        try:
            waits.flush()
        except FlushTimeout as error:
            result.fault = result.fault or str(error)
        else:
            result.committed = True
    result.stored_position = recorder.stored_position
    return result.model_copy(update=asdict(recorder.take_counts()))


class _NoTasks(InputError):
    """The body does not consist of tasks."""


def _check_lines(result: IngestResult) -> None:
    if are_too_many(result.refused, result.accepted + result.skipped):
        raise _NoTasks(
            f"body: {result.refused:,} lines are not tasks, and hardly any is; the rest was not "
            "read; send one JSON object per line"
        )


def _limit_of(error: InputError) -> Refused | None:
    if isinstance(error, _NoTasks):
        return Refused.LINES
    return Refused.EXPANDING if isinstance(error.__cause__, ExpandsTooMuchError) else None


def _count_tasks(items: Sequence[StreamItem]) -> int:
    return sum(type(item) is not SkippedLine for item in items)


def _refuse(result: IngestResult, refusals: Sequence[Refusal]) -> None:
    result.refused += len(refusals)
    room = MAX_REFUSALS - len(result.refusals)
    result.refusals += [
        RefusedLine(line=each.line, field=each.field, reason=each.reason)
        for each in refusals[:room]
    ]
