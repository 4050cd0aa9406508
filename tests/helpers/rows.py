"""Rows written without the recorder."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from resonance_logs.store import schema


def add_fight(connection: Connection, started_at_ms: int = 1) -> int:
    result = connection.execute(insert(schema.encounters), {"started_at_ms": started_at_ms})
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])
