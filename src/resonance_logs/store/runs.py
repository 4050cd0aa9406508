"""The runs of the recorder: when each began, and whether it ended as it should."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from resonance_logs.store.tables import recorder_runs

DAMAGE: Final = "damage: "
"""A fault that begins so is damage of the file, met by that run ..."""

REPAIRED: Final = "repaired damage: "
"""... and one that begins so was repaired since."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the recorder; without an end it goes on, or was cut off."""

    id: int
    started_at_ms: int
    ended_at_ms: int | None
    version: str
    pid: int
    spill_read: int
    seen_at_ms: int | None
    """When it was last noted what it has done so far ..."""
    written: int
    queued: int
    rejected: int
    fault: str | None

    @property
    def is_clean(self) -> bool:
        """Whether it ended as it should."""
        return self.ended_at_ms is not None

    @property
    def has_met_damage(self) -> bool:
        """Whether it met damage of the file that has not been repaired since."""
        return self.fault is not None and self.fault.startswith(DAMAGE)

    @property
    def has_repaired_damage(self) -> bool:
        """Whether it met damage of the file that was repaired."""
        return self.fault is not None and self.fault.startswith(REPAIRED)


def begin_run(connection: Connection) -> int:
    """Note that a run begins now; its id."""
    row = {
        "started_at_ms": _now_ms(),
        "version": version("resonance-logs"),
        "pid": os.getpid(),
    }
    key = connection.execute(insert(recorder_runs), row).inserted_primary_key
    return int(key[0]) if key else 0


def resume_run(connection: Connection, run_id: int) -> None:
    """See that a run is noted in the file, which is a new one since the run began."""
    found = connection.execute(select(recorder_runs.c.id).where(recorder_runs.c.id == run_id))
    if found.first() is None:
        row = {"id": run_id, "started_at_ms": _now_ms(), "version": version("resonance-logs")}
        connection.execute(insert(recorder_runs), row | {"pid": os.getpid()})


def note_repaired(connection: Connection) -> None:
    """Note of all runs that met damage that it is repaired."""
    fault = recorder_runs.c.fault
    connection.execute(
        update(recorder_runs)
        .where(fault.startswith(DAMAGE, autoescape=True))
        .values(fault=REPAIRED + func.substr(fault, len(DAMAGE) + 1))
    )


@dataclass(frozen=True, slots=True)
class Doings:
    """What a run has done so far: tasks written, waiting, set aside; its last fault of writing."""

    written: int
    queued: int
    rejected: int
    fault: str | None


def note_run(connection: Connection, run_id: int, doings: Doings) -> None:
    """Note what a run has done so far, for those who look at it from another program."""
    connection.execute(
        update(recorder_runs).where(recorder_runs.c.id == run_id),
        {"seen_at_ms": _now_ms(), **asdict(doings)},
    )


def end_run(connection: Connection, run_id: int, doings: Doings) -> None:
    """Note that a run has ended, all being written."""
    note_run(connection, run_id, doings)
    connection.execute(
        update(recorder_runs).where(recorder_runs.c.id == run_id), {"ended_at_ms": _now_ms()}
    )


def note_spill_read(connection: Connection, run_id: int) -> bool:
    """Note that a run's spill file is read in; False where it was before.

    A run that this file knows nothing of, as after a backup was put back, is noted too.
    """
    of_run = recorder_runs.c.id == run_id
    noted = connection.execute(select(recorder_runs.c.spill_read).where(of_run)).scalar()
    if noted is None:
        row = {"id": run_id, "started_at_ms": _now_ms(), "version": "unknown", "pid": 0}
        connection.execute(insert(recorder_runs), row | {"spill_read": 1})
    elif not noted:
        connection.execute(update(recorder_runs).where(of_run).values(spill_read=1))
    return not noted


def last_run(connection: Connection) -> Run | None:
    """The newest run."""
    runs, _ = read_runs(connection, limit=1)
    return runs[0] if runs else None


def read_runs(connection: Connection, limit: int, offset: int = 0) -> tuple[list[Run], int]:
    """Some runs, the newest first, and how many there are in all."""
    newest_first = select(recorder_runs).order_by(recorder_runs.c.id.desc())
    rows = connection.execute(newest_first.limit(limit).offset(offset))
    count = connection.execute(select(func.count()).select_from(recorder_runs)).scalar_one()
    return [Run(*row) for row in rows], count


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
