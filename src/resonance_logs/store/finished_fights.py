"""The end of a fight: finalize it from its events, once, or again from its archive."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import Connection, delete, insert, select, update

from resonance_logs.fights import statistics
from resonance_logs.fights.archive import encode_events
from resonance_logs.fights.events import Events
from resonance_logs.fights.open_fight import (
    DEALT_TOTAL,
    ActorRow,
    OpenEncounter,
    actor_rows,
    as_int,
    totals,
)
from resonance_logs.fights.players import Entity
from resonance_logs.fights.skill_sums import FightEventSums
from resonance_logs.fights.tally import Tally
from resonance_logs.store import journal, marks, schema
from resonance_logs.store.checksums import CHECKED, checksum, fingerprint
from resonance_logs.store.facets import add_to_index, facets_of_fight, remove_from_index
from resonance_logs.store.rejects import count_rejected
from resonance_logs.store.rows import insert_rows

_logger = logging.getLogger(__name__)


class PlayerSource(Protocol):
    """Knows which actors are players, and their details."""

    def players(self, connection: Connection, ids: Iterable[int]) -> dict[int, Entity]:
        """Those of ``ids`` that have an entity."""
        ...

    def updated(self, ids: Iterable[int]) -> set[int]:
        """Those of ``ids`` that were updated since the recorder was opened."""
        ...


@dataclass(frozen=True, slots=True)
class Ending:
    """How a fight ends: when, which bosses were defeated, and what is known to be missing."""

    ended_at_ms: int
    defeated_bosses: Sequence[str] = ()
    was_interrupted: bool = False
    lost_events: int = 0
    rejected_events: int | None = None
    """None: the events rejected so far are counted."""
    clock_jumped: bool | None = None
    """None: the times of the events tell."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What the recorder keeps of a fight that it has ended."""

    id: int
    ended_at_ms: int
    unnamed: frozenset[int]
    """Actors who may be players, and whose name is not known."""
    unmatched_bosses: int
    """Bosses named as defeated that match no hit."""
    unknown_dmg: int
    """Damage dealt to monsters by ``unknown_attackers``."""
    unknown_attackers: frozenset[int]
    """Attackers that are neither players nor named monsters."""


def finish(
    connection: Connection,
    fight: OpenEncounter,
    events: Events,
    ending: Ending,
    entities: PlayerSource,
    *,
    archive: bool,
) -> Finished:
    """Finalize the fight: snapshot, statistics, bosses, totals, archive; prune its journal.

    Everything is computed from ``events``, those of the journal and of the current batch;
    ``fight.tally``, summed along the way, must agree if none of them is lost.
    """
    cells = FightEventSums.from_events(events)
    tally = Tally.from_event_sums(cells)
    if fight.lost_events:
        recorded = fight.damage_events + fight.heal_events + fight.lost_events
        ending = replace(ending, lost_events=max(ending.lost_events, recorded - len(events)))
    if not (ending.lost_events or tally.equals(fight.tally)):
        _logger.error(
            "fight %d: the live sums differ from the journal's, which are stored", fight.id
        )
    actors = statistics.actor_ids(events) | fight.party
    known = entities.players(connection, actors)
    players = fight.select_players(actors, known, entities.updated(actors))
    monster_names = statistics.monster_names(events.damage)
    active_times = statistics.active_times(events.damage)
    rows = actor_rows(fight, tally, actors, players, monster_names, active_times)
    unknown = actors - players.keys() - monster_names.keys() - tally.hit_as_bosses()
    unknown_attackers, unknown_dmg = tally.damage_of(unknown, but_to=players)
    bosses = statistics.bosses(events.damage, ending.defeated_bosses)
    live = schema.actor_encounter_stats
    connection.execute(delete(live).where(live.c.encounter_id == fight.id))
    checksums = _store_figures(
        connection,
        fight.id,
        {
            "actors_checksum": [row[1:] for row in rows.values()],
            "damage_checksum": cells.damage.skill_rows(),
            "heals_checksum": cells.heals.skill_rows(),
            "bosses_checksum": _boss_rows(bosses),
            "attributes_checksum": _attribute_rows(players),
        },
    )
    if archive and len(events):
        _store_archive(connection, fight.id, events)
    values = _summary(connection, fight, events, ending, rows, players, bosses)
    values["unknown_dmg"] = unknown_dmg
    connection.execute(
        update(schema.encounters).where(schema.encounters.c.id == fight.id),
        {**values, **checksums, "fingerprint": fingerprint(values)},
    )
    add_to_index(
        connection,
        fight.id,
        facets_of_fight(
            (boss.monster_name for boss in bosses),
            ((each.name, each.class_id) for each in players.values()),
            values["scene_name"],
            is_defeated=any(boss.is_defeated for boss in bosses),
        ),
    )
    nameless = {actor for actor, player in players.items() if player.name is None}
    return Finished(
        id=fight.id,
        ended_at_ms=values["ended_at_ms"],
        unnamed=frozenset(nameless | unknown),
        unmatched_bosses=sum(not boss.hits for boss in bosses),
        unknown_dmg=unknown_dmg,
        unknown_attackers=frozenset(unknown_attackers),
    )


