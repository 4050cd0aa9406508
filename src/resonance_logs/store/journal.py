"""The journal: the raw events of the open fight, one row per batch, until the fight ends."""

from __future__ import annotations

import logging
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.archive import decode_events, encode_events
from resonance_logs.fights.events import Events
from resonance_logs.store.rows import insert_rows
from resonance_logs.store.schema import encounter_journal

_logger = logging.getLogger(__name__)


class Journal(NamedTuple):
    """The events of the open fight, and how many more cannot be read."""

    events: Events
    lost: int


def append(connection: Connection, encounter_id: int, chunk: int, events: Events) -> None:
    """Write the events of one batch as the row ``chunk`` (0, 1, 2, ...) of the fight."""
    insert_rows(
        connection,
        encounter_journal,
        ("encounter_id", "chunk", "events", "payload"),
        [(encounter_id, chunk, len(events), encode_events(events, compact=False))],
    )


def read(connection: Connection, encounter_id: int) -> Journal:
    """The fight's events, in order; a damaged row is logged, and its events are lost."""
    rows = connection.execute(
        select(encounter_journal.c.chunk, encounter_journal.c.events, encounter_journal.c.payload)
        .where(encounter_journal.c.encounter_id == encounter_id)
        .order_by(encounter_journal.c.chunk)
    )
    parts: list[Events] = []
    lost = 0
    for chunk, count, payload in rows:
        try:
            parts.append(decode_events(payload))
        except CorruptArchive as error:
            lost += count
            _logger.error(
                "fight %d: %d events of the journal are lost: row %d is damaged: %s",
                encounter_id,
                count,
                chunk,
                error,
            )
    return Journal(Events.concatenate(parts), lost)


def count(connection: Connection, encounter_id: int) -> int:
    """The number of rows of the fight, which is the number of the next row."""
    last = select(func.max(encounter_journal.c.chunk)).where(
        encounter_journal.c.encounter_id == encounter_id
    )
    found = connection.execute(last).scalar_one_or_none()
    return 0 if found is None else found + 1


def size(connection: Connection, encounter_id: int) -> int:
    """The bytes of the fight's events."""
    payload = encounter_journal.c.payload
    statement = select(func.coalesce(func.sum(func.length(payload)), 0)).where(
        encounter_journal.c.encounter_id == encounter_id
    )
    return int(connection.execute(statement).scalar_one())


def prune(connection: Connection, encounter_id: int) -> None:
    """Delete the fight's rows."""
    connection.execute(
        delete(encounter_journal).where(encounter_journal.c.encounter_id == encounter_id)
    )
