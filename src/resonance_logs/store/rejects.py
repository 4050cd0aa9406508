"""Tasks that could not be applied, set aside where the user can see them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import msgspec
from sqlalchemy import Connection

from resonance_logs.store.rows import insert_rows
from resonance_logs.store.tables import rejected_tasks


@dataclass(frozen=True, slots=True)
class Rejection:
    """A task (as JSON, or as Python shows it where JSON cannot) and what is wrong with it."""

    task: str
    error: str
    rejected_at_ms: int

    @classmethod
    def of(cls, task: object, error: BaseException) -> Self:
        """The rejection of ``task`` for ``error``, now."""
        try:
            text = msgspec.json.encode(task).decode()
        except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
            text = repr(task)
        return cls(_printable(text), _printable(str(error)), time.time_ns() // 1_000_000)


def store_rejections(connection: Connection, rejections: Sequence[Rejection]) -> None:
    """Write them to the table of rejected tasks."""
    insert_rows(
        connection,
        rejected_tasks,
        ("rejected_at_ms", "task", "error"),
        [(each.rejected_at_ms, each.task, each.error) for each in rejections],
    )


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
