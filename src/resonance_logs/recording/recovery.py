"""Recovery: fights that a stopped recorder left open are ended, its spill files are read."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from resonance_logs.errors import DatabaseError, InputError, InvalidArgument
from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.finished_fight import Ending
from resonance_logs.fights.identity import DEFAULT_GAME, Identity
from resonance_logs.fights.open_fight import OpenEncounter
from resonance_logs.recording.batch import Batch
from resonance_logs.recording.late_names import read_awaited
from resonance_logs.recording.settlement import Settlement
from resonance_logs.recording.spill import (
    Spill,
    find_missing,
    find_spills,
    ingest_command,
    read_spill,
    remove_spill,
    set_aside,
    was_set_aside,
)
from resonance_logs.recording.state import RecorderState
from resonance_logs.recording.strays import Strays
from resonance_logs.store import fights, journal
from resonance_logs.store.finished_fights import finish, rebuild
from resonance_logs.store.players import EntityCache
from resonance_logs.store.recorders import (
    StoredRecorder,
    raise_position,
    read_recorders,
    read_strays,
)
from resonance_logs.store.runs import is_spill_read, record_spill_read, started_at_ms
from resonance_logs.store.sqlite.connections import Store, describe
from resonance_logs.store.stored_fight import StoredFight
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.tasks import BeginEncounter

RESUME_MS: Final = 24 * 3_600_000
"""A fight of a recorder that can resume waits this long for it, after its tasks last came."""

_logger = limited_logger(__name__)


def read_spills(store: Store, *, archive: bool) -> None:
    """Write what earlier sessions could not, as if they had continued.

    One transaction per run, which also records the run as read: if the program dies before the
    files are deleted, their tasks are not written twice. What is not whole is set aside.
    """
    for run_id, files in find_spills(store.path).items():
        try:
            _read_spills_of_run(store, run_id, files, archive=archive)
        except OSError as error:
            _logger.error("the files of run %d cannot be renamed or deleted: %s", run_id, error)
    for run_id, files in find_missing(store.path).items():
        try:
            _note_missing(store, run_id, files)
        except OSError as error:
            _logger.error("the files of run %d cannot be renamed or deleted: %s", run_id, error)


def _read_spills_of_run(store: Store, run_id: int, files: Sequence[Path], *, archive: bool) -> None:
    if _is_read(store, run_id):
        _remove_read(store, run_id, files)
        return
    spills = _of_this_file(store, run_id, _read_whole(store, files))
    try:
        if spills:
            with store.write_transaction() as connection:
                record_spill_read(connection, run_id)
                for file, spill in spills.items():
                    _write_spill(connection, file, spill, archive=archive)
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the files hold, recording must begin
        for file in spills:
            _set_aside(store, file, describe(error))
    else:
        for file in spills:
            remove_spill(file)


def _read_whole(store: Store, files: Sequence[Path]) -> Mapping[Path, Spill]:
    """Read the files that are whole, and set the others aside."""
    spills = {}
    for file in files:
        try:
            spills[file] = read_spill(file)
        except InputError as error:
            _set_aside(store, file, error)
    return spills


def _of_this_file(store: Store, run_id: int, spills: Mapping[Path, Spill]) -> Mapping[Path, Spill]:
    """Set aside what a run left that recorded into another file, which was here before."""
    with store.read_transaction() as connection:
        started = started_at_ms(connection, run_id)
    for file, spill in spills.items():
        if spill.run_started_at_ms not in (None, started):
            why = "they belong to another file, which was deleted or moved while it was recorded"
            _set_aside(store, file, why)
    return {
        file: each for file, each in spills.items() if each.run_started_at_ms in (None, started)
    }


def _remove_read(store: Store, run_id: int, files: Sequence[Path]) -> None:
    """Remove files that were read, but could not be deleted then."""
    for file in files:
        if was_set_aside(file):  # then this one, a copy, was not read
            _set_aside(store, file, f"the other files of run {run_id} are recorded already")
        else:
            remove_spill(file)


def _note_missing(store: Store, run_id: int, files: Sequence[Path]) -> None:
    """Report tasks of which only the owner file is there, unless they were read."""
    for file in files:
        if _is_read(store, run_id):
            remove_spill(file)
        else:
            kept = set_aside(file).with_suffix(".json")
            _logger.error("tasks of run %d are lost: %s is missing; see %s", run_id, file, kept)


def _is_read(store: Store, run_id: int) -> bool:
    with store.read_transaction() as connection:
        return is_spill_read(connection, run_id)


def _set_aside(store: Store, file: Path, why: object) -> None:
    kept = set_aside(file)
    _logger.error(
        "the tasks of an earlier run are not recorded: %s; what is left of them is kept as %s; to "
        "record that: %s",
        why,
        kept,
        ingest_command(store.path, kept),
    )


def _write_spill(connection: Connection, file: Path, spill: Spill, *, archive: bool) -> None:
    stored = _read_stored(connection, spill.identity.recorder)
    items = spill.items
    if stored is not None and stored.can_resume:
        items = spill.after(stored.position)  # its sender may have sent them again
    left_open = _left_open(connection, spill.identity.recorder)
    state = _state_before(connection, spill.identity, stored, left_open)
    state.awaited_names = read_awaited(connection, spill.identity)
    batch = Batch(connection, state, archive=archive)
    if items and spill.begun is not None and not _continues(state, spill.begun):
        batch.apply([spill.begun])
    batch.apply(items)
    warnings = batch.warnings()
    batch.publish()
    for message, *values in warnings:
        _logger.warning(message, *values)
    if spill.position is not None:
        state.position = max(state.position, spill.position)
    # Stores players without a hit, when players were last seen, and the position.
    Settlement(connection, state)
    _logger.warning("reading %d tasks of an earlier run from %s", len(items), file)


def _continues(state: RecorderState, begun: BeginEncounter) -> bool:
    """Whether the fight that was open when the tasks came still is."""
    return state.fight is not None and state.fight.started_at_ms == begun.started_at_ms


def recover(store: Store, *, archive: bool) -> None:
    """End every open fight at its last event, marked as interrupted; remove those without events.

    Those of recorders that can resume are left open for RESUME_MS. Only with the recorder's lock
    held. Each fight is its own transaction, so that after a crash the rest is left for the next
    time.
    """
    with store.read_transaction() as connection:
        left_open = fights.read_open(connection)
        waiting = _recorders_waited_for(connection) if left_open else set()
    newest = {fight.identity.recorder: fight.id for fight in left_open}
    for fight in left_open:
        recorder = fight.identity.recorder
        if recorder in waiting and newest[recorder] == fight.id:
            continue
        with store.write_transaction() as connection:
            _end_interrupted(connection, fight, archive=archive)


def end_open_fights(connection: Connection, recorder: str, *, archive: bool) -> None:
    """End the fights that a recorder left open, because it does not resume them."""
    for fight in _left_open(connection, recorder):
        _end_interrupted(connection, fight, archive=archive)


def read_state(
    connection: Connection, recorder: str, game: str | None, *, resume: bool
) -> RecorderState | None:
    """The state in which a recorder begins.

    Without ``game`` it is the one that the recorder had before, or the default. With ``resume`` it
    continues where it stopped, if it can, with its open fight, its strays and the fights that wait
    for names. None where fights that it left open must be ended first.

    Raises:
        InvalidArgument: a fight of another game waits to be continued.
    """
    stored = _read_stored(connection, recorder)
    left_open = _left_open(connection, recorder)
    if resume and left_open and stored is not None and stored.can_resume:
        _check_game(stored, game)
    identity = Identity(recorder, game or (DEFAULT_GAME if stored is None else stored.game))
    before = _state_before(connection, identity, stored, left_open)
    is_late = bool(left_open) and recorder not in _recorders_waited_for(connection)
    if resume and before.can_resume and not is_late and len(left_open) == bool(before.fight):
        before.awaited_names = read_awaited(connection, identity)
        return before
    if left_open:
        return None
    return RecorderState(
        identity,
        before.position,
        before.stored_position,
        stored_can_resume=before.stored_can_resume,
        strays=before.strays.discard(),
        entities=before.entities,
        is_settled=not len(before.strays.held),  # what was dropped is to be forgotten in the file
        is_of_input=stored is not None and stored.is_of_input and not resume,
    )


def _check_game(stored: StoredRecorder, game: str | None) -> None:
    if game not in (None, stored.game):
        raise InvalidArgument(
            "game",
            f"recorder {stored.name!r} has an open fight of {stored.game!r}, not of {game!r}",
        )


def _left_open(connection: Connection, recorder: str) -> list[OpenEncounter]:
    found = fights.read_open(connection)
    return [fight for fight in found if fight.identity.recorder == recorder]


def _read_stored(connection: Connection, recorder: str) -> StoredRecorder | None:
    return next(iter(read_recorders(connection, recorder)), None)


def _state_before(
    connection: Connection,
    identity: Identity,
    stored: StoredRecorder | None,
    left_open: Sequence[OpenEncounter],
) -> RecorderState:
    """The state in which a recorder stopped: its position, open fight and strays."""
    state = RecorderState(identity, entities=EntityCache(identity.game))
    if stored is not None:
        state.position = state.stored_position = stored.position
        state.can_resume = state.stored_can_resume = (
            stored.can_resume and stored.game == identity.game
        )
        if state.can_resume:
            state.strays = Strays(read_strays(connection, identity.recorder))
    of_game = [fight for fight in left_open if fight.identity == identity]
    if of_game:
        state.fight = _as_it_stood(connection, of_game[-1])
    return state


def _recorders_waited_for(connection: Connection) -> set[str]:
    earliest = time.time_ns() // 1_000_000 - RESUME_MS
    return {
        each.name
        for each in read_recorders(connection)
        if each.can_resume and (each.seen_at_ms or 0) >= earliest
    }


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


def _as_it_stood(connection: Connection, begun: OpenEncounter) -> OpenEncounter:
    fight = begun.with_party(fights.read_party(connection, begun.id))
    events, _ = journal.read(connection, fight.id)
    return replace(fight, chunks=journal.count(connection, fight.id)).adding(events)


def continued(connection: Connection, fight: OpenEncounter) -> OpenEncounter:
    """The fight being recorded, as far as it is in a file that was salvaged."""
    found = [each for each in fights.read_open(connection) if each.id == fight.id]
    if not found:
        _logger.error("the beginning of encounter %d is not in it any more", fight.id)
        begun = fights.begin(connection, fight.begin_task(), fight.identity)
        return begun.with_party(fight.party)
    saved = _as_it_stood(connection, found[0])
    recorded = fight.damage_events + fight.heal_events + fight.lost_events
    lost = max(0, recorded - saved.damage_events - saved.heal_events)
    fights.set_lost_events(connection, saved.id, lost)
    return replace(saved, lost_events=lost).with_party(fight.party)


def _end_interrupted(connection: Connection, begun: OpenEncounter, *, archive: bool) -> None:
    position = journal.last_position(connection, begun.id)
    raise_position(connection, begun.identity.recorder, position)
    events, lost = journal.read(connection, begun.id)
    if not (len(events) or lost or begun.lost_events):
        fights.remove_open(connection, begun.id)
        return
    fight = replace(begun, chunks=journal.count(connection, begun.id))
    fight = fight.with_party(fights.read_party(connection, begun.id)).adding(events)
    last = fight.started_at_ms if fight.last_event_ms is None else fight.last_event_ms
    finish(
        connection,
        fight,
        events,
        Ending(max(last, fight.started_at_ms), was_interrupted=True, lost_events=lost),
        EntityCache(begun.identity.game).draft(),
        archive=archive,
    )
    _logger.warning(
        "fight %d was interrupted; it is ended at its last event, with %d events",
        fight.id,
        len(events),
    )
