"""Checksums of an ended fight: figures are as written, or are reported as damaged.

SQLite checks the structure of its pages, not the numbers on them. So each ended fight has a
fingerprint of its row in the list, and a checksum of its rows in each table of figures.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Final

import msgspec
from sqlalchemy import Connection, Table

from resonance_logs.fights.identity import DEFAULT_GAME, DEFAULT_RECORDER
from resonance_logs.store import schema

FINGERPRINTED: Final = (
    "started_at_ms",
    "ended_at_ms",
    "local_player_id",
    "scene_id",
    "scene_name",
    "duration_ms",
    "total_dmg",
    "total_heal",
    "is_defeated",
    "damage_events",
    "heal_events",
    "bosses",
    "players",
    "was_interrupted",
    "rejected_events",
    "lost_events",
)
"""The part of an ended fight's row that never changes; neither its id nor its user marks."""

FINGERPRINTED_LATER: Final = ("clock_jumped", "unknown_dmg")
"""The same of later versions of the schema; left out where none is set, as in older files."""

IDENTIFIED: Final = ("recorder", "game")
"""The same of a still later version; left out where both are the defaults."""

_values = itemgetter(*FINGERPRINTED, *FINGERPRINTED_LATER, *IDENTIFIED)
_FIRST: Final = len(FINGERPRINTED)
_IDENTITY: Final = (DEFAULT_RECORDER, DEFAULT_GAME)
_DEFAULTS: Final = (*[0] * len(FINGERPRINTED_LATER), *_IDENTITY)

CHECKED: Final[Mapping[str, Table]] = {
    "actors_checksum": schema.actor_encounter_stats,
    "damage_checksum": schema.damage_skill_stats,
    "heals_checksum": schema.heal_skill_stats,
    "bosses_checksum": schema.encounter_bosses,
    "attributes_checksum": schema.actor_attributes,
}
"""The columns of a fight's row that hold a checksum, each with its table."""


def fingerprint(fight: Mapping[str, object]) -> int:
    """Eight bytes of BLAKE2b over the fight's row; the same in every file that has the fight."""
    values = _values(fight)
    content = msgspec.msgpack.encode(_without_defaults(values))
    digest = hashlib.blake2b(content, digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def _without_defaults(values: tuple[object, ...]) -> Sequence[object]:
    first, later = values[:_FIRST], values[_FIRST:]
    if later == _DEFAULTS:
        return first
    marks = [each or 0 for each in later[: -len(_IDENTITY)]]
    identity = later[-len(_IDENTITY) :]
    if identity == _IDENTITY:
        return [*first, *marks] if any(marks) else first
    return [*first, *marks, *identity]


def checksum(rows: Iterable[Sequence[object]]) -> int:
    """CRC-32 over rows sorted by key, each without its ``encounter_id``."""
    return zlib.crc32(msgspec.msgpack.encode([tuple(row) for row in rows]))


def is_row_intact(row: Mapping[str, object]) -> bool:
    """Whether an ended fight's row matches its fingerprint, or has none."""
    expected = row["fingerprint"]
    return expected is None or expected == fingerprint(row)


def are_rows_intact(row: Mapping[str, object], name: str, rows: Iterable[Sequence[object]]) -> bool:
    """Whether a fight's rows match the checksum ``name`` of its row, or it has none."""
    return row[name] in (None, checksum(rows))


def stored_rows(connection: Connection, table: Table, encounter_id: int) -> list[tuple[int, ...]]:
    """A fight's rows of a table, sorted by key, each without its ``encounter_id``."""
    rows = connection.exec_driver_sql(_ROWS_QUERIES[table.name], (encounter_id,)).all()
    return [tuple(row) for row in rows]


def _rows_query(table: Table) -> str:
    columns = ", ".join(column.name for column in table.c if column.name != "encounter_id")
    order = ", ".join(column.name for column in table.primary_key)
    return f"SELECT {columns} FROM {table.name} WHERE encounter_id = ? ORDER BY {order}"  # noqa: S608


_ROWS_QUERIES: Final = {table.name: _rows_query(table) for table in CHECKED.values()}
"""As text, because each runs for every fight that is shown."""