def rebuild(
    connection: Connection,
    encounter_id: int,
    row: Mapping[str, Any],
    events: Events,
    players: Mapping[int, Entity],
    *,
    archive: bool = True,
) -> None:
    """Finalize an ended fight again, replacing its stored figures.

    ``row`` is its row as it was, of which start, end, scene and defeated bosses are taken;
    ``players`` are those who are in it, as they were. Without ``archive`` the archive stays as
    it is.
    """
    for table in (*CHECKED.values(), *((schema.encounter_archives,) if archive else ())):
        connection.execute(delete(table).where(table.c.encounter_id == encounter_id))
    remove_from_index(connection, [encounter_id], kept=marks.KINDS)
    begun = ("started_at_ms", "local_player_id", "scene_id", "scene_name")
    fight = OpenEncounter(encounter_id, **{name: row[name] for name in begun})
    ending = Ending(
        row["ended_at_ms"],
        [each["monsterName"] for each in json.loads(row["bosses"]) if each["isDefeated"]],
        was_interrupted=bool(row["was_interrupted"]),
        lost_events=row["lost_events"],
        rejected_events=row["rejected_events"],
        clock_jumped=bool(row["clock_jumped"]),
    )
    fight = fight.adding(events).with_party(players)
    finish(connection, fight, events, ending, _FixedPlayers(players), archive=archive)


@dataclass(frozen=True, slots=True)
class _FixedPlayers:
    """A fixed set of known players."""

    known: Mapping[int, Entity]

    def players(self, _connection: Connection, ids: Iterable[int]) -> dict[int, Entity]:
        """Those of ``ids`` that have an entity."""
        return {each: self.known[each] for each in ids if each in self.known}

    def updated(self, ids: Iterable[int]) -> set[int]:
        """Those of ``ids`` that are known."""
        return {each for each in ids if each in self.known}


def _store_figures(
    connection: Connection,
    encounter_id: int,
    figures: Mapping[str, Sequence[Sequence[object]]],
) -> dict[str, int]:
    """Write the rows (sorted by key, without the fight's id); returns their checksums."""
    for name, rows in figures.items():
        columns = [column.name for column in CHECKED[name].columns]
        insert_rows(connection, CHECKED[name], columns, ((encounter_id, *row) for row in rows))
    return {name: checksum(rows) for name, rows in figures.items()}


def _boss_rows(bosses: Iterable[statistics.Boss]) -> list[tuple[object, ...]]:
    return [
        (boss.monster_name, boss.hits, boss.total_damage, boss.max_hp, int(boss.is_defeated))
        for boss in sorted(bosses, key=lambda boss: boss.monster_name)
    ]


def _attribute_rows(players: Mapping[int, Entity]) -> list[tuple[int, str]]:
    return [
        (actor, entity.attributes)
        for actor, entity in sorted(players.items())
        if entity.attributes is not None
    ]


