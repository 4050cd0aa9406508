"""Recovery: fights that a stopped recorder left open are ended, its spill files are read."""

from __future__ import annotations

import logging
from dataclasses import replace

from sqlalchemy import Connection, delete, select, update

from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.finished_fight import Ending
from resonance_logs.fights.open_fight import OpenEncounter
from resonance_logs.recording.batch import Batch, Settlement
from resonance_logs.recording.spill import find_spills, read_spill
from resonance_logs.recording.state import RecorderState
from resonance_logs.store import fights as encounters
from resonance_logs.store import journal, schema
from resonance_logs.store.fights import remove_open
from resonance_logs.store.finished_fights import finish, rebuild
from resonance_logs.store.players import EntityCache
from resonance_logs.store.runs import (
    record_spill_read,
)
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.stored_fight import StoredFight
from resonance_logs.tasks import BeginEncounter

_logger = logging.getLogger(__name__)


def read_spills(store: Store, *, archive: bool) -> None:
    """Write what earlier sessions could not, as if they had continued.

    One transaction per file, which also records the run as read: if the program dies before the
    file is deleted, its tasks are not written twice.
    """
    for run_id, file in find_spills(store.path):
        tasks = read_spill(file)
        with store.write_transaction() as connection:
            if record_spill_read(connection, run_id):
                state = RecorderState(fight=_resume_fight(connection))
                batch = Batch(connection, state, archive=archive)
                batch.apply(tasks)
                warnings = batch.warnings()
                batch.publish()
                for message, *values in warnings:
                    _logger.warning(message, *values)
                # Stores players without a hit, and when players were last seen.
                Settlement(connection, state)
                _logger.warning("reading %d tasks of an earlier run from %s", len(tasks), file)
        file.unlink()


def recover(store: Store, *, archive: bool) -> None:
    """End every open fight at its last event, marked as interrupted; remove those without events.

    Only with the recorder's lock held. Each fight is its own transaction, so that after a crash the
    rest is left for the next time.
    """
    with store.read_transaction() as connection:
        fights = _open_fights(connection)
    for fight in fights:
        with store.write_transaction() as connection:
            _end_interrupted(connection, fight, archive=archive)


def recompute_outdated(store: Store) -> None:
    """Compute the figures again that follow an older rule, where the single hits are kept.

    Each fight is a transaction of its own, so that a crash meanwhile leaves the rest for the next
    time. Fights without their single hits stay as they are.
    """
    outdated = schema.outdated_figures
    with store.read_transaction() as connection:
        ids = connection.execute(select(outdated.c.encounter_id)).scalars().all()
    for encounter_id in ids:
        with store.write_transaction() as connection:
            fight = StoredFight.read(connection, encounter_id)
            if fight is not None and fight.archive is not None and not fight.faults:
                events = decode_events(fight.archive[1])
                rebuild(connection, encounter_id, fight.row, events, fight.players(), archive=False)
            connection.execute(delete(outdated).where(outdated.c.encounter_id == encounter_id))


def _open_fights(connection: Connection) -> list[OpenEncounter]:
    """The fights left open, as begun."""
    table = schema.encounters
    columns = (
        table.c.id,
        table.c.started_at_ms,
        table.c.local_player_id,
        table.c.scene_id,
        table.c.scene_name,
        table.c.lost_events,
    )
    statement = select(*columns).where(table.c.ended_at_ms.is_(None)).order_by(table.c.id)
    return [OpenEncounter(**row._asdict()) for row in connection.execute(statement)]


def _resume_fight(connection: Connection) -> OpenEncounter | None:
    """The newest fight left open, as it stood."""
    fights = _open_fights(connection)
    return _as_it_stood(connection, fights[-1]) if fights else None


def _as_it_stood(connection: Connection, begun: OpenEncounter) -> OpenEncounter:
    fight = _with_party(connection, begun)
    events, _ = journal.read(connection, fight.id)
    return replace(fight, chunks=journal.count(connection, fight.id)).adding(events)


def continued(connection: Connection, fight: OpenEncounter) -> OpenEncounter:
    """The fight being recorded, as far as it is in a file that was salvaged."""
    found = [each for each in _open_fights(connection) if each.id == fight.id]
    if not found:
        _logger.error("the beginning of encounter %d is not in it any more", fight.id)
        task = BeginEncounter(
            started_at_ms=fight.started_at_ms,
            local_player_id=fight.local_player_id,
            scene_id=fight.scene_id,
            scene_name=fight.scene_name,
        )
        return encounters.begin(connection, task).with_party(fight.party)
    saved = _as_it_stood(connection, found[0])
    recorded = fight.damage_events + fight.heal_events + fight.lost_events
    lost = max(0, recorded - saved.damage_events - saved.heal_events)
    table = schema.encounters
    connection.execute(update(table).where(table.c.id == saved.id).values(lost_events=lost))
    return replace(saved, lost_events=lost).with_party(fight.party)


def _end_interrupted(connection: Connection, begun: OpenEncounter, *, archive: bool) -> None:
    events, lost = journal.read(connection, begun.id)
    if not (len(events) or lost or begun.lost_events):
        remove_open(connection, begun.id)
        return
    fight = _with_party(connection, begun).adding(events)
    last = fight.started_at_ms if fight.last_event_ms is None else fight.last_event_ms
    finish(
        connection,
        fight,
        events,
        Ending(max(last, fight.started_at_ms), was_interrupted=True, lost_events=lost),
        EntityCache().draft(),
        archive=archive,
    )
    _logger.warning(
        "fight %d was interrupted; it is ended at its last event, with %d events",
        fight.id,
        len(events),
    )


def _with_party(connection: Connection, fight: OpenEncounter) -> OpenEncounter:
    """The fight with its players as last stored while it was open."""
    live = schema.actor_encounter_stats
    statement = select(live.c.actor_id).where(
        live.c.encounter_id == fight.id, live.c.is_player == 1
    )
    return fight.with_party(connection.execute(statement).scalars().all())
