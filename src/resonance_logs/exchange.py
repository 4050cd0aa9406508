"""Chosen fights as a file of their own, and the fights of such a file taken in."""

from __future__ import annotations

import logging
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from resonance_logs.errors import BackupError, DamagedDatabase, NotFound
from resonance_logs.store.copies import check_copy, check_room, copy_database, fold, part_of
from resonance_logs.store.engine import Store
from resonance_logs.store.migrate import check_source, prepare
from resonance_logs.store.tables import encounters
from resonance_logs.transfer import StoredFight, add_names, find_same, merge_entities

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written to a file of fights."""

    exported: Sequence[int]
    """The ids of the fights, as they are here."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the fights of a file; their ids here, or there where they were not taken."""

    imported: Sequence[int]
    known: Sequence[int]
    """Stored before, under these ids."""
    damaged: Sequence[int]
    """Not what was written, and not taken."""


def export_fights(
    store: Store, choose: Callable[[Connection], Iterable[int]], target: Path
) -> ExportReport:
    """Write ended fights, with all that belongs to them, to the new file ``target``.

    ``choose`` gives their ids. It reads the view of the store that the fights are read in, so
    that what it finds is there, whatever others delete meanwhile. The file is a database by
    itself: it can be looked at, and be imported into another one.

    Raises:
        NotFound: one of the fights is not there, or has not ended.
        BackupError: the target is there already, cannot be written, or a fight is damaged.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; choose another name")
    check_room(0, target.parent)
    with part_of(target) as part:
        prepare(part)
        with store.reading() as source, closing(Store(part)) as copy:
            ids = list(dict.fromkeys(choose(source)))
            for encounter_id in ids:
                fight = _ended(source, encounter_id)
                with copy.writing() as connection:
                    _take_in(connection, fight)
        fold(part)
        check_copy(part, target)
        part.replace(target)
    return ExportReport(ids, target.stat().st_size)


def import_fights(store: Store, source: Path) -> ImportReport:
    """Take the fights of an exported file (or of any database) in; those known already stay.

    Raises:
        DatabaseUnavailable: there is no such file.
        NotADatabase: it is empty, or something else.
        DamagedDatabase: it is damaged.
        BackupError: there is no room for a copy of it, or it cannot be copied.
        DatabaseError: it cannot be read; the subclass says why.
    """
    check_source(source)
    check_room(source.stat().st_size, Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix="resonance-logs-") as folder:
        copy = Path(folder) / "import.db"
        try:
            copy_database(source, copy)
            prepare(copy, copy_first=False)
            check_copy(copy, source)
            with closing(Store(copy)) as found, found.reading() as connection:
                return _import_all(store, connection)
        except (sqlite3.Error, UnicodeDecodeError, DamagedDatabase) as error:
            raise DamagedDatabase(
                f"{source} is damaged, and was not taken further: {error}"
            ) from error


def _import_all(store: Store, source: Connection) -> ImportReport:
    ended = select(encounters.c.id).where(encounters.c.ended_at_ms.is_not(None))
    imported: list[int] = []
    known: list[int] = []
    damaged: list[int] = []
    for encounter_id in source.execute(ended.order_by(encounters.c.id)).scalars().all():
        fight = StoredFight.read(source, encounter_id)
        if fight is None:
            continue
        if fight.faults:
            damaged.append(encounter_id)
            _logger.warning("encounter %d of the file is damaged, and not taken", encounter_id)
            continue
        try:
            with store.writing() as connection:
                same = find_same(connection, fight)
                new = _take_in(connection, fight) if same is None else None
        except (SQLAlchemyError, OverflowError, TypeError, ValueError) as error:
            damaged.append(encounter_id)
            _logger.warning("encounter %d of the file is not taken: %s", encounter_id, error)
            continue
        if new is not None:
            imported.append(new)
        elif same is not None:
            known.append(same)
    return ImportReport(imported, known, damaged)


def _take_in(connection: Connection, fight: StoredFight) -> int:
    merge_entities(connection, fight.entities)
    add_names(connection, fight.names)
    return fight.store(connection)


def _ended(source: Connection, encounter_id: int) -> StoredFight:
    fight = StoredFight.read(source, encounter_id)
    if fight is None:
        raise NotFound(f"there is no encounter {encounter_id}")
    if fight.row["ended_at_ms"] is None:
        raise NotFound(f"encounter {encounter_id} is still being recorded; export it once it ended")
    if fight.faults:
        raise BackupError(
            f"encounter {encounter_id} is damaged: its {', '.join(fight.faults)} are not what was "
            "written; leave it out, or mend the database with resonance-logs salvage"
        )
    return fight
