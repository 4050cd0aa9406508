"""The raw events of the open fight: one row a batch, until the fight has ended.

A row's payload is one zstd frame of: a head (version, hits, heals, length of the names), the
names of monsters (JSON), then the arrays of ``events`` as they are, 64-bit numbers with their
first bytes side by side, then the second ones. Few calls matter more here than few bytes: each
gives up the interpreter lock, and gets it back up to 5 ms later from a busy application.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

import msgspec
import numpy as np
import zstandard
from sqlalchemy import Connection, delete, func, select

from resonance_logs.errors import CorruptArchive
from resonance_logs.events import (
    DamageColumn,
    DamageEvents,
    Events,
    HealColumn,
    HealEvents,
    Int64Array,
)
from resonance_logs.store.rows import insert_rows
from resonance_logs.store.tables import encounter_journal

VERSION: Final = 1
LEVEL: Final = 1

_HEAD: Final = Struct("<BIII")
_HIT_BYTES: Final = 8 * len(DamageColumn) + 1 + 4
_HEAL_BYTES: Final = 8 * len(HealColumn) + 1
_names_decoder: Final = msgspec.json.Decoder(tuple[str, ...])


def append(connection: Connection, encounter_id: int, chunk: int, events: Events) -> None:
    """Write the events of one batch as the row ``chunk`` (0, 1, 2, ...) of the fight."""
    insert_rows(
        connection,
        encounter_journal,
        ("encounter_id", "chunk", "events", "payload"),
        [(encounter_id, chunk, len(events), pack_chunk(events))],
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
    return [unpack_chunk(payload) for (payload,) in rows]


def prune(connection: Connection, encounter_id: int) -> int:
    """Delete the fight's rows; the bytes of events that were in them."""
    of_fight = encounter_journal.c.encounter_id == encounter_id
    size = connection.execute(
        select(func.coalesce(func.sum(func.length(encounter_journal.c.payload)), 0)).where(of_fight)
    ).scalar_one()
    connection.execute(delete(encounter_journal).where(of_fight))
    return int(size)


def pack_chunk(events: Events) -> bytes:
    """The payload of a row."""
    hits, heals = events.damage, events.heals
    names = msgspec.json.encode(hits.monster_names)
    content = b"".join(
        (
            _HEAD.pack(VERSION, len(hits), len(heals), len(names)),
            names,
            _planes(hits.numbers),
            hits.flags.tobytes(),
            hits.monster.astype("<i4", copy=False).tobytes(),
            _planes(heals.numbers),
            heals.flags.tobytes(),
        )
    )
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(content)


def unpack_chunk(payload: bytes) -> Events:
    """The events of a payload.

    Raises:
        CorruptArchive: it is damaged, or of a version unknown here.
    """
    try:
        content = zstandard.ZstdDecompressor().decompress(payload)
        return _events(content)
    except (zstandard.ZstdError, msgspec.MsgspecError, ValueError, MemoryError) as error:
        raise CorruptArchive(f"a row of the journal cannot be read: {error}") from error


def _events(content: bytes) -> Events:
    if len(content) < _HEAD.size or content[0] != VERSION:
        raise CorruptArchive("a row of the journal is of a version that is not known here")
    _, hits, heals, named = _HEAD.unpack_from(content)
    if len(content) != _HEAD.size + named + hits * _HIT_BYTES + heals * _HEAL_BYTES:
        raise CorruptArchive("a row of the journal is not as long as it says")
    names = _names_decoder.decode(content[_HEAD.size : _HEAD.size + named])
    rest = memoryview(content)[_HEAD.size + named :]
    of_hits, of_heals = rest[: hits * _HIT_BYTES], rest[hits * _HIT_BYTES :]
    flags_at, monster_at = 8 * len(DamageColumn) * hits, (8 * len(DamageColumn) + 1) * hits
    damage = DamageEvents(
        _numbers(of_hits[:flags_at], len(DamageColumn), hits),
        np.frombuffer(of_hits[flags_at:monster_at], dtype=np.uint8),
        np.frombuffer(of_hits[monster_at:], dtype="<i4").astype(np.int32, copy=False),
        names,
    )
    flags_at = 8 * len(HealColumn) * heals
    healing = HealEvents(
        _numbers(of_heals[:flags_at], len(HealColumn), heals),
        np.frombuffer(of_heals[flags_at:], dtype=np.uint8),
    )
    return Events(damage, healing)


def _planes(numbers: Int64Array) -> bytes:
    columns, size = numbers.shape
    whole = np.ascontiguousarray(numbers, dtype="<i8")
    single = whole.view(np.uint8).reshape(columns, size, 8)
    return single.transpose(0, 2, 1).tobytes()


def _numbers(planes: memoryview, columns: int, size: int) -> Int64Array:
    single = np.frombuffer(planes, dtype=np.uint8).reshape(columns, 8, size)
    whole = np.ascontiguousarray(single.transpose(0, 2, 1))
    return whole.view("<i8").reshape(columns, size).astype(np.int64, copy=False)
