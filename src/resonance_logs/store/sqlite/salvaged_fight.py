"""One fight of a damaged file: what can be read of it, and the ways to save it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Table, insert

from resonance_logs.errors import CorruptArchive, InvalidArgument
from resonance_logs.fights import statistics
from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.events import Events
from resonance_logs.fights.identity import DEFAULT_GAME, DEFAULT_IDENTITY, Identity
from resonance_logs.fights.players import Entity
from resonance_logs.store import marks, schema
from resonance_logs.store.checksums import (
    CHECKED,
    IDENTIFIED,
    checksum,
    fingerprint,
    is_row_intact,
)
from resonance_logs.store.facets import add_to_index
from resonance_logs.store.finished_fights import rebuild
from resonance_logs.store.players import EntityCache
from resonance_logs.store.sqlite.damaged_file import DamagedFile
from resonance_logs.store.stored_fight import StoredFight

_ROW: Final = tuple(column.name for column in schema.encounters.c)[1:]

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


@dataclass(frozen=True, slots=True)
class SalvagedFight:
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
    def read(cls, damaged_file: DamagedFile, encounter_id: int) -> SalvagedFight:
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
            **_matching_columns(row, ("started_at_ms", *IDENTIFIED, *marks.COLUMNS)),
            "ended_at_ms": 0,
        }
        connection.execute(insert(schema.encounters), stub)
        rebuild(connection, self.id, row, self.events, self._players(connection))
        add_to_index(connection, self.id, row["game"], marks.mark_facets(row))
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
        game = DEFAULT_GAME if self.row is None else self.row["game"]
        players = EntityCache(game).draft().players(connection, ids)
        if self.row is not None:
            figures = {
                "actors_checksum": self.unverified["actors_checksum"] or [],
                "attributes_checksum": self.figures["attributes_checksum"] or [],
            }
            listed = {(each["name"], each["classId"]) for each in json.loads(self.row["players"])}
            players |= _players_named_by_id(connection, game, {name for name, _ in listed})
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
            **_valid_identity({}),
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


def _players_named_by_id(
    connection: Connection, game: str, names: Collection[str]
) -> dict[int, Entity]:
    """The players listed as ``#id``, because their names were unknown."""
    numbers = [name[1:] for name in names if name.startswith("#")]
    ids = [int(number) for number in numbers if number.isdecimal() and len(number) < 17]
    return EntityCache(game).draft().players(connection, ids)


def _complete_row(found: Mapping[str, Any]) -> dict[str, Any]:
    """A fight's row, of any version, with the columns of this version."""
    known = _matching_columns(found, _ROW)
    return {
        **dict.fromkeys(_ROW),
        **dict.fromkeys(_COUNTED, 0),
        **known,
        **_valid_identity(known),
        **marks.valid_marks(known),
    }


def _valid_identity(row: Mapping[str, Any]) -> dict[str, str]:
    """The recorder and game of a row; the defaults where they are damaged, or of older versions."""
    try:
        identity = Identity.checked(row.get("recorder"), row.get("game"))
    except InvalidArgument:
        identity = DEFAULT_IDENTITY
    return {"recorder": identity.recorder, "game": identity.game}


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
