"""The raw events of the open fight: one row a batch, until the fight has ended."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select

from resonance_logs.archive import decode_events, encode_events
from resonance_logs.events import Events
from resonance_logs.store.rows import insert_rows
from resonance_logs.store.tables import encounter_journal


def append(connection: Connection, encounter_id: int, chunk: int, events: Events) -> None:
    """Write the events of one batch as the row ``chunk`` (0, 1, 2, ...) of the fight."""
    insert_rows(
        connection,
        encounter_journal,
        ("encounter_id", "chunk", "events", "payload"),
        [(encounter_id, chunk, len(events), encode_events(events, compact=False))],
    )


def read(connection: Connection, encounter_id: int) -> list[Events]:
    """The batches of the fight, in order.

    Raises:
        CorruptArchive: a row is damaged.
    """
    rows = connection.execute(
        select(encounter_journal.c.payload)
        .where(encounter_journal.c.encounter_id == encounter_id)
        .order_by(encounter_journal.c.chunk)
    )
    return [decode_events(payload) for (payload,) in rows]


def prune(connection: Connection, encounter_id: int) -> int:
    """Delete the fight's rows; the bytes of events that were in them."""
    of_fight = encounter_journal.c.encounter_id == encounter_id
    size = connection.execute(
        select(func.coalesce(func.sum(func.length(encounter_journal.c.payload)), 0)).where(of_fight)
    ).scalar_one()
    connection.execute(delete(encounter_journal).where(of_fight))
    return int(size)
