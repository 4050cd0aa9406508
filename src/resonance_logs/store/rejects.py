"""Rejected tasks, stored where the user can see them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, select

from resonance_logs.fights.identity import DEFAULT_IDENTITY, Identity
from resonance_logs.fights.kinds import EVENT_TASKS
from resonance_logs.store.rows import MAX_PARAMETERS, insert_rows, parts
from resonance_logs.store.schema import encounters, rejected_tasks


@dataclass(frozen=True, slots=True)
class Rejection:
    """A task (as JSON, or as Python's repr if JSON cannot hold it), and its error."""

    task: str
    error: str
    rejected_at_ms: int
    encounter_id: int | None
    """The open fight, if the task is an event."""
    identity: Identity = DEFAULT_IDENTITY
    """Whose task it is."""

    @classmethod
    def from_error(
        cls,
        task: object,
        error: BaseException,
        encounter_id: int | None = None,
        identity: Identity | None = None,
    ) -> Self:
        """A rejection of ``task`` because of ``error``, now."""
        try:
            text = msgspec.json.encode(task).decode()
        except Exception:  # noqa: BLE001 - any error of the task
            text = _shown(task)
        is_event = type(task) in EVENT_TASKS
        return cls(
            _printable(text),
            _printable(str(error)),
            time.time_ns() // 1_000_000,
            encounter_id if is_event else None,
            identity or DEFAULT_IDENTITY,
        )


class RejectedTask(NamedTuple):
    """A row of the table of rejected tasks."""

    id: int
    rejected_at_ms: int
    task: str
    error: str
    encounter_id: int | None
    recorder: str
    game: str


def read_rejected(
    connection: Connection,
    ids: Sequence[int] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[RejectedTask]:
    """Rejected tasks, newest first: those with these ids, or all."""
    columns = (rejected_tasks.c[name] for name in RejectedTask._fields)
    statement = select(*columns).order_by(rejected_tasks.c.id.desc()).limit(limit).offset(offset)
    if ids is not None:
        statement = statement.where(rejected_tasks.c.id.in_(ids))
    return [RejectedTask(*row) for row in connection.execute(statement)]


def store_rejections(connection: Connection, rejections: Sequence[Rejection]) -> None:
    """Store rejected tasks."""
    insert_rows(
        connection,
        rejected_tasks,
        ("rejected_at_ms", "task", "error", "encounter_id", "recorder", "game"),
        [
            (
                *(each.rejected_at_ms, each.task, each.error, each.encounter_id),
                *(each.identity.recorder, each.identity.game),
            )
            for each in rejections
        ],
    )


def delete_rejected(connection: Connection, ids: Iterable[int]) -> None:
    """Delete rejected tasks."""
    for part in parts(ids, MAX_PARAMETERS):
        connection.execute(delete(rejected_tasks).where(rejected_tasks.c.id.in_(part)))


def is_in_open_fight() -> ColumnElement[bool]:
    """Whether a rejected task belongs to the open fight, which counts them when it ends."""
    still_open = select(encounters.c.id).where(encounters.c.ended_at_ms.is_(None))
    return func.coalesce(rejected_tasks.c.encounter_id, -1).in_(still_open)


def count_rejected(connection: Connection, encounter_id: int) -> int:
    """The number of rejected events of a fight."""
    statement = (
        select(func.count())
        .select_from(rejected_tasks)
        .where(rejected_tasks.c.encounter_id == encounter_id)
    )
    return connection.execute(statement).scalar_one()


def _shown(task: object) -> str:
    try:
        return repr(task)
    except Exception:  # noqa: BLE001 - a field's repr may raise anything
        return object.__repr__(task)


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
