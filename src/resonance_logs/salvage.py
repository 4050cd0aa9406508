"""What can be read of a damaged file, saved fight by fight into a new one."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, insert
from sqlalchemy.exc import SQLAlchemyError

from resonance_logs import statistics
from resonance_logs.archive import decode_events
from resonance_logs.endings import rebuild
from resonance_logs.entities import Entity, EntityBook
from resonance_logs.errors import CorruptArchive, DatabaseUnavailable
from resonance_logs.events import Events
from resonance_logs.store import marks, tables
from resonance_logs.store.checksums import CHECKED, checksum, fingerprint, is_row_as_written
from resonance_logs.store.copies import check_room, copy_files, fold, free_name, part_of
from resonance_logs.store.engine import Store, describe, is_passing
from resonance_logs.store.facets import list_under
from resonance_logs.store.migrate import prepare
from resonance_logs.store.runs import note_repaired
from resonance_logs.store.wreck import Wreck
from resonance_logs.tasks import MAX_INTEGER
from resonance_logs.transfer import StoredFight

_logger = logging.getLogger(__name__)

_ROW: Final = tuple(column.name for column in tables.encounters.c)[1:]
MOST_DELETED: Final = 1_000_000
"""A highest number so far above all that are there is taken for damaged."""

_COUNTED: Final = (
    "was_interrupted",
    "rejected_events",
    "lost_events",
    "clock_jumped",
    "journal_bytes",
)


class Outcome(StrEnum):
    """What became of a fight."""

    WHOLE = "saved whole"
    REBUILT = "made anew from the single hits"
    WITHOUT_HITS = "saved without the single hits"
    IN_PART = "saved in part, and marked as incomplete"
    LOST = "lost"


@dataclass(slots=True)
class SalvageReport:
    """What was saved of a damaged file."""

    damaged: Path
    """Where the damaged file is kept, as it was."""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    """A line for each fight that was not saved whole."""

    def note(self, encounter_id: int, outcome: Outcome, why: str = "") -> None:
        """Count a fight."""
        self.outcomes[outcome] += 1
        if outcome is not Outcome.WHOLE:
            self.notes.append(f"fight {encounter_id} {outcome}{why and f': {why}'}")

    @property
    def summary(self) -> str:
        """All of it in a line."""
        counts = ", ".join(f"{self.outcomes[each]:,} {each}" for each in Outcome)
        return f"fights: {counts}; the damaged file is kept in {self.damaged}"


def salvage(path: Path, is_stopped: Callable[[], bool] = lambda: False) -> SalvageReport:
    """Put a damaged database aside with its log, and save into a new one what can be read of it.

    Only for the one who holds the recorder's lock. A report is written beside the damaged file.
    Where ``is_stopped`` becomes true on the way, nothing is changed.

    Raises:
        DatabaseUnavailable: it was stopped, or the damaged file cannot be read now.
        DatabaseError: there is no room, or the folder cannot be written to; nothing was changed.
    """
    log = path.with_name(f"{path.name}-wal")
    size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    check_room(3 * size, path.parent)
    _logger.warning("%s is damaged; what can be read of it is saved, which may take a while", path)
    kept = free_name(path, "damaged")
    report = SalvageReport(kept)
    new = _mended(path)
    with part_of(new) as part, part_of(kept) as copy:
        copy_files(path, copy)
        prepare(part)
        try:
            with closing(Store(part)) as store, Wreck(copy) as wreck:
                _save(wreck, store, report, is_stopped)
        except SQLAlchemyError as error:
            raise DatabaseUnavailable(f"{path} cannot be mended now: {describe(error)}") from error
        fold(part)
        # A copy, not a second name: whoever still has the file open writes to the file.
        copy_files(path, kept)
        part.replace(new)
    finish_salvage(path)
    lines = [report.summary, *report.notes]
    try:
        kept.with_name(f"{kept.name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        _logger.error("the report cannot be written: %s", error)
    _logger.warning("%s was damaged; %s", path, report.summary)
    return report


def finish_salvage(path: Path) -> None:
    """Put the mended file, where there is one, in the place of the damaged one, of which a copy is
    kept; also where the program was stopped in the middle of that.
    """
    if _mended(path).exists():
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        _mended(path).replace(path)


def _mended(path: Path) -> Path:
    return path.with_name(f"{path.name}.mended")


def _save(
    wreck: Wreck, store: Store, report: SalvageReport, is_stopped: Callable[[], bool]
) -> None:
    with store.writing() as connection:
        for table, key in ((tables.entities, "entity_id"), (tables.recorder_runs, "id")):
            _save_rows(connection, table, wreck.scan(table.name, key))
        _save_rows(connection, tables.rejected_tasks, wreck.scan("rejected_tasks", "id"))
        note_repaired(connection)
        names = wreck.everything("catalog_names")
        _save_rows(connection, tables.catalog_names, iter(names))
    ids = set(wreck.ids("encounters", "id"))
    for table in (*CHECKED.values(), tables.encounter_archives, tables.encounter_journal):
        ids |= set(wreck.ids(table.name, "encounter_id"))
    for encounter_id in sorted(each for each in ids if 0 < each < MAX_INTEGER):
        if is_stopped():
            raise DatabaseUnavailable("saving what can be read of the damaged file was stopped")
        _save_fight(wreck, store, encounter_id, report)
    last = max(ids, default=0)
    if last < (given := wreck.sequence("encounters")) < last + MOST_DELETED:
        last = given
    with store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'encounters'")
        connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES ('encounters', ?)", (last,))


def _save_rows(connection: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    """Those of the rows that the table takes; one that is damaged is left out and logged."""
    known = set(table.c.keys())
    for row in rows:
        values = {name: value for name, value in row.items() if name in known}
        try:
            with connection.begin_nested():
                connection.execute(insert(table).prefix_with("OR IGNORE"), values)
        except (SQLAlchemyError, OverflowError) as error:
            if is_passing(error):
                raise  # a full disk is no damage
            _logger.warning("a row of %s is lost: %s", table.name, describe(error))


def _save_fight(wreck: Wreck, store: Store, encounter_id: int, report: SalvageReport) -> None:
    remains = _Remains.read(wreck, encounter_id)
    if remains.is_nothing:
        return
    why = "nothing of it can be read"
    for attempt in remains.attempts():
        try:
            with store.writing() as connection:
                outcome = attempt(connection)
        except DatabaseUnavailable:
            raise  # of the new file: nothing is wrong with the fight
        except Exception as error:  # noqa: BLE001 - damaged values may be anything
            why = describe(error)
        else:
            if outcome is not None:
                report.note(encounter_id, outcome, ", ".join(remains.faults))
                return
    report.note(encounter_id, Outcome.LOST, why)


@dataclass(frozen=True, slots=True)
class _Remains:
    """What can be read of a fight; None is unreadable."""

    id: int
    row: Mapping[str, Any] | None
    figures: Mapping[str, list[tuple[Any, ...]] | None]
    doubtful: Mapping[str, list[tuple[Any, ...]] | None]
    """The same, and what can be read but is not what was written."""
    archive: tuple[int, bytes] | None
    is_archive_lost: bool
    events: Events | None
    """Of its archive, or of its journal."""
    journal: Sequence[Mapping[str, Any]]
    faults: Sequence[str]

    @classmethod
    def read(cls, wreck: Wreck, encounter_id: int) -> _Remains:
        """Everything under this id."""
        faults: list[str] = []
        rows = wreck.rows("encounters", "id", encounter_id)
        row = _complete_row(rows[0]) if rows else None
        if row is None or _is_false(row):
            faults.append("encounters")
            row = None
        doubtful = {name: _figures(wreck, table, encounter_id) for name, table in CHECKED.items()}
        figures = dict(doubtful)
        for name, table in CHECKED.items():
            found = doubtful[name]
            expected = None if row is None else row[name]
            is_open = row is not None and row["ended_at_ms"] is None
            if found is None or (not is_open and expected not in (None, checksum(found))):
                faults.append(table.name)
                figures[name] = None
        archives = wreck.rows("encounter_archives", "encounter_id", encounter_id)
        archive, events = _decoded(archives)
        if archives is None or (archives and events is None):
            faults.append("encounter_archives")
        journal, is_whole = wreck.journal(encounter_id)
        if not is_whole:
            faults.append("encounter_journal")
        if events is None and journal:
            events = _of_journal(journal)
        is_lost = archives is None or (bool(archives) and archive is None)
        return cls(encounter_id, row, figures, doubtful, archive, is_lost, events, journal, faults)

    @property
    def is_nothing(self) -> bool:
        """Whether there is no trace of it: it was deleted before."""
        is_traced = self.events is not None or self.archive is not None or self.is_archive_lost
        return self.row is None and not is_traced and not any(self.figures.values())

    def attempts(self) -> Iterator[Any]:
        """Ways to save it, the best first; each gives what it came to, or None."""
        yield self._keep_open
        yield self._keep_whole
        yield self._rebuild
        yield self._keep_part

    def _keep_open(self, connection: Connection) -> Outcome | None:
        """A fight that was being recorded is ended from its journal when recording begins."""
        if self.row is None or self.row["ended_at_ms"] is not None:
            return None
        connection.execute(insert(tables.encounters), {**self.row, "id": self.id})
        for chunk in self.journal:
            connection.execute(insert(tables.encounter_journal), chunk)
        actors = self.figures["actors_checksum"] or []
        names = tables.actor_encounter_stats.c.keys()
        for actor in actors:
            values = dict(zip(names, (self.id, *actor), strict=True))
            connection.execute(insert(tables.actor_encounter_stats), values)
        return Outcome.IN_PART if self.faults else Outcome.WHOLE

    def _keep_whole(self, connection: Connection) -> Outcome | None:
        figures = {name: rows for name, rows in self.figures.items() if rows is not None}
        if self.row is None or len(figures) < len(CHECKED):
            return None
        has_checksums = all(self.row[name] is not None for name in CHECKED)
        if not has_checksums and self.events is not None:
            return None  # from before there were any: its hits tell better
        StoredFight(self.row, figures, self.archive).store(connection, self.id)
        return Outcome.WITHOUT_HITS if self.is_archive_lost else Outcome.WHOLE

    def _rebuild(self, connection: Connection) -> Outcome | None:
        if self.events is None or not len(self.events):
            return None
        row = self.row or self._row_of_events(self.events)
        stub = {"id": self.id, **_only(row, ("started_at_ms", *marks.COLUMNS)), "ended_at_ms": 0}
        connection.execute(insert(tables.encounters), stub)
        rebuild(connection, self.id, row, self.events, self._players(connection))
        list_under(connection, self.id, marks.mark_facets(row))
        return Outcome.REBUILT if self.faults else Outcome.WHOLE

    def _keep_part(self, connection: Connection) -> Outcome | None:
        if self.row is None:
            return None
        figures = {name: rows or [] for name, rows in self.figures.items()}
        lost = max(1, self.row["damage_events"] + self.row["heal_events"])
        row = {**self.row, "lost_events": lost}
        row |= {name: checksum(rows) for name, rows in figures.items()}
        row["fingerprint"] = fingerprint(row)
        StoredFight(row, figures).store(connection, self.id)
        return Outcome.IN_PART

    def _players(self, connection: Connection) -> dict[int, Entity]:
        """The players as they were in the fight, or as they are known at all."""
        ids = statistics.actor_ids(self.events or Events.empty())
        players = EntityBook().draft().players(connection, ids)
        if self.row is not None:
            figures = {
                "actors_checksum": self.doubtful["actors_checksum"] or [],
                "attributes_checksum": self.figures["attributes_checksum"] or [],
            }
            listed = {(each["name"], each["classId"]) for each in json.loads(self.row["players"])}
            players |= _numbered(connection, {name for name, _ in listed})
            stored = StoredFight(self.row, figures)
            as_they_were = stored.players()
            monsters = stored.actor_ids() - as_they_were.keys()
            players = {actor: each for actor, each in players.items() if actor not in monsters}
            players |= {
                actor: known
                for actor, known in as_they_were.items()
                if (known.name or f"#{actor}", known.class_id) in listed
            }
        return players

    def _row_of_events(self, events: Events) -> dict[str, Any]:
        """In place of a row that is lost: from the first event to the last, and incomplete."""
        last = statistics.last_time_ms(events) or 0
        bosses = self.figures["bosses_checksum"] or []
        return {
            "started_at_ms": statistics.first_time_ms(events) or 0,
            "ended_at_ms": last,
            "local_player_id": None,
            "scene_id": None,
            "scene_name": None,
            **marks.sound_marks({}),
            "was_interrupted": 1,
            "lost_events": 0,
            "rejected_events": 0,
            "clock_jumped": int(statistics.clock_went_back(events)),
            "bosses": json.dumps(
                [{"monsterName": row[0], "isDefeated": bool(row[4])} for row in bosses]
            ),
        }


def _numbered(connection: Connection, names: Collection[str]) -> dict[int, Entity]:
    """The players who are listed by their numbers, ``#id``, because their names were not known."""
    numbers = [name[1:] for name in names if name.startswith("#")]
    ids = [int(number) for number in numbers if number.isdecimal() and len(number) < 17]
    return EntityBook().draft().players(connection, ids)


