"""Rejected tasks: list, retry, delete."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from sqlalchemy import Connection, delete, func, select

from resonance_logs.commands.models import Arguments, Integer, PageArguments, Shape
from resonance_logs.commands.registry import command
from resonance_logs.errors import InvalidArgument, NotFound
from resonance_logs.recording.retry import retry_tasks
from resonance_logs.store.rejects import RejectedTask, is_in_open_fight, read_rejected
from resonance_logs.store.schema import rejected_tasks
from resonance_logs.store.sqlite.connections import Store


class RejectedTasksArguments(Arguments):
    """Some rejected tasks."""

    ids: Annotated[list[Integer], Field(max_length=10_000)] | None = Field(
        default=None, description="Their ids; null: all."
    )


class RejectedRow(Shape):
    """A rejected task, as JSON (or as Python's repr), and its error.

    ``encounter_id`` is the fight that was open, if the task is an event; ``recorder`` and ``game``
    are those of the stream that it came in.
    """

    id: int
    rejected_at_ms: int
    encounter_id: int | None
    task: str
    error: str
    recorder: str
    game: str


class RejectedPage(Shape):
    """A page of rejected tasks, and the total count."""

    rows: list[RejectedRow]
    total_count: int


class RetryRefusal(Shape):
    """A rejected task that is still invalid, and why."""

    id: int
    reason: str


class RetryReport(Shape):
    """Which rejected tasks were recorded, and which are still rejected."""

    taken: list[int]
    left: list[RetryRefusal]


@command()
def get_rejected_tasks(store: Store, arguments: PageArguments) -> RejectedPage:
    """Rejected tasks with their errors, newest first."""
    with store.read_transaction() as connection:
        rows = read_rejected(connection, limit=arguments.limit, offset=arguments.offset)
        count = select(func.count()).select_from(rejected_tasks)
        total = connection.execute(count).scalar_one()
    return RejectedPage(rows=[RejectedRow(**row._asdict()) for row in rows], total_count=total)


@command(changes=True)
def retry_rejected_tasks(store: Store, arguments: RejectedTasksArguments) -> RetryReport:
    """Retry rejected tasks (without ids: all) that are now valid; the others stay.

    Hits and heals are added to their fights, whose figures are recomputed.

    Raises:
        NotFound: one of them does not exist; none was retried.
    """
    with store.read_transaction() as connection:
        rejected = _find(connection, arguments)
    retried = retry_tasks(store, rejected[::-1])
    return RetryReport(
        taken=sorted(retried.taken),
        left=[RetryRefusal(id=number, reason=why) for number, why in sorted(retried.left.items())],
    )


@command(changes=True)
def delete_rejected_tasks(store: Store, arguments: RejectedTasksArguments) -> None:
    """Delete rejected tasks (without ids: all) permanently.

    Raises:
        NotFound: one of them does not exist; none was deleted.
        InvalidArgument: one belongs to the fight being recorded, which counts it when it ends.
    """
    with store.write_transaction() as connection:
        _find(connection, arguments)
        statement = delete(rejected_tasks).where(~is_in_open_fight())
        if arguments.ids is not None:
            counted = select(rejected_tasks.c.id).where(
                rejected_tasks.c.id.in_(arguments.ids), is_in_open_fight()
            )
            if connection.execute(counted.limit(1)).first() is not None:
                raise InvalidArgument(
                    "ids", "one belongs to the fight that is still being recorded"
                )
        if arguments.ids is not None:
            statement = statement.where(rejected_tasks.c.id.in_(arguments.ids))
        connection.execute(statement)


def _find(connection: Connection, arguments: RejectedTasksArguments) -> list[RejectedTask]:
    found = read_rejected(connection, arguments.ids)
    missing = set(arguments.ids or ()) - {each.id for each in found}
    if missing:
        raise NotFound(f"there is no rejected task {', '.join(map(str, sorted(missing)[:10]))}")
    return found
