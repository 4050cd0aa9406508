"""The rows of a fight: inserted, updated while it goes on, saved at its end, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from resonance_logs.fights.finished_fight import FinishedFight, Rows
from resonance_logs.fights.identity import Identity
from resonance_logs.fights.open_fight import (
    ACTOR_COLUMNS,
    ActorRow,
    OpenEncounter,
    actor_rows,
    totals,
)
from resonance_logs.store import journal, schema
from resonance_logs.store.checksums import CHECKED, checksum, fingerprint
from resonance_logs.store.facets import add_to_index, facets_of_fight, remove_from_index
from resonance_logs.store.players import EntityDraft
from resonance_logs.store.rows import MAX_PARAMETERS, insert_rows, parts
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.tasks import BeginEncounter

_logger = limited_logger(__name__)


def begin(connection: Connection, task: BeginEncounter, identity: Identity) -> OpenEncounter:
    """Open a fight of a recorder."""
    fields = {
        "started_at_ms": task.started_at_ms,
        "local_player_id": task.local_player_id,
        "scene_id": task.scene_id,
        "scene_name": task.scene_name,
    }
    row = {**fields, "recorder": identity.recorder, "game": identity.game}
    key = connection.execute(insert(schema.encounters), row).inserted_primary_key
    return OpenEncounter(
        id=key[0] if key else 0,
        **fields,  # type: ignore[arg-type]
        identity=identity,
    )


def read_open(connection: Connection) -> list[OpenEncounter]:
    """The fights that have not ended, oldest first.

    They are as begun: without events and players.
    """
    table = schema.encounters
    columns = (
        table.c.id,
        table.c.started_at_ms,
        table.c.local_player_id,
        table.c.scene_id,
        table.c.scene_name,
        table.c.lost_events,
    )
    statement = (
        select(table.c.recorder, table.c.game, *columns)
        .where(table.c.ended_at_ms.is_(None))
        .order_by(table.c.id)
    )
    return [_as_begun(**row._asdict()) for row in connection.execute(statement)]


class Period(NamedTuple):
    """A fight of a recorder: when it began, and when it ended if it has."""

    id: int
    started_at_ms: int
    ended_at_ms: int | None


def read_newest(connection: Connection, identity: Identity, among: int) -> list[Period]:
    """The fights of a recorder ``among`` the newest of all, oldest first."""
    table = schema.encounters
    newest = select(func.max(table.c.id)).scalar_subquery()
    statement = (
        select(table.c.id, table.c.started_at_ms, table.c.ended_at_ms)
        .where(
            table.c.id > newest - among,
            table.c.recorder == identity.recorder,
            table.c.game == identity.game,
        )
        .order_by(table.c.id)
    )
    return [Period(*row) for row in connection.execute(statement)]


def _as_begun(recorder: str, game: str, **fields: Any) -> OpenEncounter:
    return OpenEncounter(**fields, identity=Identity(recorder, game))


def read_party(connection: Connection, encounter_id: int) -> list[int]:
    """The ids of a fight's players, as last stored, and of those who joined since."""
    stats = schema.actor_encounter_stats
    statement = select(stats.c.actor_id).where(
        stats.c.encounter_id == encounter_id, stats.c.is_player == 1
    )
    return [*connection.execute(statement).scalars(), *journal.read_party(connection, encounter_id)]


def set_lost_events(connection: Connection, encounter_id: int, lost_events: int) -> None:
    """Store how many recorded events of an open fight cannot be read any more."""
    table = schema.encounters
    of_fight = update(table).where(table.c.id == encounter_id)
    connection.execute(of_fight.values(lost_events=lost_events))


def store_live(
    connection: Connection,
    fight: OpenEncounter,
    entities: EntityDraft,
    stored: Mapping[int, ActorRow],
) -> dict[int, ActorRow]:
    """Write the live counters (absolute values) of the actors that differ from ``stored``.

    Returns all rows as now stored.
    """
    actors = fight.actor_ids()
    known = entities.players(connection, actors)
    players = fight.select_players(actors, known, entities.updated(actors))
    rows = actor_rows(fight, fight.tally, actors, players, fight.monster_names, {})
    changed = [row for actor, row in rows.items() if stored.get(actor) != row]
    insert_rows(connection, schema.actor_encounter_stats, ACTOR_COLUMNS, changed, replace=True)
    connection.execute(
        update(schema.encounters).where(schema.encounters.c.id == fight.id),
        {
            "duration_ms": max(0, (fight.last_event_ms or 0) - fight.started_at_ms),
            "damage_events": fight.damage_events,
            "heal_events": fight.heal_events,
            **totals(rows, players),
        },
    )
    return rows


def save(connection: Connection, finished: FinishedFight) -> None:
    """Store an ended fight in place of its live counters."""
    live = schema.actor_encounter_stats
    connection.execute(delete(live).where(live.c.encounter_id == finished.id))
    figures: dict[str, Rows] = {
        "actors_checksum": finished.actor_rows,
        "damage_checksum": finished.damage_rows,
        "heals_checksum": finished.heal_rows,
        "bosses_checksum": finished.boss_rows,
        "attributes_checksum": finished.attribute_rows,
    }
    for name, rows in figures.items():
        columns = [column.name for column in CHECKED[name].columns]
        insert_rows(connection, CHECKED[name], columns, ((finished.id, *row) for row in rows))
    if finished.archive is not None:
        archive = schema.encounter_archives
        columns = ["encounter_id", "events", "payload"]
        insert_rows(connection, archive, columns, [(finished.id, *finished.archive)])
    if finished.archive_error is not None:
        _logger.error(
            "fight %d is stored without its individual hits: %s",
            finished.id,
            finished.archive_error,
        )
    values = {
        **finished.summary,
        **{name: checksum(rows) for name, rows in figures.items()},
        "fingerprint": fingerprint(finished.summary),
    }
    connection.execute(
        update(schema.encounters).where(schema.encounters.c.id == finished.id), values
    )
    facets = facets_of_fight(
        finished.summary,
        finished.boss_names,
        ((each.name, each.class_id) for each in finished.players.values()),
    )
    add_to_index(connection, finished.id, finished.summary["game"], facets)


def remove_open(connection: Connection, encounter_id: int) -> None:
    """Delete a fight that was left open without an event."""
    connection.execute(delete(schema.encounters).where(schema.encounters.c.id == encounter_id))
    _logger.warning("fight %d was left open without an event and is removed", encounter_id)


def remove(connection: Connection, ids: Sequence[int]) -> None:
    """Delete fights and everything that belongs to them."""
    remove_from_index(connection, ids)
    for part in parts(ids, MAX_PARAMETERS):
        gone = schema.encounters.c.id.in_(part)
        connection.execute(delete(schema.encounters).where(gone))


def read_outdated(connection: Connection) -> list[int]:
    """The ids of the fights whose figures follow an older rule."""
    outdated = schema.outdated_figures
    return list(connection.execute(select(outdated.c.encounter_id)).scalars())


def forget_outdated(connection: Connection, encounter_id: int) -> None:
    """Mark the figures of a fight as following the rules of this version."""
    outdated = schema.outdated_figures
    connection.execute(delete(outdated).where(outdated.c.encounter_id == encounter_id))
