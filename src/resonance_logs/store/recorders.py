"""The recorders: how far the stream of each was accepted, and what it needs to continue."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select, update

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.archive import decode_events, encode_events
from resonance_logs.fights.events import Events
from resonance_logs.fights.identity import DEFAULT_GAME, Identity
from resonance_logs.store.rows import insert_rows
from resonance_logs.store.schema import encounter_journal, encounters, recorders

_COLUMNS: Final = ("name", "game", "position", "can_resume", "seen_at_ms", "strays")

_MERGE: Final = " ON CONFLICT (name) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _COLUMNS[1:]
)

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredRecorder:
    """A recorder as stored."""

    name: str
    game: str = DEFAULT_GAME
    position: int = 0
    """Tasks accepted and stored."""
    can_resume: bool = False
    seen_at_ms: int | None = None


def store_recorder(
    connection: Connection,
    identity: Identity,
    position: int,
    *,
    can_resume: bool,
    strays: Events | None = None,
) -> None:
    """Write how far a recorder's tasks are stored, and the events that it holds outside a fight."""
    held = encode_events(strays, compact=False) if strays is not None and len(strays) else None
    row = (identity.recorder, identity.game, position, int(can_resume), _now_ms(), held)
    insert_rows(connection, recorders, _COLUMNS, [row], on_conflict=_MERGE)


def raise_position(connection: Connection, name: str, position: int) -> None:
    """Raise a recorder's position to that of a journal which is about to be deleted."""
    behind = (recorders.c.name == name) & (recorders.c.position < position)
    connection.execute(update(recorders).where(behind).values(position=position))


def read_recorders(connection: Connection, name: str | None = None) -> list[StoredRecorder]:
    """The recorders, by name; or the one of this name, if it is stored."""
    open_fight = (
        select(func.max(encounters.c.id))
        .where(encounters.c.recorder == recorders.c.name, encounters.c.ended_at_ms.is_(None))
        .correlate(recorders)
        .scalar_subquery()
    )
    # Only the last row is read: the position stands behind the payload.
    in_journal = (
        select(encounter_journal.c.position)
        .where(encounter_journal.c.encounter_id == open_fight)
        .order_by(encounter_journal.c.chunk.desc())
        .limit(1)
        .correlate(recorders)
        .scalar_subquery()
    )
    statement = select(
        recorders.c.name,
        recorders.c.game,
        recorders.c.position,
        in_journal,
        recorders.c.can_resume,
        recorders.c.seen_at_ms,
    ).order_by(recorders.c.name)
    if name is not None:
        statement = statement.where(recorders.c.name == name)
    return [
        StoredRecorder(row[0], row[1], max(row[2], row[3] or 0), bool(row[4]), row[5])
        for row in connection.execute(statement)
    ]


def read_strays(connection: Connection, name: str) -> Events:
    """The events that a recorder held outside any fight; a damaged value is logged as lost."""
    statement = select(recorders.c.strays).where(recorders.c.name == name)
    payload = connection.execute(statement).scalar_one_or_none()
    if payload is None:
        return Events.empty()
    try:
        return decode_events(payload)
    except CorruptArchive as error:
        _logger.error("the events that recorder %r held outside a fight are lost: %s", name, error)
        return Events.empty()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
