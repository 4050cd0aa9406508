"""The journal: what each batch adds to an open fight, one row per batch, until the fight ends."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.archive import decode_events, encode_events
from resonance_logs.fights.events import Events
from resonance_logs.store.rows import insert_rows
from resonance_logs.store.schema import encounter_journal
from resonance_logs.system.repeated_messages import limited_logger

_logger = limited_logger(__name__)


class Journal(NamedTuple):
    """The events of the open fight, and how many more cannot be read."""

    events: Events
    lost: int


class Entry(NamedTuple):
    """What a batch adds to a fight."""

    events: Events
    position: int
    """The recorder's position after the batch."""
    joined: Collection[int]
    """The players who joined the fight's party."""


def append(connection: Connection, encounter_id: int, chunk: int, entry: Entry) -> None:
    """Write what one batch adds as the row ``chunk`` (0, 1, 2, ...) of the fight."""
    payload = encode_events(entry.events, compact=False)
    party = json.dumps(sorted(entry.joined)) if entry.joined else None
    insert_rows(
        connection,
        encounter_journal,
        ("encounter_id", "chunk", "events", "payload", "position", "party"),
        [(encounter_id, chunk, len(entry.events), payload, entry.position, party)],
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


def read_party(connection: Connection, encounter_id: int) -> set[int]:
    """The players who joined the fight's party, as far as they can be read."""
    rows = connection.execute(
        select(encounter_journal.c.party).where(
            encounter_journal.c.encounter_id == encounter_id,
            encounter_journal.c.party.is_not(None),
        )
    )
    party: set[int] = set()
    for text in rows.scalars():
        try:
            party.update(each for each in json.loads(text) if type(each) is int)
        except (ValueError, TypeError) as error:
            _logger.error("fight %d: some of its party is lost: %s", encounter_id, error)
    return party


def last_position(connection: Connection, encounter_id: int) -> int:
    """The recorder's position after the last row; 0 if there is none."""
    statement = (
        select(encounter_journal.c.position)
        .where(encounter_journal.c.encounter_id == encounter_id)
        .order_by(encounter_journal.c.chunk.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none() or 0


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
