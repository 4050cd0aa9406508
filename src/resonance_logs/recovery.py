"""Recovery at open: finish what a stopped recorder left behind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from resonance_logs import encounters, journal
from resonance_logs.archive import decode_events
from resonance_logs.encounters import OpenEncounter, remove_open
from resonance_logs.endings import Ending, finish, rebuild
from resonance_logs.entities import EntityCache
from resonance_logs.errors import DamagedDatabase, DatabaseError
from resonance_logs.recorder import Batch, RecorderState, Settlement
from resonance_logs.salvage import SalvageReport, finish_salvage, salvage
from resonance_logs.settings import Settings
from resonance_logs.spill import find_spills, read_spill, write_spill
from resonance_logs.store import tables
from resonance_logs.store.copies import preserve_wal
from resonance_logs.store.engine import Store
from resonance_logs.store.lock import RecorderLock
from resonance_logs.store.migrate import check_kind, prepare
from resonance_logs.store.runs import (
    Run,
    RunProgress,
    begin_run,
    end_run,
    last_run,
    record_progress,
    record_spill_read,
    resume_run,
)
from resonance_logs.store.soundness import page_faults
from resonance_logs.tasks import BeginEncounter, Task
from resonance_logs.transfer import StoredFight

ADVICE = "run resonance-logs salvage to save what can be read, or restore a backup"

_logger = logging.getLogger(__name__)


class Session:
    """One recorder's session with a file: the lock, and the run recorded in the file."""

    def __init__(self, store: Store, lock: RecorderLock, run_id: int) -> None:
        self.store = store
        self._lock = lock
        self.run_id = run_id

    @classmethod
    def begin(cls, path: Path, settings: Settings) -> Self:
        """Take the lock, finish what the last recorder left behind, record the new run.

        A damaged file is put aside, and its readable parts are saved into a new one.

        Raises:
            AlreadyRecording: another program records into the file.
            ReadOnlyDatabase: the file may only be read.
            DamagedDatabase: the file is damaged, and ``Settings.salvage`` is off.
            DatabaseError: the file cannot be used; the subclass says why.
        """
        check_kind(path)
        lock = RecorderLock(path)
        lock.acquire()
        try:
            store = _open_intact(path, settings)
            try:
                lock.follow_file()  # it was made just now, or put in the place of a damaged one
                read_spills(store, archive=settings.archive)
                recover(store, archive=settings.archive)
                recompute_outdated(store)
                with store.write_transaction() as connection:
                    return cls(store, lock, begin_run(connection))
            except BaseException:  # on any error, Ctrl-C too: leave no connection open
                store.close()
                raise
        except BaseException:
            lock.release()
            raise

    def spill(self, tasks: Sequence[Task]) -> Path:
        """Save tasks that can no longer be written to a file; the next session reads it.

        Raises:
            OSError: no file can be written either.
        """
        return write_spill(self.store.path, self.run_id, tasks)

    def repair(self, state: RecorderState, is_stopped: Callable[[], bool]) -> SalvageReport:
        """Put the file, which is damaged, aside; go on with a new one and what can be read.

        The fight being recorded goes on. What of it is lost is counted; where nothing of it can
        be read it begins anew. Only for the thread that writes, between two transactions.

        Raises:
            DatabaseError: that is not possible; the damaged file stays where it is.
        """
        path = self.store.path
        self.store.close()
        with preserve_wal(path):
            report = salvage(path, is_stopped)
        self._lock.follow_file()
        self.store.close()  # what was connected meanwhile still has the damaged file
        with self.store.write_transaction() as connection:
            resume_run(connection, self.run_id)
            state.entities.store_all(connection)
            fight = None if state.fight is None else _continued(connection, state.fight)
        state.fight = fight
        state.entities = EntityCache()
        state.live_rows = {}
        state.is_settled = False
        return report

    def note(self, run_progress: RunProgress, patience_s: float) -> None:
        """Note what the run has done, where that is possible."""
        try:
            with self.store.write_transaction(patience_s) as connection:
                record_progress(connection, self.run_id, run_progress)
        except (DatabaseError, SQLAlchemyError) as error:
            _logger.warning("the run could not be noted: %s", error)

    def end(self, run_progress: RunProgress, *, is_clean: bool, patience_s: float) -> None:
        """Record the end of the run if everything was written, checkpoint, release the lock.

        A file that is locked is waited for up to ``patience_s`` seconds.
        """
        try:
            if is_clean:
                with self.store.write_transaction(patience_s) as connection:
                    end_run(connection, self.run_id, run_progress)
                self.store.checkpoint()
        except DatabaseError as error:
            _logger.warning("could not record the shutdown: %s", error)
        finally:
            self._lock.release()


def _open_intact(path: Path, settings: Settings) -> Store:
    finish_salvage(path)
    with preserve_wal(path):
        try:
            return _open_checked(path)
        except DamagedDatabase:
            if not settings.salvage:
                raise
            salvage(path)
    return _open_checked(path)


def _open_checked(path: Path) -> Store:
    """Open the file at this program's version; check it for damage if its last run was interrupted.

    Raises:
        DamagedDatabase: the file is damaged; nothing was written to it.
    """
    prepare(path)
    store = Store(path)
    try:
        with store.read_transaction() as connection:
            last = last_run(connection)
            faults = [] if last is None else _faults_after(connection, last)
        if faults:
            raise DamagedDatabase(f"{path} is damaged and was not changed: {faults[0]}; {ADVICE}")
    except BaseException:
        store.close()
        raise
    return store


def _faults_after(connection: Connection, last: Run) -> list[str]:
    """What is wrong with the pages after a run that was cut off, or that met damage."""
    if last.has_met_damage:
        return page_faults(
            connection, quick=False
        )  # which sees damaged indexes too, and takes long
    return [] if last.is_clean else page_faults(connection, quick=True)


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
    outdated = tables.outdated_figures
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
    table = tables.encounters
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


def _continued(connection: Connection, fight: OpenEncounter) -> OpenEncounter:
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
    table = tables.encounters
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
    live = tables.actor_encounter_stats
    statement = select(live.c.actor_id).where(
        live.c.encounter_id == fight.id, live.c.is_player == 1
    )
    return fight.with_party(connection.execute(statement).scalars().all())
