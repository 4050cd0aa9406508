"""The recorders: how far the stream of each was accepted, and what it needs to continue."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select, text, update

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.archive import decode_events, encode_events
from resonance_logs.fights.events import Events
from resonance_logs.fights.identity import DEFAULT_GAME, Identity
from resonance_logs.store.rows import insert_rows
from resonance_logs.store.schema import recorders
from resonance_logs.system.repeated_messages import limited_logger

_COLUMNS: Final = ("name", "game", "position", "can_resume", "seen_at_ms", "strays")

_MERGE: Final = " ON CONFLICT (name) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _COLUMNS[1:]
)

# As text, because it runs at every opening. Of the journal only the last row is read: the position
# stands behind the payload.
_RECORDERS: Final = text(
    """
    SELECT name, game, position, can_resume, seen_at_ms,
        (
            SELECT position FROM encounter_journal
            WHERE encounter_id = (
                SELECT max(id) FROM encounters
                WHERE recorder = recorders.name AND ended_at_ms IS NULL
            )
            ORDER BY chunk DESC LIMIT 1
        ) AS in_journal,
        (
            SELECT input FROM recorder_inputs
            WHERE recorder_id = recorders.id ORDER BY position DESC LIMIT 1
        ) AS last_input
    FROM recorders WHERE CAST(:name AS TEXT) IS NULL OR name = :name ORDER BY name
    """
)

_logger = limited_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoredRecorder:
    """A recorder as stored."""

    name: str
    game: str = DEFAULT_GAME
    position: int = 0
    """Tasks accepted and stored."""
    can_resume: bool = False
    seen_at_ms: int | None = None
    is_of_input: bool = False
    """Whether its last tasks came from an input that is known."""


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
    return [
        StoredRecorder(
            row.name,
            row.game,
            max(row.position, row.in_journal or 0),
            bool(row.can_resume),
            row.seen_at_ms,
            is_of_input=bool(row.last_input),
        )
        for row in connection.execute(_RECORDERS, {"name": name})
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
