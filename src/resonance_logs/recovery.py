"""Recovery at open: what a recorder that was stopped left behind is brought to an end."""

from __future__ import annotations

import logging
from typing import Self

from sqlalchemy import Connection, Row, delete, select

from resonance_logs import encounters, journal
from resonance_logs.cells import FightCells
from resonance_logs.encounters import Ending, OpenEncounter
from resonance_logs.entities import EntityBook
from resonance_logs.errors import DatabaseError
from resonance_logs.statistics import last_time_ms
from resonance_logs.store import tables
from resonance_logs.store.engine import Store
from resonance_logs.store.lock import RecorderLock
from resonance_logs.store.runs import begin_run, end_run
from resonance_logs.tally import Tally

_logger = logging.getLogger(__name__)


class Session:
    """One recorder's time with a file: the lock, and the run that is noted in the file."""

    def __init__(self, store: Store, lock: RecorderLock, run_id: int) -> None:
        self._store = store
        self._lock = lock
        self._run_id = run_id

    @classmethod
    def begin(cls, store: Store, *, archive: bool) -> Self:
        """Take the lock, bring to an end what the last recorder left, note the new run.

        Raises:
            AlreadyRecording: another program records into the file.
            DatabaseUnavailable: the file cannot be written now.
        """
        lock = RecorderLock(store.path)
        lock.acquire()
        try:
            recover(store, archive=archive)
            with store.writing() as connection:
                return cls(store, lock, begin_run(connection))
        except BaseException:
            lock.release()
            raise

    def end(self, *, is_clean: bool) -> None:
        """Note the end of the run, where all was written, checkpoint, give the lock back."""
        try:
            if is_clean:
                with self._store.writing() as connection:
                    end_run(connection, self._run_id)
                self._store.checkpoint()
        except DatabaseError as error:
            _logger.warning("the end of the recording could not be noted: %s", error)
        finally:
            self._lock.release()


def recover(store: Store, *, archive: bool) -> None:
    """End every open fight at its last event, marked as interrupted; one without events is gone.

    Only for the one who holds the recorder's lock. Each fight is a transaction of its own, so
    that a crash meanwhile leaves the rest for the next time.
    """
    for fight in _open_fights(store):
        with store.writing() as connection:
            _end(connection, fight, archive=archive)


def _open_fights(store: Store) -> list[Row[tuple[int, int, int | None, int | None, str | None]]]:
    table = tables.encounters
    columns = (
        table.c.id,
        table.c.started_at_ms,
        table.c.local_player_id,
        table.c.scene_id,
        table.c.scene_name,
    )
    statement = select(*columns).where(table.c.ended_at_ms.is_(None)).order_by(table.c.id)
    with store.reading() as connection:
        return list(connection.execute(statement))


def _end(
    connection: Connection,
    row: Row[tuple[int, int, int | None, int | None, str | None]],
    *,
    archive: bool,
) -> None:
    events, lost = journal.read(connection, row.id)
    last = last_time_ms(events)
    if last is None and not lost:
        connection.execute(delete(tables.encounters).where(tables.encounters.c.id == row.id))
        _logger.warning("encounter %d was left open without an event; it is removed", row.id)
        return
    fight = OpenEncounter(
        **row._asdict(),
        last_event_ms=last,
        tally=Tally.of_cells(FightCells.of(events)),
        party=_party(connection, row.id),
    )
    ended_at_ms = fight.started_at_ms if last is None else max(last, fight.started_at_ms)
    encounters.finish(
        connection,
        fight,
        events,
        Ending(ended_at_ms, was_interrupted=True, lost_events=lost),
        EntityBook().draft(),
        archive=archive,
    )
    _logger.warning(
        "encounter %d was interrupted; it is ended at its last event, with %d events",
        row.id,
        len(events),
    )


def _party(connection: Connection, encounter_id: int) -> frozenset[int]:
    """The players of the fight as last stored while it went on."""
    live = tables.actor_encounter_stats
    statement = select(live.c.actor_id).where(
        live.c.encounter_id == encounter_id, live.c.is_player == 1
    )
    return frozenset(connection.execute(statement).scalars())
