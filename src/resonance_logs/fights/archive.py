"""The archive format: the events of a fight, or of one batch of it, as compact bytes.

::

    payload  =  magic, version, crc32 of the rest, frames
    frame    =  size of what follows (32 bits), zstd data of known content size
    content  =  all frames unpacked and joined: size of the heads (32 bits), heads, planes
    heads    =  one section per kind of event: its number, its form, its length, its columns

A *compact* section stores each column in the order that sorts the key columns before it (stable),
so the hits of one attacker on one defender with one skill are adjacent, and so are equal amounts.
Reading reverses this step by step: each key gives the order of the columns after it. Whatever
depends only on the defender (its maximum, its monster) becomes a few long runs.

Each column records its own encoding (see column_encoding). Later versions may add kinds and
columns; a payload of an unknown version is refused before any of it is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import fields
from struct import Struct
from struct import error as struct_error
from typing import Any, Final

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.column_encoding import Codes, ColumnReader, ColumnWriter
from resonance_logs.fights.events import (
    BOSS,
    CRIT,
    LUCKY,
    NO_NAME,
    UNKNOWN,
    DamageColumn,
    DamageEvents,
    Events,
    HealColumn,
    HealEvents,
    Int64Array,
)
from resonance_logs.tasks import MAX_AMOUNT, MAX_INTEGER

MAX_EVENTS: Final = 2**24
"""Maximum number of events of one kind in a payload: 46 hours at 100 hits per second."""

MAX_CONTENT_BYTES: Final = 2**31
"""Maximum unpacked size of a payload."""

_MAGIC: Final = b"RLA"
_VERSION: Final = 1
_START: Final = Struct("<3sBI")
_SIZE: Final = Struct("<I")
_SECTION: Final = Struct("<BBIq")
"""Kind, compact flag, number of events, time of the first event (epoch ms)."""
_MONSTERS: Final = Struct("<I")
_SHIELD_TAKES: Final = Struct("<B")

_DAMAGE: Final = 1
_HEAL: Final = 2

_JOURNAL_LEVEL: Final = 1
_ARCHIVE_LEVEL: Final = 12
_LARGE_FRAME_LEVEL: Final = 9
"""For contents above _LARGE_FRAME_BYTES: a third of the time for 1 % more bytes."""
_LARGE_FRAME_BYTES: Final = 1 << 17
_FRAME_BYTES: Final = 1024
"""A plane of at least this size gets its own frame, and so its own entropy code."""
_BEST_RATIO: Final = 1 << 16
"""Maximum ratio of zstd: four bytes repeat one byte at most 128 Ki times."""

_Order = NDArray[np.intp]
_UInt = NDArray[Any]

_read_names = msgspec.json.Decoder(list[str])
_write_names = msgspec.json.Encoder()


def encode_events(events: Events, *, compact: bool) -> bytes:
    """Encode events as bytes from which ``decode_events`` restores equal events.

    ``compact`` is for the archive of a whole fight: fewer bytes, more work. Without it, encoding is
    cheap enough for every batch of the journal.

    Raises:
        ValueError: more than MAX_EVENTS of a kind, or integers outside the range of tasks.
    """
    writer = ColumnWriter()
    _write_damage(_SectionWriter(writer, compact=compact), events.damage)
    _write_heals(_SectionWriter(writer, compact=compact), events.heals)
    pieces = [_SIZE.pack(len(writer.heads)) + writer.heads, *writer.planes]
    if sum(map(len, pieces)) > MAX_CONTENT_BYTES:
        raise ValueError(f"expected at most {MAX_CONTENT_BYTES} bytes of events and names")
    contents = _frames(pieces) if compact else [b"".join(pieces)]
    packed = b"".join(_pack(content, compact=compact) for content in contents)
    return _START.pack(_MAGIC, _VERSION, _checksum(packed)) + packed


def decode_events(payload: bytes) -> Events:
    """Decode the bytes of ``encode_events``; the columns are read-only.

    Memory is bounded: by the size of the payload while unpacking (at most MAX_CONTENT_BYTES), then
    by MAX_EVENTS of each kind.

    Raises:
        CorruptArchive: the payload is not an archive, is damaged, or has an unknown version.
    """
    content = _unpack(memoryview(payload))
    if len(content) < _SIZE.size:
        raise CorruptArchive("the archive ends too early")
    (size,) = _SIZE.unpack_from(content)
    heads_end = _SIZE.size + size
    if heads_end > len(content):
        raise CorruptArchive("the archive ends too early")
    reader = ColumnReader(content[_SIZE.size : heads_end], content[heads_end:])
    damage = _read_damage(_SectionReader(reader, _DAMAGE))
    heals = _read_heals(_SectionReader(reader, _HEAL))
    reader.finish()
    _freeze(damage)
    _freeze(heals)
    return Events(damage, heals)


def _write_damage(section: _SectionWriter, damage: DamageEvents) -> None:
    section.begin(_DAMAGE, damage.timestamp_ms)
    section.names(damage.monster_names)
    section.key(damage.defender_id)
    section.column(damage.monster.astype(np.int64))
    section.column(damage.defender_max_hp, table=True)
    section.key(damage.attacker_id)
    section.key(damage.skill_id)
    section.key(damage.flags.astype(np.int64))
    section.column(damage.value)
    section.column(damage.shield_loss)
    section.losses(damage)


def _read_damage(section: _SectionReader) -> DamageEvents:
    numbers = np.empty((len(DamageColumn), section.count), dtype=np.int64)
    section.begin(numbers[DamageColumn.TIMESTAMP_MS])
    names = section.names()
    section.key(numbers[DamageColumn.DEFENDER_ID], UNKNOWN, MAX_INTEGER)
    monster = np.empty(section.count, dtype=np.int32)
    section.column(monster, NO_NAME, len(names) - 1)
    section.column(numbers[DamageColumn.DEFENDER_MAX_HP], UNKNOWN, MAX_INTEGER)
    section.key(numbers[DamageColumn.ATTACKER_ID], -MAX_INTEGER, MAX_INTEGER)
    section.key(numbers[DamageColumn.SKILL_ID], -MAX_INTEGER, MAX_INTEGER)
    flags = np.empty(section.count, dtype=np.uint8)
    section.key(flags, 0, CRIT | LUCKY | BOSS)
    section.column(numbers[DamageColumn.VALUE], 0, MAX_AMOUNT)
    section.column(numbers[DamageColumn.SHIELD_LOSS], 0, MAX_AMOUNT)
    section.losses(numbers)
    return DamageEvents(numbers, flags, monster, names)


def _write_heals(section: _SectionWriter, heals: HealEvents) -> None:
    section.begin(_HEAL, heals.timestamp_ms)
    section.key(heals.target_id)
    section.key(heals.healer_id)
    section.key(heals.skill_id)
    section.key(heals.flags.astype(np.int64))
    section.column(heals.value)


def _read_heals(section: _SectionReader) -> HealEvents:
    numbers = np.empty((len(HealColumn), section.count), dtype=np.int64)
    section.begin(numbers[HealColumn.TIMESTAMP_MS])
    section.key(numbers[HealColumn.TARGET_ID], UNKNOWN, MAX_INTEGER)
    section.key(numbers[HealColumn.HEALER_ID], -MAX_INTEGER, MAX_INTEGER)
    section.key(numbers[HealColumn.SKILL_ID], -MAX_INTEGER, MAX_INTEGER)
    flags = np.empty(section.count, dtype=np.uint8)
    section.key(flags, 0, CRIT | LUCKY)
    section.column(numbers[HealColumn.VALUE], 0, MAX_AMOUNT)
    return HealEvents(numbers, flags)


class _SectionWriter:
    """Writes the columns of one kind; ``_SectionReader`` reads them with the same methods."""

    def __init__(self, writer: ColumnWriter, *, compact: bool) -> None:
        self._writer = writer
        self._compact = compact
        self._order: _Order | None = None

    def begin(self, kind: int, times: Int64Array) -> None:
        """Write the section head, and the times as differences."""
        if len(times) > MAX_EVENTS:
            raise ValueError(f"expected at most {MAX_EVENTS} events of a kind, got {len(times)}")
        first = int(times[0]) if len(times) else 0
        self._writer.heads += _SECTION.pack(kind, self._compact, len(times), first)
        self.column(_zigzag(np.diff(times, prepend=first)), table=True)

    def names(self, names: tuple[str, ...]) -> None:
        text = _write_names.encode(names)
        self._writer.heads += _MONSTERS.pack(len(text)) + text

    def column(self, values: Int64Array, *, table: bool = False) -> Int64Array:
        """Write one column in the current order; return its codes."""
        ordered = values if self._order is None else values[self._order]
        return self._writer.write(ordered, table=table and self._compact)

    def key(self, values: Int64Array) -> None:
        """Write one column that, if compact, sorts the columns after it."""
        codes = self.column(values, table=True)
        if self._compact:
            self._order = _refine_order(self._order, codes)

    def losses(self, damage: DamageEvents) -> None:
        """Write hp_loss as its difference from the value, or from the value minus shield_loss."""
        plain = damage.value - damage.hp_loss
        shielded = plain - damage.shield_loss
        shield_takes = bool(np.count_nonzero(shielded) < np.count_nonzero(plain))
        self._writer.heads += _SHIELD_TAKES.pack(shield_takes)
        self.column(_zigzag(shielded if shield_takes else plain))


class _SectionReader:
    """Reads columns into arrays of ``count`` elements; raises CorruptArchive for invalid data."""

    def __init__(self, reader: ColumnReader, kind: int) -> None:
        self._reader = reader
        found, self._compact, self.count, self._first = reader.unpack(_SECTION)
        if found != kind or self._compact > 1 or self.count > MAX_EVENTS:
            raise CorruptArchive("the head of a section is out of range")
        self._order: _Order | None = None

    def begin(self, times: Int64Array) -> None:
        differences, _ = self._reader.read(self.count)
        np.cumsum(_unzigzag(differences), out=times)
        times += self._first
        _check_bounds(times, -MAX_INTEGER, MAX_INTEGER)

    def names(self) -> tuple[str, ...]:
        (size,) = self._reader.unpack(_MONSTERS)
        try:
            return tuple(_read_names.decode(self._reader.take(size)))
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise CorruptArchive("the names of the monsters are damaged") from error

    def column(self, into: _UInt, lowest: int, highest: int) -> Codes:
        """Read one column, restored to the order of the events; return its codes."""
        values, codes = self._reader.read(self.count)
        _check_bounds(values, lowest, highest)
        into[... if self._order is None else self._order] = values
        return codes

    def key(self, into: _UInt, lowest: int, highest: int) -> None:
        codes = self.column(into, lowest, highest)
        if self._compact:
            self._order = _refine_order(self._order, codes)

    def losses(self, numbers: Int64Array) -> None:
        """Restore hp_loss in ``numbers`` from the value and shield_loss."""
        (shield_takes,) = self._reader.unpack(_SHIELD_TAKES)
        losses = numbers[DamageColumn.HP_LOSS]
        self.column(losses, 0, 8 * MAX_AMOUNT)
        np.subtract(numbers[DamageColumn.VALUE], _unzigzag(losses), out=losses)
        if shield_takes:
            losses -= numbers[DamageColumn.SHIELD_LOSS]
        _check_bounds(losses, 0, MAX_AMOUNT)


def _refine_order(order: _Order | None, codes: Codes) -> _Order | None:
    """The order that sorts by ``codes`` (already in ``order``), stable among equal codes."""
    highest = int(codes.max()) if len(codes) else 0
    if not highest:
        return order
    # Stable sorting is linear only for integers of 8 and 16 bits.
    if highest < 1 << 16:
        codes = codes.astype(np.uint8 if highest < 1 << 8 else np.uint16, copy=False)
    finer = codes.argsort(kind="stable")
    return finer if order is None else order[finer]


def _zigzag(column: Int64Array) -> Int64Array:
    """0, -1, 1, -2, ... as 0, 1, 2, 3, ...: small numbers stay small with either sign."""
    return (column << 1) ^ (column >> 63)


def _unzigzag(column: Int64Array) -> Int64Array:
    return (column >> 1) ^ -(column & 1)


def _check_bounds(column: Int64Array, lowest: int, highest: int) -> None:
    if len(column) and (column.min() < lowest or column.max() > highest):
        raise CorruptArchive(f"a column is not within {lowest} and {highest}")


def _freeze(events: DamageEvents | HealEvents) -> None:
    for field in fields(events):
        column = getattr(events, field.name)
        if isinstance(column, np.ndarray):
            column.setflags(write=False)


def _frames(pieces: list[bytes]) -> Iterator[bytes]:
    """Join the pieces into frame contents: neighbouring small pieces together, large ones alone."""
    small: list[bytes] = []
    for piece in pieces:
        if len(piece) < _FRAME_BYTES:
            small.append(piece)
            continue
        if small:
            yield b"".join(small)
            small = []
        yield piece
    if small:
        yield b"".join(small)


def _pack(content: bytes, *, compact: bool) -> bytes:
    level = _JOURNAL_LEVEL
    if compact:
        level = _ARCHIVE_LEVEL if len(content) <= _LARGE_FRAME_BYTES else _LARGE_FRAME_LEVEL
    frame = zstandard.ZstdCompressor(level=level).compress(content)
    return _SIZE.pack(len(frame)) + frame


def _unpack(payload: memoryview) -> memoryview:
    """Unpack the content of a payload after checking its start, checksum and declared sizes."""
    if len(payload) < _START.size:
        raise CorruptArchive("the archive ends too early")
    magic, version, checksum = _START.unpack_from(payload)
    if magic != _MAGIC:
        raise CorruptArchive("this is not an archive of events")
    if version != _VERSION:
        raise CorruptArchive(f"archive version {version} is not supported by this program")
    packed = payload[_START.size :]
    if checksum != _checksum(packed):
        raise CorruptArchive("the archive is damaged: its checksum is wrong")
    return _unpack_frames(packed)


def _unpack_frames(packed: memoryview) -> memoryview:
    decompressor = zstandard.ZstdDecompressor()
    contents = []
    room = MAX_CONTENT_BYTES
    try:
        while len(packed):
            (size,) = _SIZE.unpack_from(packed)
            frame, packed = packed[_SIZE.size :][:size], packed[_SIZE.size + size :]
            declared = zstandard.frame_content_size(frame)
            if not 0 < declared <= min(room, len(frame) * _BEST_RATIO):
                raise CorruptArchive("a frame declares an impossible size")
            room -= declared
            contents.append(decompressor.decompress(frame, allow_extra_data=False))
    except (zstandard.ZstdError, struct_error) as error:
        raise CorruptArchive("a frame is damaged") from error
    return memoryview(contents[0] if len(contents) == 1 else b"".join(contents))


def _checksum(packed: bytes | memoryview) -> int:
    return zlib.crc32(packed, _VERSION)
