"""The end of a fight: gather what is known, compute, save; once, or again from its archive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, select

from resonance_logs.fights.events import Events
from resonance_logs.fights.finished_fight import (
    Ending,
    EndReport,
    FightContext,
    FinishedFight,
    all_actors,
)
from resonance_logs.fights.identity import Identity
from resonance_logs.fights.open_fight import OpenEncounter
from resonance_logs.fights.players import Entity
from resonance_logs.store import fights, journal, marks, schema
from resonance_logs.store.checksums import CHECKED
from resonance_logs.store.facets import remove_from_index
from resonance_logs.store.players import EntityDraft
from resonance_logs.store.rejects import count_rejected


def finish(
    connection: Connection,
    fight: OpenEncounter,
    events: Events,
    ending: Ending,
    entities: EntityDraft,
    *,
    archive: bool,
) -> EndReport:
    """Finalize the open fight from its events, those of the journal and of the current batch.

    Its journal is deleted: as many rows as it says to have, or none.
    """
    context = _gather(connection, fight, events, entities)
    finished = FinishedFight.compute(fight, events, ending, context, archive=archive)
    fights.save(connection, finished)
    if fight.chunks:
        journal.prune(connection, fight.id)
    return finished.report


def rebuild(
    connection: Connection,
    encounter_id: int,
    row: Mapping[str, Any],
    events: Events,
    players: Mapping[int, Entity],
    *,
    archive: bool = True,
) -> EndReport:
    """Finalize an ended fight again, replacing its stored figures.

    ``row`` is its row as it was, of which start, end, scene, defeated bosses and counts are
    taken; ``players`` are those who are in it, as they were. Without ``archive`` the archive
    stays as it is.
    """
    begun = ("started_at_ms", "local_player_id", "scene_id", "scene_name")
    fight = OpenEncounter(
        encounter_id,
        **{name: row[name] for name in begun},
        identity=Identity(row["recorder"], row["game"]),
    )
    fight = fight.adding(events).with_party(players)
    ending = Ending(
        row["ended_at_ms"],
        [each["monsterName"] for each in json.loads(row["bosses"]) if each["isDefeated"]],
        was_interrupted=bool(row["was_interrupted"]),
        lost_events=row["lost_events"],
        clock_jumped=bool(row["clock_jumped"]),
    )
    context = FightContext(
        actors=all_actors(fight, events),
        known=players,
        updated=players.keys(),
        scene_name=_scene_name(connection, fight),
        rejected_events=row["rejected_events"],
        journal_bytes=row["journal_bytes"],
    )
    finished = FinishedFight.compute(fight, events, ending, context, archive=archive)
    for table in (*CHECKED.values(), *((schema.encounter_archives,) if archive else ())):
        connection.execute(delete(table).where(table.c.encounter_id == encounter_id))
    remove_from_index(connection, [encounter_id], kept=marks.KINDS)
    fights.save(connection, finished)
    return finished.report


def _gather(
    connection: Connection, fight: OpenEncounter, events: Events, entities: EntityDraft
) -> FightContext:
    actors = all_actors(fight, events)
    return FightContext(
        actors=actors,
        known=entities.players(connection, actors),
        updated=entities.updated(actors),
        scene_name=_scene_name(connection, fight),
        rejected_events=count_rejected(connection, fight.id),
        journal_bytes=journal.size(connection, fight.id) if fight.chunks else 0,
    )


def _scene_name(connection: Connection, fight: OpenEncounter) -> str | None:
    """The name of the fight's scene as given, or else as the catalog has it."""
    if fight.scene_id is None or (fight.scene_name or "").strip():
        return fight.scene_name
    names = schema.catalog_names
    statement = select(names.c.name).where(
        names.c.game == fight.identity.game,
        names.c.kind == "scene",
        names.c.id == fight.scene_id,
    )
    return connection.execute(statement).scalar_one_or_none() or fight.scene_name
