"""Save the readable parts of a damaged file, fight by fight, into a new one."""

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

from resonance_logs.errors import CorruptArchive, DatabaseUnavailable
from resonance_logs.fights import statistics
from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.events import Events
from resonance_logs.fights.name_folding import fold_name
from resonance_logs.fights.players import Entity
from resonance_logs.store import marks, schema
from resonance_logs.store.checksums import CHECKED, checksum, fingerprint, is_row_intact
from resonance_logs.store.facets import add_to_index
from resonance_logs.store.finished_fights import rebuild
from resonance_logs.store.players import EntityCache
from resonance_logs.store.runs import note_repaired
from resonance_logs.store.sqlite.connections import Store, describe, is_transient
from resonance_logs.store.sqlite.damaged_file import DamagedFile
from resonance_logs.store.sqlite.file_copies import (
    check_room,
    collapse_wal,
    copy_files,
    free_name,
    partial_file,
)
from resonance_logs.store.sqlite.migrate import prepare
from resonance_logs.store.stored_fight import StoredFight
from resonance_logs.tasks import MAX_INTEGER

_logger = logging.getLogger(__name__)

_ROW: Final = tuple(column.name for column in schema.encounters.c)[1:]
MAX_ID_GAP: Final = 1_000_000
"""A highest id that exceeds all existing ones by this much is treated as damaged."""

_COUNTED: Final = (
    "was_interrupted",
    "rejected_events",
    "lost_events",
    "clock_jumped",
    "journal_bytes",
)


class Outcome(StrEnum):
    """What became of a fight."""

    WHOLE = "saved completely"
    REBUILT = "rebuilt from the individual hits"
    WITHOUT_HITS = "saved without the individual hits"
    IN_PART = "saved in part, and marked as incomplete"
    LOST = "lost"


@dataclass(slots=True)
class SalvageReport:
    """The result of salvaging a damaged file."""

    damaged: Path
    """Where the damaged file is kept, unchanged."""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    """One line for each fight that was not saved completely."""

    def note(self, encounter_id: int, outcome: Outcome, why: str = "") -> None:
        """Count a fight."""
        self.outcomes[outcome] += 1
        if outcome is not Outcome.WHOLE:
            self.notes.append(f"fight {encounter_id} {outcome}{why and f': {why}'}")

    @property
    def summary(self) -> str:
        """Everything in one line."""
        counts = ", ".join(f"{self.outcomes[each]:,} {each}" for each in Outcome)
        return f"fights: {counts}; the damaged file is kept as {self.damaged}"


