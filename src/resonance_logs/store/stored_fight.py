"""Everything stored of one ended fight, read from one database and written to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, and_, insert, select

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.archive import check_events, decode_events, encode_events
from resonance_logs.fights.kinds.damage import DamageEvents
from resonance_logs.fights.kinds.heal import HealEvents
from resonance_logs.fights.name_folding import fold_name
from resonance_logs.fights.players import Entity
from resonance_logs.fights.text_limits import cut_name, cut_text
from resonance_logs.store import schema
from resonance_logs.store.checksums import (
    CHECKED,
    IDENTIFIED,
    are_rows_intact,
    fingerprint,
    is_row_intact,
    stored_rows,
)
from resonance_logs.store.facets import Facet, add_to_index, facets_of_fight
from resonance_logs.store.marks import mark_facets
from resonance_logs.store.rows import insert_rows, select_in
from resonance_logs.store.short_texts import cut_cells, cut_texts

Rows = Sequence[tuple[Any, ...]]

_ACTORS: Final = "actors_checksum"
_ATTRIBUTES: Final = "attributes_checksum"
_REJECTED: Final = ("rejected_at_ms", "task", "error", "recorder", "game")
ENTITY_COLUMNS: Final = tuple(schema.entities.c.keys())


@dataclass(frozen=True, slots=True)
class StoredFight:
    """A fight's row (without its id), its figures by the column of their checksum, its hits."""

    row: Mapping[str, Any]
    figures: Mapping[str, Rows]
    archive: tuple[int, bytes] | None = None
    """The number of events, and their payload; None if they are not stored."""
    rejected: Rows = ()
    entities: Rows = ()
    names: Rows = ()

    @classmethod
    def read(cls, connection: Connection, encounter_id: int) -> StoredFight | None:
        """Read the fight with this id, with its players and names; None if there is none."""
        encounters, archives = schema.encounters, schema.encounter_archives
        row = connection.execute(
            select(encounters).where(encounters.c.id == encounter_id)
        ).one_or_none()
        if row is None:
            return None
        archive = connection.execute(
            select(archives.c.events, archives.c.payload).where(
                archives.c.encounter_id == encounter_id
            )
        ).one_or_none()
        figures = {
            name: stored_rows(connection, table, encounter_id) for name, table in CHECKED.items()
        }
        return cls(
            {name: value for name, value in row._mapping.items() if name != "id"},
            figures,
            None if archive is None else (archive.events, archive.payload),
            select_in(connection, schema.rejected_tasks, _REJECTED, "encounter_id", [encounter_id]),
            _entities(connection, row.game, figures[_ACTORS]),
            _names(connection, row.game, row.scene_id, figures),
        )

    @property
    def faults(self) -> list[str]:
        """Which parts do not match their checksums."""
        differing = [
            CHECKED[name].name
            for name, rows in self.figures.items()
            if not are_rows_intact(self.row, name, rows)
        ]
        if not is_row_intact(self.row):
            differing.insert(0, "encounters")
        if self.archive is not None and not self._is_readable():
            differing.append("encounter_archives")
        return differing

    def _is_readable(self) -> bool:
        if self.archive is None:
            return True
        expected, payload = self.archive
        try:
            counts = check_events(payload, expected)
        except CorruptArchive:
            return False
        found = counts[DamageEvents], counts[HealEvents]
        return found == (self.row["damage_events"], self.row["heal_events"])

    def store(self, connection: Connection, encounter_id: int | None = None) -> int:
        """Write everything under this id, or under a new one, which is returned.

        Texts that are too long, as in files of older versions, are cut.
        """
        row, figures = cut_texts(self.row, self.figures)
        if row is not self.row:
            fight = replace(self, row=row, figures=figures, archive=self._short_archive())
            return fight._store(connection, encounter_id)
        return self._store(connection, encounter_id)

    def _short_archive(self) -> tuple[int, bytes] | None:
        if self.archive is None or not self._is_readable():
            return self.archive
        events = decode_events(self.archive[1]).with_short_names()
        return self.archive[0], encode_events(events, compact=True)

    def _store(self, connection: Connection, encounter_id: int | None) -> int:
        row = dict(self.row)
        if row["fingerprint"] is None:
            row["fingerprint"] = fingerprint(row)
        if encounter_id is not None:
            row["id"] = encounter_id
        key = connection.execute(insert(schema.encounters), row).inserted_primary_key
        new_id = int(key[0]) if key else 0
        for name, rows in self.figures.items():
            columns = CHECKED[name].c.keys()
            insert_rows(connection, CHECKED[name], columns, ((new_id, *each) for each in rows))
        if self.archive is not None:
            archives = schema.encounter_archives
            insert_rows(connection, archives, archives.c.keys(), [(new_id, *self.archive)])
        insert_rows(
            connection,
            schema.rejected_tasks,
            (*_REJECTED, "encounter_id"),
            ((*each, new_id) for each in self.rejected),
        )
        add_to_index(connection, new_id, self.row["game"], self._facets())
        return new_id

    def _facets(self) -> list[Facet]:
        actors = [_actor(each) for each in self.figures[_ACTORS]]
        facets = facets_of_fight(
            self.row,
            (row[0] for row in self.figures["bosses_checksum"]),
            ((actor["name"], actor["class_id"]) for actor in actors if actor["is_player"]),
        )
        return [*facets, *mark_facets(self.row)]

    def actor_ids(self) -> set[int]:
        """Everyone in the fight."""
        return {row[0] for row in self.figures[_ACTORS]}

    def players(self) -> dict[int, Entity]:
        """The players as they were at the end of the fight."""
        attributes: dict[int, str] = {row[0]: row[1] for row in self.figures[_ATTRIBUTES]}
        return {
            actor["actor_id"]: Entity(
                actor["actor_id"],
                actor["name"],
                actor["class_id"],
                actor["class_spec"],
                actor["ability_score"],
                actor["level"],
                attributes.get(actor["actor_id"]),
                first_seen_ms=0,
                last_seen_ms=0,
            )
            for actor in map(_actor, self.figures[_ACTORS])
            if actor["is_player"]
        }