def _store_archive(connection: Connection, encounter_id: int, events: Events) -> None:
    try:
        payload = encode_events(events, compact=True)
    except ValueError as error:
        _logger.error("fight %d is stored without its individual hits: %s", encounter_id, error)
        return
    connection.execute(
        insert(schema.encounter_archives),
        {"encounter_id": encounter_id, "events": len(events), "payload": payload},
    )


def _summary(
    connection: Connection,
    fight: OpenEncounter,
    events: Events,
    ending: Ending,
    rows: Mapping[int, ActorRow],
    players: Mapping[int, Entity],
    bosses: list[statistics.Boss],
) -> dict[str, Any]:
    """The fight's final row in the list; also prunes its journal."""
    ended_at_ms = _ended_at_ms(fight, events, ending)
    scene_name = fight.scene_name
    if not (scene_name or "").strip():
        scene_name = _catalog_scene(connection, fight.scene_id) or scene_name
    return {
        "started_at_ms": fight.started_at_ms,
        "ended_at_ms": ended_at_ms,
        "local_player_id": fight.local_player_id,
        "scene_id": fight.scene_id,
        "scene_name": scene_name,
        "duration_ms": ended_at_ms - fight.started_at_ms,
        "is_defeated": int(any(boss.is_defeated for boss in bosses)),
        "damage_events": len(events.damage),
        "heal_events": len(events.heals),
        "journal_bytes": journal.prune(connection, fight.id),
        "bosses": json.dumps([_listed_boss(boss) for boss in bosses], ensure_ascii=False),
        "players": json.dumps(_listed_players(fight, rows, players), ensure_ascii=False),
        "was_interrupted": int(ending.was_interrupted),
        "rejected_events": count_rejected(connection, fight.id)
        if ending.rejected_events is None
        else ending.rejected_events,
        "lost_events": ending.lost_events,
        "clock_jumped": int(_clock_jumped(events, ending, ended_at_ms)),
        **totals(rows, players),
    }


def _ended_at_ms(fight: OpenEncounter, events: Events, ending: Ending) -> int:
    """The end as given, but not before the start or the last event."""
    last = statistics.last_time_ms(events)
    minimum = fight.started_at_ms if last is None else max(last, fight.started_at_ms)
    if ending.ended_at_ms >= minimum:
        return ending.ended_at_ms
    _logger.warning(
        "encounter %d: ended_at_ms %d is before its %s; %d is used instead",
        fight.id,
        ending.ended_at_ms,
        "start" if ending.ended_at_ms < fight.started_at_ms else "last event",
        minimum,
    )
    return minimum


def _clock_jumped(events: Events, ending: Ending, ended_at_ms: int) -> bool:
    """Whether the clock was set back while the fight went on."""
    if ending.clock_jumped is not None:
        return ending.clock_jumped
    return ended_at_ms > ending.ended_at_ms or statistics.clock_went_back(events)


def _catalog_scene(connection: Connection, scene_id: int | None) -> str | None:
    names = schema.catalog_names
    if scene_id is None:
        return None
    return connection.execute(
        select(names.c.name).where(names.c.kind == "scene", names.c.id == scene_id)
    ).scalar_one_or_none()


def _listed_boss(boss: statistics.Boss) -> dict[str, object]:
    return {
        "monsterName": boss.monster_name,
        "maxHp": boss.max_hp,
        "isDefeated": boss.is_defeated,
    }


def _listed_players(
    fight: OpenEncounter, rows: Mapping[int, ActorRow], players: Mapping[int, Entity]
) -> list[dict[str, object]]:
    """The party, most damage first, then by id."""

    def most_damage(actor: int) -> tuple[int, int]:
        return -as_int(rows[actor][DEALT_TOTAL]), actor

    return [
        {
            "name": players[actor].name or f"#{actor}",
            "classId": players[actor].class_id,
            "isLocalPlayer": actor == fight.local_player_id,
        }
        for actor in sorted(players, key=most_damage)
    ]
