"""A fight from its begin to its end: opened, counted live, and at last made final."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from sqlalchemy import Connection, delete, insert, select, update

from resonance_logs import journal, statistics
from resonance_logs.archive import encode_events
from resonance_logs.cells import FightCells
from resonance_logs.entities import Entity, EntityDraft
from resonance_logs.events import Events
from resonance_logs.store import tables
from resonance_logs.store.facets import Facet, list_under
from resonance_logs.store.rejects import count_rejected
from resonance_logs.store.rows import insert_rows
from resonance_logs.tally import Counters, Tally
from resonance_logs.tasks import BeginEncounter

_logger = logging.getLogger(__name__)

_ACTOR_COLUMNS: Final = (
    "encounter_id",
    "actor_id",
    "name",
    "class_id",
    "class_spec",
    "ability_score",
    "level",
    "is_player",
    "is_local_player",
    "active_time_ms",
    *tables.COUNTER_NAMES,
)
_DEALT_TOTAL: Final = _ACTOR_COLUMNS.index("damage_dealt")
_HEAL_TOTAL: Final = _ACTOR_COLUMNS.index("heal_dealt")

ActorRow = tuple[object, ...]
"""A row of actor_encounter_stats, in the order of _ACTOR_COLUMNS."""


@dataclass(frozen=True, slots=True)
class OpenEncounter:
    """The fight being recorded, as committed; a batch makes a new one of it."""

    id: int
    started_at_ms: int
    local_player_id: int | None
    scene_id: int | None
    scene_name: str | None
    chunks: int = 0
    damage_events: int = 0
    heal_events: int = 0
    last_event_ms: int | None = None
    tally: Tally = field(default_factory=Tally.empty)
    monster_names: Mapping[int, str] = field(default_factory=dict)
    party: frozenset[int] = frozenset()
    """Players updated while the fight was open; they are in it even without a hit."""

    def plus(self, events: Events) -> Self:
        """The fight after these events too."""
        times = (self.last_event_ms, statistics.last_time_ms(events))
        return replace(
            self,
            damage_events=self.damage_events + len(events.damage),
            heal_events=self.heal_events + len(events.heals),
            last_event_ms=max((time for time in times if time is not None), default=None),
            tally=self.tally.plus(Tally.of(events)),
            monster_names={**self.monster_names, **statistics.monster_names(events.damage)},
        )

    def with_party(self, ids: Iterable[int]) -> Self:
        """The fight with these players in it."""
        return self if self.party.issuperset(ids) else replace(self, party=self.party.union(ids))

    def actor_ids(self) -> set[int]:
        """Everyone in the fight so far, but for targets who were only healed."""
        return self.tally.actor_ids() | self.party


def begin(connection: Connection, task: BeginEncounter) -> OpenEncounter:
    """Open a fight."""
    fields = {
        "started_at_ms": task.started_at_ms,
        "local_player_id": task.local_player_id,
        "scene_id": task.scene_id,
        "scene_name": task.scene_name,
    }
    result = connection.execute(insert(tables.encounters), fields)
    key = result.inserted_primary_key
    return OpenEncounter(id=key[0] if key else 0, **fields)  # type: ignore[arg-type]


def store_live(
    connection: Connection,
    fight: OpenEncounter,
    entities: EntityDraft,
    stored: Mapping[int, ActorRow],
) -> dict[int, ActorRow]:
    """Write the live counters (absolute values) of the actors who differ from ``stored``.

    Returns all rows as they are stored now.
    """
    players = entities.players(connection, fight.actor_ids())
    rows = _actor_rows(fight, fight.tally, fight.actor_ids(), players, fight.monster_names, {})
    changed = [row for actor, row in rows.items() if stored.get(actor) != row]
    insert_rows(connection, tables.actor_encounter_stats, _ACTOR_COLUMNS, changed, replace=True)
    connection.execute(
        update(tables.encounters).where(tables.encounters.c.id == fight.id),
        {
            "duration_ms": max(0, (fight.last_event_ms or 0) - fight.started_at_ms),
            "damage_events": fight.damage_events,
            "heal_events": fight.heal_events,
            **_totals(rows, players),
        },
    )
    return rows


@dataclass(frozen=True, slots=True)
class Ending:
    """How a fight ends: when, who was defeated, and what of it is known to be missing."""

    ended_at_ms: int
    defeated_bosses: frozenset[str] = frozenset()
    was_interrupted: bool = False
    lost_events: int = 0


def finish(
    connection: Connection,
    fight: OpenEncounter,
    events: Events,
    ending: Ending,
    entities: EntityDraft,
    *,
    archive: bool,
) -> None:
    """Make the fight final: snapshot, statistics, bosses, totals, archive; prune its journal.

    Everything is computed from ``events``, those of the journal and of the present batch;
    ``fight.tally``, summed along the way, must say the same where none of them is lost.
    """
    cells = FightCells.of(events)
    tally = Tally.of_cells(cells)
    if not (ending.lost_events or tally.same_as(fight.tally)):
        _logger.error(
            "encounter %d: the live sums differ from the journal's, which are stored", fight.id
        )
    actors = statistics.actor_ids(events) | fight.party
    players = entities.players(connection, actors)
    rows = _actor_rows(
        fight,
        tally,
        actors,
        players,
        statistics.monster_names(events.damage),
        statistics.active_times(events.damage),
    )
    bosses = statistics.bosses(events.damage, ending.defeated_bosses)
    _store_actors(connection, fight.id, rows, players)
    _store_skills(connection, fight.id, cells)
    _store_bosses(connection, fight.id, bosses)
    if archive and len(events):
        _store_archive(connection, fight.id, events)
    _store_summary(connection, fight, events, ending, rows, players, bosses)


def _actor_rows(
    fight: OpenEncounter,
    tally: Tally,
    actors: Iterable[int],
    players: Mapping[int, Entity],
    monster_names: Mapping[int, str],
    active_times: Mapping[int, int],
) -> dict[int, ActorRow]:
    counters = tally.counters(players)
    none: Counters = [0] * len(tables.COUNTER_NAMES)
    rows: dict[int, ActorRow] = {}
    for actor in sorted(actors):
        known = players.get(actor)
        rows[actor] = (
            fight.id,
            actor,
            *_snapshot(known, monster_names.get(actor)),
            int(known is not None),
            int(actor == fight.local_player_id),
            active_times.get(actor, 0),
            *counters.get(actor, none),
        )
    return rows


def _snapshot(known: Entity | None, monster_name: str | None) -> tuple[object, ...]:
    if known is None:
        return (monster_name, None, None, None, None)
    return (known.name, known.class_id, known.class_spec, known.ability_score, known.level)


def _totals(rows: Mapping[int, ActorRow], players: Iterable[int]) -> dict[str, int]:
    """What the players dealt and healed."""
    of_players = [rows[actor] for actor in players if actor in rows]
    return {
        "total_dmg": sum(_whole(row[_DEALT_TOTAL]) for row in of_players),
        "total_heal": sum(_whole(row[_HEAL_TOTAL]) for row in of_players),
    }


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected a whole number, got {value!r}")
    return value


def _store_actors(
    connection: Connection,
    encounter_id: int,
    rows: Mapping[int, ActorRow],
    players: Mapping[int, Entity],
) -> None:
    live = tables.actor_encounter_stats
    connection.execute(delete(live).where(live.c.encounter_id == encounter_id))
    insert_rows(connection, live, _ACTOR_COLUMNS, rows.values())
    insert_rows(
        connection,
        tables.actor_attributes,
        ("encounter_id", "actor_id", "attributes"),
        [
            (encounter_id, actor, entity.attributes)
            for actor, entity in players.items()
            if entity.attributes is not None
        ],
    )


def _store_skills(connection: Connection, encounter_id: int, cells: FightCells) -> None:
    for table, rows in (
        (tables.damage_skill_stats, cells.damage.skill_rows()),
        (tables.heal_skill_stats, cells.heals.skill_rows()),
    ):
        columns = [column.name for column in table.columns]
        insert_rows(connection, table, columns, ((encounter_id, *row) for row in rows))


def _store_bosses(
    connection: Connection, encounter_id: int, bosses: Iterable[statistics.Boss]
) -> None:
    insert_rows(
        connection,
        tables.encounter_bosses,
        ("encounter_id", "monster_name", "hits", "total_damage", "max_hp", "is_defeated"),
        [
            (
                encounter_id,
                boss.monster_name,
                boss.hits,
                boss.total_damage,
                boss.max_hp,
                int(boss.is_defeated),
            )
            for boss in bosses
        ],
    )


def _store_archive(connection: Connection, encounter_id: int, events: Events) -> None:
    try:
        payload = encode_events(events, compact=True)
    except ValueError as error:
        _logger.error("encounter %d is kept without its single hits: %s", encounter_id, error)
        return
    connection.execute(
        insert(tables.encounter_archives),
        {"encounter_id": encounter_id, "events": len(events), "payload": payload},
    )


def _store_summary(
    connection: Connection,
    fight: OpenEncounter,
    events: Events,
    ending: Ending,
    rows: Mapping[int, ActorRow],
    players: Mapping[int, Entity],
    bosses: list[statistics.Boss],
) -> None:
    ended_at_ms = _ended_at_ms(fight, events, ending)
    scene_name = fight.scene_name
    if not (scene_name or "").strip():
        scene_name = _catalog_scene(connection, fight.scene_id) or scene_name
    is_defeated = any(boss.is_defeated for boss in bosses)
    connection.execute(
        update(tables.encounters).where(tables.encounters.c.id == fight.id),
        {
            "ended_at_ms": ended_at_ms,
            "duration_ms": ended_at_ms - fight.started_at_ms,
            "scene_name": scene_name,
            "is_defeated": int(is_defeated),
            "damage_events": len(events.damage),
            "heal_events": len(events.heals),
            "journal_bytes": journal.prune(connection, fight.id),
            "bosses": json.dumps([_listed_boss(boss) for boss in bosses], ensure_ascii=False),
            "players": json.dumps(_listed_players(fight, rows, players), ensure_ascii=False),
            "was_interrupted": int(ending.was_interrupted),
            "rejected_events": count_rejected(connection, fight.id),
            "lost_events": ending.lost_events,
            **_totals(rows, players),
        },
    )
    facets = [Facet("boss", boss.monster_name) for boss in bosses]
    facets += [Facet("player", entity.name) for entity in players.values() if entity.name]
    facets += [Facet("class", str(each.class_id)) for each in players.values() if each.class_id]
    if scene_name and scene_name.strip():
        facets.append(Facet("scene", scene_name))
    facets.append(Facet("outcome", str(int(is_defeated))))
    list_under(connection, fight.id, facets)


def _ended_at_ms(fight: OpenEncounter, events: Events, ending: Ending) -> int:
    if ending.ended_at_ms >= fight.started_at_ms:
        return ending.ended_at_ms
    last = statistics.last_time_ms(events)
    instead = fight.started_at_ms if last is None else max(last, fight.started_at_ms)
    _logger.warning(
        "encounter %d: ended_at_ms %d is before its start; %d is taken instead",
        fight.id,
        ending.ended_at_ms,
        instead,
    )
    return instead


def _catalog_scene(connection: Connection, scene_id: int | None) -> str | None:
    names = tables.catalog_names
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
    """The party, most damage first, equal totals by id."""

    def most_damage(actor: int) -> tuple[int, int]:
        return -_whole(rows[actor][_DEALT_TOTAL]), actor

    return [
        {
            "name": players[actor].name or f"#{actor}",
            "classId": players[actor].class_id,
            "isLocalPlayer": actor == fight.local_player_id,
        }
        for actor in sorted(players, key=most_damage)
    ]
