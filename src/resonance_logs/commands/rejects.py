"""Rejected tasks: which there are, trying them once more, letting them go."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select

from resonance_logs.commands.arguments import Page, SomeRejected
from resonance_logs.commands.shapes import (
    RejectedPage,
    RejectedRow,
    RetryRefusal,
    RetryReport,
)
from resonance_logs.errors import InvalidArgument, NotFound
from resonance_logs.retry import retry_rejected
from resonance_logs.store.engine import Store
from resonance_logs.store.rejects import RejectedTask, of_open_fight, read_rejected
from resonance_logs.store.tables import rejected_tasks


def get_rejected_tasks(store: Store, arguments: Page) -> RejectedPage:
    """Tasks that were set aside with their error, the newest first."""
    with store.reading() as connection:
        rows = read_rejected(connection, limit=arguments.limit, offset=arguments.offset)
        count = select(func.count()).select_from(rejected_tasks)
        total = connection.execute(count).scalar_one()
    return RejectedPage(rows=[RejectedRow(**row._asdict()) for row in rows], total_count=total)


def retry_rejected_tasks(store: Store, arguments: SomeRejected) -> RetryReport:
    """Take rejected tasks (without ids: all) that are right by now; the others stay.

    Hits and heals are added to their fights, whose figures are computed again.

    Raises:
        NotFound: one of them is not there; none was tried.
    """
    with store.reading() as connection:
        rejected = _find(connection, arguments)
    retried = retry_rejected(store, rejected[::-1])
    return RetryReport(
        taken=sorted(retried.taken),
        left=[RetryRefusal(id=number, reason=why) for number, why in sorted(retried.left.items())],
    )


def delete_rejected_tasks(store: Store, arguments: SomeRejected) -> None:
    """Let rejected tasks (without ids: all) go for ever.

    Raises:
        NotFound: one of them is not there; none was deleted.
        InvalidArgument: one of them is of the fight being recorded, which counts it at its end.
    """
    with store.writing() as connection:
        _find(connection, arguments)
        statement = delete(rejected_tasks).where(~of_open_fight())
        if arguments.ids is not None:
            counted = select(rejected_tasks.c.id).where(
                rejected_tasks.c.id.in_(arguments.ids), of_open_fight()
            )
            if connection.execute(counted.limit(1)).first() is not None:
                raise InvalidArgument("ids", "one is of the fight that is still being recorded")
        if arguments.ids is not None:
            statement = statement.where(rejected_tasks.c.id.in_(arguments.ids))
        connection.execute(statement)


def _find(connection: Connection, arguments: SomeRejected) -> list[RejectedTask]:
    found = read_rejected(connection, arguments.ids)
    missing = set(arguments.ids or ()) - {each.id for each in found}
    if missing:
        raise NotFound(f"there is no rejected task {', '.join(map(str, sorted(missing)[:10]))}")
    return found
