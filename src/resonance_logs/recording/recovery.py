"""Recovery: fights that a stopped recorder left open are ended, its spill files are read."""

from __future__ import annotations

import logging
from dataclasses import replace

from sqlalchemy import Connection

from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.finished_fight import Ending
from resonance_logs.fights.open_fight import OpenEncounter
from resonance_logs.recording.batch import Batch, Settlement
from resonance_logs.recording.spill import find_spills, read_spill
from resonance_logs.recording.state import RecorderState
from resonance_logs.store import fights, journal
from resonance_logs.store.finished_fights import finish, rebuild
from resonance_logs.store.players import EntityCache
from resonance_logs.store.runs import record_spill_read
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
        left_open = fights.read_open(connection)
    for fight in left_open:
        with store.write_transaction() as connection:
            _end_interrupted(connection, fight, archive=archive)


def recompute_outdated(store: Store) -> None:
    """Compute the figures again that follow an older rule, where the single hits are kept.

    Each fight is a transaction of its own, so that a crash meanwhile leaves the rest for the next
    time. Fights without their single hits stay as they are.
    """
    with store.read_transaction() as connection:
        ids = fights.read_outdated(connection)
    for encounter_id in ids:
        with store.write_transaction() as connection:
            fight = StoredFight.read(connection, encounter_id)
            if fight is not None and fight.archive is not None and not fight.faults:
                events = decode_events(fight.archive[1])
                rebuild(connection, encounter_id, fight.row, events, fight.players(), archive=False)
            fights.forget_outdated(connection, encounter_id)


def _resume_fight(connection: Connection) -> OpenEncounter | None:
    """The newest fight left open, as it stood."""
    left_open = fights.read_open(connection)
    return _as_it_stood(connection, left_open[-1]) if left_open else None


def _as_it_stood(connection: Connection, begun: OpenEncounter) -> OpenEncounter:
    fight = begun.with_party(fights.read_party(connection, begun.id))
    events, _ = journal.read(connection, fight.id)
    return replace(fight, chunks=journal.count(connection, fight.id)).adding(events)


def continued(connection: Connection, fight: OpenEncounter) -> OpenEncounter:
    """The fight being recorded, as far as it is in a file that was salvaged."""
    found = [each for each in fights.read_open(connection) if each.id == fight.id]
    if not found:
        _logger.error("the beginning of encounter %d is not in it any more", fight.id)
        task = BeginEncounter(
            started_at_ms=fight.started_at_ms,
            local_player_id=fight.local_player_id,
            scene_id=fight.scene_id,
            scene_name=fight.scene_name,
        )
        return fights.begin(connection, task).with_party(fight.party)
    saved = _as_it_stood(connection, found[0])
    recorded = fight.damage_events + fight.heal_events + fight.lost_events
    lost = max(0, recorded - saved.damage_events - saved.heal_events)
    fights.set_lost_events(connection, saved.id, lost)
    return replace(saved, lost_events=lost).with_party(fight.party)


def _end_interrupted(connection: Connection, begun: OpenEncounter, *, archive: bool) -> None:
    events, lost = journal.read(connection, begun.id)
    if not (len(events) or lost or begun.lost_events):
        fights.remove_open(connection, begun.id)
        return
    fight = begun.with_party(fights.read_party(connection, begun.id)).adding(events)
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
