"""The recorder's runs: when each began, and whether it ended cleanly."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from resonance_logs import __version__
from resonance_logs.store.schema import recorder_runs

DAMAGE: Final = "damage: "
"""Prefix of a fault that is file damage met by the run ..."""

REPAIRED: Final = "repaired damage: "
"""... and of one that has been repaired since."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the recorder; without an end it is still running, or was interrupted."""

    id: int
    started_at_ms: int
    ended_at_ms: int | None
    version: str
    pid: int
    spill_read: int
    seen_at_ms: int | None
    """When its progress was last recorded ..."""
    written: int
    queued: int
    rejected: int
    fault: str | None

    @property
    def is_clean(self) -> bool:
        """Whether it ended cleanly."""
        return self.ended_at_ms is not None

    @property
    def has_met_damage(self) -> bool:
        """Whether it met file damage that has not been repaired since."""
        return self.fault is not None and self.fault.startswith(DAMAGE)

    @property
    def has_repaired_damage(self) -> bool:
        """Whether it met file damage that has been repaired."""
        return self.fault is not None and self.fault.startswith(REPAIRED)


def begin_run(connection: Connection) -> int:
    """Record that a run begins now; returns its id."""
    row = {
        "started_at_ms": _now_ms(),
        "version": __version__,
        "pid": os.getpid(),
    }
    key = connection.execute(insert(recorder_runs), row).inserted_primary_key
    return int(key[0]) if key else 0


def started_at_ms(connection: Connection, run_id: int) -> int | None:
    """When a run began; None if the file does not know it."""
    of_run = recorder_runs.c.id == run_id
    return connection.execute(select(recorder_runs.c.started_at_ms).where(of_run)).scalar()


def resume_run(connection: Connection, run_id: int) -> None:
    """Record the run in the file, which replaced another one during the run."""
    found = connection.execute(select(recorder_runs.c.id).where(recorder_runs.c.id == run_id))
    if found.first() is None:
        row = {"id": run_id, "started_at_ms": _now_ms(), "version": __version__}
        connection.execute(insert(recorder_runs), row | {"pid": os.getpid()})


def note_repaired(connection: Connection) -> None:
    """Record for all runs that met damage that it has been repaired."""
    fault = recorder_runs.c.fault
    connection.execute(
        update(recorder_runs)
        .where(fault.startswith(DAMAGE, autoescape=True))
        .values(fault=REPAIRED + func.substr(fault, len(DAMAGE) + 1))
    )


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Progress of a run: tasks written, queued and rejected; its last write error."""

    written: int
    queued: int
    rejected: int
    fault: str | None


def record_progress(connection: Connection, run_id: int, run_progress: RunProgress) -> None:
    """Record the progress of a run, for readers in other programs."""
    connection.execute(
        update(recorder_runs).where(recorder_runs.c.id == run_id),
        {"seen_at_ms": _now_ms(), **asdict(run_progress)},
    )


def end_run(connection: Connection, run_id: int, run_progress: RunProgress) -> None:
    """Record that a run has ended with everything written."""
    record_progress(connection, run_id, run_progress)
    connection.execute(
        update(recorder_runs).where(recorder_runs.c.id == run_id), {"ended_at_ms": _now_ms()}
    )


def is_spill_read(connection: Connection, run_id: int) -> bool:
    """Whether the spill files of a run have been read."""
    of_run = recorder_runs.c.id == run_id
    return bool(connection.execute(select(recorder_runs.c.spill_read).where(of_run)).scalar())


def record_spill_read(connection: Connection, run_id: int) -> None:
    """Record that the spill files of a run have been read.

    A run unknown to this file, as after a backup was restored, is recorded too.
    """
    of_run = recorder_runs.c.id == run_id
    if connection.execute(select(recorder_runs.c.id).where(of_run)).first() is None:
        row = {"id": run_id, "started_at_ms": _now_ms(), "version": "unknown", "pid": 0}
        connection.execute(insert(recorder_runs), row | {"spill_read": 1})
    else:
        connection.execute(update(recorder_runs).where(of_run).values(spill_read=1))


def last_run(connection: Connection) -> Run | None:
    """The newest run."""
    return next(iter(_newest(connection, limit=1)), None)


def read_runs(connection: Connection, limit: int, offset: int = 0) -> tuple[list[Run], int]:
    """Some runs, newest first, and the total count."""
    count = connection.execute(select(func.count()).select_from(recorder_runs)).scalar_one()
    return _newest(connection, limit, offset), count


def _newest(connection: Connection, limit: int, offset: int = 0) -> list[Run]:
    newest_first = select(recorder_runs).order_by(recorder_runs.c.id.desc())
    return [Run(*row) for row in connection.execute(newest_first.limit(limit).offset(offset))]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
