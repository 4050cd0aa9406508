"""What may lag behind the tasks of a recorder: live counters, positions, when players were seen."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import Connection

from resonance_logs.recording.state import RecorderState
from resonance_logs.recording.strays import Strays
from resonance_logs.store import fights
from resonance_logs.store.recorders import store_recorder

MAX_SEEN_DELAY_S: Final = 5.0
"""When a recorder was last seen is stored at least this often while its tasks come."""


def store_state(
    connection: Connection, state: RecorderState, position: int, strays: Strays
) -> None:
    """Store a recorder's position, and the strays that it needs to resume."""
    store_recorder(
        connection,
        state.identity,
        position,
        can_resume=state.can_resume,
        strays=strays.held if state.can_resume else None,
    )


class Settlement:
    """Stores what may lag behind: live counters, and when players were last seen."""

    def __init__(
        self, connection: Connection, state: RecorderState, *, with_players: bool = True
    ) -> None:
        self._state = state
        self._with_players = with_players
        self._position = state.position
        self._entities = state.entities.draft(state.updated)
        self._live_rows = state.live_rows
        if state.fight is not None:
            self._live_rows = fights.store_live(
                connection, state.fight, self._entities, state.live_rows
            )
        if with_players:
            self._entities.store(connection, with_seen=True)
        self._is_stored = state.stored_position != state.position or _is_seen_outdated(state)
        if self._is_stored:
            store_state(connection, state, state.position, state.strays)

    def publish(self) -> None:
        """Mark the state as stored; called once the transaction is committed."""
        if self._with_players:
            self._entities.publish(with_seen=True)
        self._state.live_rows = self._live_rows
        if self._is_stored:
            self._state.stored_position = self._position
            self._state.seen_stored_at = time.monotonic()
        self._state.is_settled = True


def _is_seen_outdated(state: RecorderState) -> bool:
    return time.monotonic() - state.seen_stored_at > MAX_SEEN_DELAY_S
