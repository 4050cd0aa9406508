"""The state of the file and its recorder."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import func, select, text

from resonance_logs import __version__
from resonance_logs.commands.models import NoArguments, PageArguments, Shape
from resonance_logs.commands.registry import command
from resonance_logs.recording.spill import find_set_aside, find_spills, ingest_command
from resonance_logs.store.runs import Run, last_run, read_runs
from resonance_logs.store.schema import encounters, rejected_tasks
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.lock import is_held
from resonance_logs.store.sqlite.space import free_bytes


class RecorderRun(Shape):
    """A run of the recorder: its start, its end (null: running, or interrupted), its progress.

    ``written``, ``queued``, ``rejected`` and the last ``fault`` are as of ``seen_at_ms``.
    """

    id: int
    started_at_ms: int
    ended_at_ms: int | None
    version: str
    pid: int
    is_clean: bool
    seen_at_ms: int | None
    written: int
    queued: int
    rejected: int
    fault: str | None


class RunPage(Shape):
    """A page of the recorder's runs, newest first, and the total count."""

    rows: list[RecorderRun]
    total_count: int


class DatabaseHealth(Shape):
    """The state of the file and its recorder; ``findings`` need attention.

    ``free_bytes`` are free within the file, ``disk_free_bytes`` on the disk. ``spill_files`` hold
    tasks that are still to be read; ``kept_files`` are old files that may be deleted.
    """

    path: str
    program_version: str
    schema_version: str | None
    size_bytes: int
    log_bytes: int
    free_bytes: int
    disk_free_bytes: int
    encounters: int
    open_encounter_id: int | None
    open_since_ms: int | None
    is_recorded: bool
    last_run: RecorderRun | None
    rejected_tasks: int
    spill_files: list[str]
    kept_files: list[str]
    findings: list[str]


MIN_FREE_BYTES: Final = 500_000_000
"""Less free disk space than this is reported, in bytes."""

_KEPT_FILE_KINDS: Final = ("damaged", "before", "removed")


@command()
def get_database_health(store: Store, _arguments: NoArguments) -> DatabaseHealth:
    """Size, free space, the recorder's last run, pending files, and what needs attention."""
    health, last = _read_health(store)
    findings = [
        *_findings(health, last),
        *_removed_files(store.path),
        *_spills_set_aside(store.path),
    ]
    return health.model_copy(update={"findings": findings})


def _read_health(store: Store) -> tuple[DatabaseHealth, Run | None]:
    """All but the findings, and the last run."""
    is_recorded = is_held(store.path)
    with store.read_transaction() as connection:
        last = last_run(connection)
        open_fight = connection.execute(
            select(encounters.c.id, encounters.c.started_at_ms)
            .where(encounters.c.ended_at_ms.is_(None))
            .order_by(encounters.c.id.desc())
        ).first()
        health = DatabaseHealth(
            path=str(store.path),
            program_version=__version__,
            schema_version=connection.execute(
                text("SELECT version_num FROM alembic_version")
            ).scalar(),
            size_bytes=_size(store.path),
            log_bytes=_size(store.path.with_name(f"{store.path.name}-wal")),
            free_bytes=free_bytes(connection),
            disk_free_bytes=shutil.disk_usage(store.path.parent).free,
            encounters=connection.execute(
                select(func.count(encounters.c.ended_at_ms))
            ).scalar_one(),
            open_encounter_id=None if open_fight is None else open_fight.id,
            open_since_ms=None if open_fight is None else open_fight.started_at_ms,
            is_recorded=is_recorded,
            last_run=None
            if last is None
            else RecorderRun.model_validate(last, from_attributes=True),
            rejected_tasks=connection.execute(
                select(func.count()).select_from(rejected_tasks)
            ).scalar_one(),
            spill_files=[str(file) for files in find_spills(store.path).values() for file in files],
            kept_files=_kept_files(store.path),
            findings=[],
        )
    return health, last


@command()
def get_recorder_runs(store: Store, arguments: PageArguments) -> RunPage:
    """The recorder's runs, newest first."""
    with store.read_transaction() as connection:
        runs, count = read_runs(connection, arguments.limit, arguments.offset)
    rows = [RecorderRun.model_validate(run, from_attributes=True) for run in runs]
    return RunPage(rows=rows, total_count=count)


def _findings(health: DatabaseHealth, last: Run | None) -> Iterator[str]:
    if last is not None and last.has_met_damage:
        yield (
            f"the last run met damage of the file ({last.fault}); it is searched, and repaired, "
            "when recording begins again, or now by resonance-logs salvage"
        )
    if last is not None and last.has_repaired_damage:
        yield (
            f"the last run met damage of the file, which was repaired ({last.fault}); "
            "resonance-logs check tells whether all is in order now"
        )
    if last is not None and not last.is_clean and not health.is_recorded:
        yield (
            "the last run did not exit cleanly; the next recording ends its fight and checks "
            "the file for damage"
        )
    if health.rejected_tasks:
        yield f"{health.rejected_tasks:,} tasks were rejected; see resonance-logs rejects list"
    for file in health.spill_files:
        yield f"{file} holds tasks that could not be written; the next recording reads them"
    if health.disk_free_bytes < MIN_FREE_BYTES:
        yield f"only {health.disk_free_bytes:,} bytes of disk space are free"


def _spills_set_aside(path: Path) -> Iterator[str]:
    for file in find_set_aside(path):
        yield (
            f"{file} holds tasks that could not be written, and is damaged or belongs to another "
            f"file; record what is left of them with: {ingest_command(path, file)}; then delete it"
        )


def _removed_files(path: Path) -> Iterator[str]:
    for file in _kept_as(path, "removed"):
        yield (
            f"{file} has what was recorded into a file that was deleted or replaced meanwhile; add "
            f"its fights to this one with: {shlex.join(['resonance-logs', 'import', str(file)])}; "
            "then delete it"
        )


def _kept_files(path: Path) -> list[str]:
    """Files kept by a migration, a restore, a salvage, or where the file was removed."""
    return sorted(str(file) for what in _KEPT_FILE_KINDS for file in _kept_as(path, what))


def _kept_as(path: Path, what: str) -> list[Path]:
    return sorted(path.parent.glob(f"{_literal(path.stem)}.{what}-*{_literal(path.suffix)}"))


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
