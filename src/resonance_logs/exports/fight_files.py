"""Export fights to a file, and import the fights of such a file."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from resonance_logs.errors import BackupError, DamagedDatabase, NotFound
from resonance_logs.store.foreign_fight import MAX_ROWS, count_rows, invalid_values
from resonance_logs.store.rows import missing_row
from resonance_logs.store.schema import encounters
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.file_copies import (
    check_copy,
    check_room,
    collapse_wal,
    whole_database,
)
from resonance_logs.store.sqlite.foreign_files import check_foreign, copy_checked, foreign_store
from resonance_logs.store.sqlite.guard import Guard
from resonance_logs.store.sqlite.migrate import check_source, prepare
from resonance_logs.store.stored_fight import StoredFight, add_names, find_same, merge_entities
from resonance_logs.system.repeated_messages import limited_logger

_logger = limited_logger(__name__)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The result of an export."""

    exported: Sequence[int]
    """The ids of the fights in this database."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import: ids in this database, or in the file for fights not imported."""

    imported: Sequence[int]
    known: Sequence[int]
    """Already stored, under these ids."""
    damaged: Sequence[int]
    """Damaged, and not imported."""


def export_fights(
    store: Store,
    choose: Callable[[Connection], Iterable[int]],
    target: Path,
    *,
    are_listed: bool = False,
) -> ExportReport:
    """Export ended fights, with everything that belongs to them, to the new file ``target``.

    ``choose`` returns their ids; it reads the same snapshot as the export, so that deletions
    meanwhile have no effect. The file is a complete database: it can be opened, or imported into
    another one. With ``are_listed`` the ids come from an index of the store, so that each must have
    a row.

    Raises:
        NotFound: a fight does not exist, or has not ended.
        DamagedDatabase: a listed fight does not exist.
        BackupError: the target already exists, cannot be written, or a fight is damaged.
    """
    if target.exists():
        raise BackupError(f"{target} already exists; choose another name")
    check_room(0, target.parent)
    with whole_database(target) as part:
        prepare(part)
        with store.read_transaction() as source, closing(Store(part)) as copy:
            ids = list(dict.fromkeys(choose(source)))
            for encounter_id in ids:
                fight = _ended(source, encounter_id, is_listed=are_listed)
                with copy.write_transaction() as connection:
                    _import_fight(connection, fight)
        collapse_wal(part)
        check_copy(part, target)
    return ExportReport(ids, target.stat().st_size)


def import_fights(store: Store, source: Path) -> ImportReport:
    """Import the fights of an exported file (or of any database); stored fights are skipped.

    Raises:
        DatabaseUnavailable: the file does not exist.
        NotADatabase: the file is empty or not a database.
        AlteredDatabase: somebody added triggers, views or the like to the file.
        DamagedDatabase: the file is damaged.
        BackupError: there is no room for a copy of the file, or it cannot be copied.
        DatabaseError: the file cannot be read; the subclass says why.
    """
    check_source(source)
    check_room(source.stat().st_size, Path(tempfile.gettempdir()))
    guard = Guard(source, is_stopped=lambda: store.is_closed)
    check_foreign(source, guard)
    with tempfile.TemporaryDirectory(prefix="resonance-logs-") as folder:
        copy = Path(folder) / "import.db"
        try:
            copy_checked(source, copy, guard)
            with foreign_store(copy, guard) as found, found.read_transaction() as connection:
                return _import_all(store, connection, guard)
        except (sqlite3.Error, UnicodeDecodeError, DamagedDatabase) as error:
            raise DamagedDatabase(
                f"{source} is damaged; the import stopped there: {error}"
            ) from error


def _import_all(store: Store, source: Connection, guard: Guard) -> ImportReport:
    ended = select(encounters.c.id).where(encounters.c.ended_at_ms.is_not(None))
    imported: list[int] = []
    known: list[int] = []
    damaged: list[int] = []
    for encounter_id in source.execute(ended.order_by(encounters.c.id)).scalars().all():
        guard.begin()
        fight, faults = _read_foreign(source, encounter_id)
        if fight is None or faults:
            damaged.append(encounter_id)
            _logger.warning(
                "fight %d of the file is damaged and was not imported: %s",
                encounter_id,
                ", ".join(faults),
            )
            continue
        try:
            with store.write_transaction() as connection:
                same = find_same(connection, fight)
                new = _import_fight(connection, fight) if same is None else None
        except (SQLAlchemyError, OverflowError, TypeError, ValueError) as error:
            damaged.append(encounter_id)
            _logger.warning("fight %d of the file was not imported: %s", encounter_id, error)
            continue
        if new is not None:
            imported.append(new)
        elif same is not None:
            known.append(same)
    return ImportReport(imported, known, damaged)


def _read_foreign(source: Connection, encounter_id: int) -> tuple[StoredFight | None, list[str]]:
    """A fight of a file of unknown origin, or what is wrong with it."""
    count = count_rows(source, encounter_id)
    if count > MAX_ROWS:
        return None, [f"it has {count:,} rows, more than {MAX_ROWS:,}"]
    fight = StoredFight.read(source, encounter_id)
    if fight is None:
        return None, ["it cannot be found by its id"]
    return fight, [*fight.faults, *invalid_values(fight)]


def _import_fight(connection: Connection, fight: StoredFight) -> int:
    merge_entities(connection, fight.entities)
    add_names(connection, fight.names)
    return fight.store(connection)


def _ended(source: Connection, encounter_id: int, *, is_listed: bool) -> StoredFight:
    fight = StoredFight.read(source, encounter_id)
    if fight is None and is_listed:
        raise missing_row(encounter_id)
    if fight is None:
        raise NotFound(f"there is no fight {encounter_id}")
    if fight.row["ended_at_ms"] is None:
        raise NotFound(
            f"fight {encounter_id} is still being recorded; export it after it has ended"
        )
    if fight.faults:
        raise BackupError(
            f"fight {encounter_id} is damaged: its {', '.join(fight.faults)} do not match their "
            "checksum; leave it out, or repair the database with resonance-logs salvage"
        )
    return fight