def salvage(path: Path, is_stopped: Callable[[], bool] = lambda: False) -> SalvageReport:
    """Put a damaged database aside with its log, and save its readable parts into a new one.

    Only for the one who holds the recorder's lock. A report is written beside the damaged file.
    Where ``is_stopped`` becomes true on the way, nothing is changed.

    Raises:
        DatabaseUnavailable: it was stopped, or the damaged file cannot be read now.
        DatabaseError: there is no room, or the folder is not writable; nothing was changed.
    """
    log = path.with_name(f"{path.name}-wal")
    size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    check_room(3 * size, path.parent)
    _logger.warning("%s is damaged; saving what can be read of it, which may take a while", path)
    kept = free_name(path, "damaged")
    report = SalvageReport(kept)
    new = _salvaged_path(path)
    with partial_file(new) as part, partial_file(kept) as copy:
        copy_files(path, copy)
        prepare(part)
        try:
            with closing(Store(part)) as store, DamagedFile(copy) as damaged_file:
                _save(damaged_file, store, report, is_stopped)
        except SQLAlchemyError as error:
            raise DatabaseUnavailable(
                f"{path} cannot be repaired now: {describe(error)}"
            ) from error
        collapse_wal(part)
        # A copy, not a second name: whoever still has the file open keeps writing to it.
        copy_files(path, kept)
        part.replace(new)
    finish_salvage(path)
    lines = [report.summary, *report.notes]
    try:
        kept.with_name(f"{kept.name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        _logger.error("the report could not be written: %s", error)
    _logger.warning("%s was damaged; %s", path, report.summary)
    return report


def finish_salvage(path: Path) -> None:
    """Put the repaired file, if there is one, in place of the damaged one, of which a copy is kept;
    also if the program was stopped in the middle of that.
    """
    if _salvaged_path(path).exists():
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        _salvaged_path(path).replace(path)


def _salvaged_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.mended")


def _save(
    damaged_file: DamagedFile, store: Store, report: SalvageReport, is_stopped: Callable[[], bool]
) -> None:
    with store.write_transaction() as connection:
        for table, key in ((schema.entities, "entity_id"), (schema.recorder_runs, "id")):
            _save_rows(connection, table, damaged_file.scan(table.name, key))
        _save_rows(connection, schema.rejected_tasks, damaged_file.scan("rejected_tasks", "id"))
        note_repaired(connection)
        names = damaged_file.all_rows("catalog_names")
        _save_rows(connection, schema.catalog_names, iter(names))
    ids = set(damaged_file.distinct_ids("encounters", "id"))
    for table in (*CHECKED.values(), schema.encounter_archives, schema.encounter_journal):
        ids |= set(damaged_file.distinct_ids(table.name, "encounter_id"))
    ids = {each for each in ids if 0 < each < MAX_INTEGER}
    for encounter_id in sorted(ids):
        if is_stopped():
            raise DatabaseUnavailable("saving what can be read of the damaged file was stopped")
        _save_fight(damaged_file, store, encounter_id, report)
    last = max(ids, default=0)
    if last < (given := damaged_file.sequence("encounters")) < last + MAX_ID_GAP:
        last = given
    with store.write_transaction() as connection:
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'encounters'")
        connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES ('encounters', ?)", (last,))


def _save_rows(connection: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    """Save the rows that the table accepts; a damaged one is skipped and logged."""
    known = set(table.c.keys())
    for row in rows:
        values = {name: value for name, value in row.items() if name in known}
        if isinstance(name := values.get("name"), str) and "name_folded" in known:
            values["name_folded"] = fold_name(name)  # an older version folded less
        try:
            with connection.begin_nested():
                connection.execute(insert(table).prefix_with("OR IGNORE"), values)
        except (SQLAlchemyError, OverflowError) as error:
            if is_transient(error):
                raise  # a full disk is not damage
            _logger.warning("a row of %s is lost: %s", table.name, describe(error))


def _save_fight(
    damaged_file: DamagedFile, store: Store, encounter_id: int, report: SalvageReport
) -> None:
    readable = _ReadableFight.read(damaged_file, encounter_id)
    if readable.is_empty:
        return
    why = "it cannot be read"
    for attempt in readable.attempts():
        try:
            with store.write_transaction() as connection:
                outcome = attempt(connection)
        except DatabaseUnavailable:
            raise  # an error of the new file: nothing is wrong with the fight
        except Exception as error:  # noqa: BLE001 - damaged values may be anything
            why = describe(error)
        else:
            if outcome is not None:
                report.note(encounter_id, outcome, ", ".join(readable.faults))
                return
    report.note(encounter_id, Outcome.LOST, why)


@dataclass(frozen=True, slots=True)
class _ReadableFight:
    """The readable parts of a fight; None means unreadable."""

    id: int
    row: Mapping[str, Any] | None
    figures: Mapping[str, list[tuple[Any, ...]] | None]
    unverified: Mapping[str, list[tuple[Any, ...]] | None]
    """The same, but readable rows that do not match their checksum."""
    archive: tuple[int, bytes] | None
    is_archive_lost: bool
    events: Events | None
    """From its archive, or from its journal."""
    journal: Sequence[Mapping[str, Any]]
    faults: Sequence[str]

    @classmethod
    def read(cls, damaged_file: DamagedFile, encounter_id: int) -> _ReadableFight:
        """Read everything with this id."""
        faults: list[str] = []
        rows = damaged_file.rows("encounters", "id", encounter_id)
        row = _complete_row(rows[0]) if rows else None
        if row is None or _is_false(row):
            faults.append("encounters")
            row = None
        unverified = {
            name: _figures(damaged_file, table, encounter_id) for name, table in CHECKED.items()
        }
        figures = dict(unverified)
        for name, table in CHECKED.items():
            found = unverified[name]
            expected = None if row is None else row[name]
            is_open = row is not None and row["ended_at_ms"] is None
            if found is None or (not is_open and expected not in (None, checksum(found))):
                faults.append(table.name)
                figures[name] = None
        archives = damaged_file.rows("encounter_archives", "encounter_id", encounter_id)
        archive, events = _decode_archives(archives)
        if archives is None or (archives and events is None):
            faults.append("encounter_archives")
        journal, is_whole = damaged_file.journal(encounter_id)
        if not is_whole:
            faults.append("encounter_journal")
        if events is None and journal:
            events = _decode_journal(journal)
        is_lost = archives is None or (bool(archives) and archive is None)
        return cls(
            encounter_id, row, figures, unverified, archive, is_lost, events, journal, faults
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is no trace of it: it was deleted before."""
        is_traced = self.events is not None or self.archive is not None or self.is_archive_lost
        return self.row is None and not is_traced and not any(self.figures.values())

    def attempts(self) -> Iterator[Any]:
        """Ways to save it, best first; each returns the outcome, or None."""
        yield self._save_open
        yield self._save_whole
        yield self._rebuild
        yield self._save_partial

    def _save_open(self, connection: Connection) -> Outcome | None:
        """A fight that was being recorded is ended from its journal when recording begins."""
        if self.row is None or self.row["ended_at_ms"] is not None:
            return None
        connection.execute(insert(schema.encounters), {**self.row, "id": self.id})
        for chunk in self.journal:
            connection.execute(insert(schema.encounter_journal), chunk)
        actors = self.figures["actors_checksum"] or []
        names = schema.actor_encounter_stats.c.keys()
        for actor in actors:
            values = dict(zip(names, (self.id, *actor), strict=True))
            connection.execute(insert(schema.actor_encounter_stats), values)
        return Outcome.IN_PART if self.faults else Outcome.WHOLE

    def _save_whole(self, connection: Connection) -> Outcome | None:
        figures = {name: rows for name, rows in self.figures.items() if rows is not None}
        if self.row is None or len(figures) < len(CHECKED):
            return None
        has_checksums = all(self.row[name] is not None for name in CHECKED)
        if not has_checksums and self.events is not None:
            return None  # from before there were checksums: its hits are more reliable
        StoredFight(self.row, figures, self.archive).store(connection, self.id)
        return Outcome.WITHOUT_HITS if self.is_archive_lost else Outcome.WHOLE

    def _rebuild(self, connection: Connection) -> Outcome | None:
        if self.events is None or not len(self.events):
            return None
        row = self.row or self._row_of_events(self.events)
        stub = {
            "id": self.id,
            **_matching_columns(row, ("started_at_ms", *marks.COLUMNS)),
            "ended_at_ms": 0,
        }
        connection.execute(insert(schema.encounters), stub)
        rebuild(connection, self.id, row, self.events, self._players(connection))
        add_to_index(connection, self.id, marks.mark_facets(row))
        return Outcome.REBUILT if self.faults else Outcome.WHOLE

    def _save_partial(self, connection: Connection) -> Outcome | None:
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
        """The players as they were in the fight, or as known in general."""
        ids = statistics.actor_ids(self.events or Events.empty())
        players = EntityCache().draft().players(connection, ids)
        if self.row is not None:
            figures = {
                "actors_checksum": self.unverified["actors_checksum"] or [],
                "attributes_checksum": self.figures["attributes_checksum"] or [],
            }
            listed = {(each["name"], each["classId"]) for each in json.loads(self.row["players"])}
            players |= _players_named_by_id(connection, {name for name, _ in listed})
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
        """Replaces a lost row: from the first event to the last, marked as incomplete."""
        last = statistics.last_time_ms(events) or 0
        bosses = self.figures["bosses_checksum"] or []
        return {
            "started_at_ms": statistics.first_time_ms(events) or 0,
            "ended_at_ms": last,
            "local_player_id": None,
            "scene_id": None,
            "scene_name": None,
            **marks.valid_marks({}),
            "was_interrupted": 1,
            "lost_events": 0,
            "rejected_events": 0,
            "journal_bytes": 0,
            "clock_jumped": int(statistics.clock_went_back(events)),
            "bosses": json.dumps(
                [{"monsterName": row[0], "isDefeated": bool(row[4])} for row in bosses]
            ),
        }


def _players_named_by_id(connection: Connection, names: Collection[str]) -> dict[int, Entity]:
    """The players listed as ``#id``, because their names were unknown."""
    numbers = [name[1:] for name in names if name.startswith("#")]
    ids = [int(number) for number in numbers if number.isdecimal() and len(number) < 17]
    return EntityCache().draft().players(connection, ids)


def _complete_row(found: Mapping[str, Any]) -> dict[str, Any]:
    """A fight's row, of any version, with the columns of this version."""
    known = _matching_columns(found, _ROW)
    return {
        **dict.fromkeys(_ROW),
        **dict.fromkeys(_COUNTED, 0),
        **known,
        **marks.valid_marks(known),
    }


def _matching_columns(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def _is_false(row: Mapping[str, Any]) -> bool:
    if row["ended_at_ms"] is None:
        return False
    return not is_row_intact(row)


def _figures(
    damaged_file: DamagedFile, table: Table, encounter_id: int
) -> list[tuple[Any, ...]] | None:
    found = damaged_file.rows(table.name, "encounter_id", encounter_id)
    names = table.c.keys()[1:]
    keys = [column.name for column in table.primary_key][1:]
    if found is None or any(set(names) - row.keys() for row in found):
        return None
    try:
        found.sort(key=lambda row: [row[key] for key in keys])
    except TypeError:
        return None  # a key of the wrong type
    return [tuple(row[name] for name in names) for row in found]


def _decode_archives(
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


def _decode_journal(journal: Sequence[Mapping[str, Any]]) -> Events | None:
    parts = [events for row in journal if (events := _decode_archives([row])[1]) is not None]
    return Events.concatenate(parts) if parts else None