def merge_entities(connection: Connection, rows: Rows) -> None:
    """Merge players of a fight: the more recently seen wins, unknown never overwrites known."""
    given = [dict(zip(ENTITY_COLUMNS, row, strict=True)) for row in rows]
    known = {}
    for game in {each["game"] for each in given}:
        ids = [each["entity_id"] for each in given if each["game"] == game]
        for row in select_in(
            connection, schema.entities, ENTITY_COLUMNS, "entity_id", ids, {"game": game}
        ):
            known[row[:2]] = dict(zip(ENTITY_COLUMNS, row, strict=True))
    merged = []
    for news in given:
        before = known.get((news["game"], news["entity_id"]), news)
        newer, older = sorted((news, before), key=lambda each: -each["last_seen_ms"])
        values = {
            name: older[name] if newer[name] is None else newer[name] for name in ENTITY_COLUMNS
        }
        if newer["class_id"] not in (None, older["class_id"]):
            values["class_spec"] = newer["class_spec"]
        values["first_seen_ms"] = min(news["first_seen_ms"], before["first_seen_ms"])
        merged.append(values)
    insert_rows(connection, schema.entities, ENTITY_COLUMNS, map(_short, merged), replace=True)


def add_names(connection: Connection, rows: Rows) -> None:
    """Add names of skills and scenes that are not known yet."""
    names = schema.catalog_names
    keys = select(names.c.game, names.c.kind, names.c.id)
    known = {tuple(row) for row in connection.execute(keys)}
    new = [cut_cells(row) for row in rows if tuple(row[:3]) not in known]
    insert_rows(connection, names, names.c.keys(), dict.fromkeys(new))


def find_same(connection: Connection, fight: StoredFight) -> int | None:
    """The id of the same fight, if it is stored already.

    It has the same fingerprint; or it was rebuilt since, and has the same recorder, times and
    scene.
    """
    encounters = schema.encounters
    own = fight.row["fingerprint"]
    same = encounters.c.fingerprint == (fingerprint(fight.row) if own is None else own)
    rebuilt = and_(
        *(
            encounters.c[name].is_not_distinct_from(fight.row[name])
            for name in (
                *("started_at_ms", "ended_at_ms", "local_player_id", "scene_id"),
                *IDENTIFIED,
            )
        )
    )
    for condition in (same, rebuilt):
        statement = select(encounters.c.id).where(condition)
        found = connection.execute(statement.limit(1)).scalar_one_or_none()
        if found is not None:
            return int(found)
    return None


def _short(player: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of a player, with the texts cut that are too long."""
    values = {**player, "attributes": player["attributes"] and cut_text(player["attributes"])}
    if (name := player["name"]) is not None and cut_name(name) != name:
        values |= {"name": cut_name(name), "name_folded": fold_name(cut_name(name))}
    return tuple(values.values())


def _actor(row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(schema.actor_encounter_stats.c.keys()[1:], row, strict=True))


def _entities(connection: Connection, game: str, actors: Rows) -> Rows:
    ids = [actor["actor_id"] for actor in map(_actor, actors) if actor["is_player"]]
    return select_in(connection, schema.entities, ENTITY_COLUMNS, "entity_id", ids, {"game": game})


def _names(
    connection: Connection, game: str, scene_id: int | None, figures: Mapping[str, Rows]
) -> Rows:
    names = schema.catalog_names
    skills = {row[2] for name in ("damage_checksum", "heals_checksum") for row in figures[name]}
    ids = {*skills, scene_id} - {None}
    found = select_in(connection, names, names.c.keys(), "id", ids, {"game": game})
    return [
        row
        for row in found
        if (row[1] == "skill" and row[2] in skills) or row[1:3] == ("scene", scene_id)
    ]