def _complete_row(found: Mapping[str, Any]) -> dict[str, Any]:
    """A fight's row, of whatever version, with the columns of this one."""
    known = _only(found, _ROW)
    return {
        **dict.fromkeys(_ROW),
        **dict.fromkeys(_COUNTED, 0),
        **known,
        **marks.sound_marks(known),
    }


def _only(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def _is_false(row: Mapping[str, Any]) -> bool:
    if row["ended_at_ms"] is None:
        return False
    return not is_row_as_written(row)


def _figures(wreck: Wreck, table: Table, encounter_id: int) -> list[tuple[Any, ...]] | None:
    found = wreck.rows(table.name, "encounter_id", encounter_id)
    names = table.c.keys()[1:]
    keys = [column.name for column in table.primary_key][1:]
    if found is None or any(set(names) - row.keys() for row in found):
        return None
    try:
        found.sort(key=lambda row: [row[key] for key in keys])
    except TypeError:
        return None  # a key that is no number, or no text
    return [tuple(row[name] for name in names) for row in found]


def _decoded(
    archives: Sequence[Mapping[str, Any]] | None,
) -> tuple[tuple[int, bytes] | None, Events | None]:
    if not archives:
        return None, None
    payload = archives[0]["payload"]
    try:
        events = decode_events(payload if isinstance(payload, bytes) else b"")
    except CorruptArchive:
        return None, None
    return (len(events), payload), events


def _of_journal(journal: Sequence[Mapping[str, Any]]) -> Events | None:
    parts = [events for row in journal if (events := _decoded([row])[1]) is not None]
    return Events.concatenate(parts) if parts else None
