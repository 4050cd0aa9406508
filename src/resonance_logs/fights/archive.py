"""The archive format: the events of a fight, or of one batch of it, as compact bytes.

::

    payload  =  magic, version, crc32 of the rest, frames
    frame    =  size of what follows (32 bits), zstd data of known content size
    content  =  all frames unpacked and joined: size of the heads (32 bits), heads, planes
    heads    =  one section per kind of event: its number, its form, its length, its columns
    form     =  version of the section * 2 + 1 if it is compact

Sections ascend by number. A payload may lack any kind but the first two; whether it has events of
that kind is then unknown. A section of length 0 has no columns, but for the first two kinds.

A new kind, or a new version of a kind's section, leaves the payloads of other kinds as they are. A
payload that uses what this program does not know is refused. Each kind writes and reads its own
columns (see kinds), and each column records its own encoding (see column_encoding).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import Struct
from struct import error as struct_error
from typing import Final

import numpy as np
import zstandard

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.column_encoding import ColumnReader, ColumnWriter
from resonance_logs.fights.events import Events
from resonance_logs.fights.kinds import KINDS
from resonance_logs.fights.kinds.archive_section import SectionReader, SectionWriter
from resonance_logs.fights.kinds.kind import TIMESTAMP_MS, EventColumns

MAX_EVENTS: Final = 2**24
"""Maximum number of events of one kind in a payload: 46 hours at 100 hits per second."""

MAX_CONTENT_BYTES: Final = 2**31
"""Maximum unpacked size of a payload."""

_MAGIC: Final = b"RLA"
_VERSION: Final = 1
_START: Final = Struct("<3sBI")
_SIZE: Final = Struct("<I")
_SECTION: Final = Struct("<BBIq")
"""Kind, form, number of events, time of the first event (epoch ms)."""

_JOURNAL_LEVEL: Final = 1
_ARCHIVE_LEVEL: Final = 12
_LARGE_FRAME_LEVEL: Final = 9
"""For contents above _LARGE_FRAME_BYTES: a third of the time for 1 % more bytes."""
_LARGE_FRAME_BYTES: Final = 1 << 17
_FRAME_BYTES: Final = 1024
"""A plane of at least this size gets its own frame, and so its own entropy code."""
_BEST_RATIO: Final = 1 << 16
"""Maximum ratio of zstd: four bytes repeat one byte at most 128 Ki times."""


def encode_events(events: Events, *, compact: bool) -> bytes:
    """Encode events as bytes from which ``decode_events`` restores equal events.

    ``compact`` is for the archive of a whole fight: fewer bytes, more work. Without it, encoding is
    cheap enough for every batch of the journal.

    Raises:
        ValueError: more than MAX_EVENTS of a kind, or integers outside the range of tasks.
    """
    writer = ColumnWriter()
    for number, kind in KINDS.items():
        columns = events.of(kind)
        if columns is not None:
            _write_section(writer, number, columns, compact=compact)
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
        CorruptArchive: the payload is not an archive, is damaged, or was written by a newer version
            of the program.
    """
    content = _unpack(memoryview(payload))
    if len(content) < _SIZE.size:
        raise CorruptArchive("the archive ends too early")
    (size,) = _SIZE.unpack_from(content)
    heads_end = _SIZE.size + size
    if heads_end > len(content):
        raise CorruptArchive("the archive ends too early")
    reader = ColumnReader(content[_SIZE.size : heads_end], content[heads_end:])
    events = Events(*_read_sections(reader))
    reader.finish()
    return events


def _write_section(
    writer: ColumnWriter, number: int, columns: EventColumns, *, compact: bool
) -> None:
    count = len(columns)
    if count > MAX_EVENTS:
        raise ValueError(f"expected at most {MAX_EVENTS} events of a kind, got {count}")
    first = int(columns.timestamp_ms[0]) if count else 0
    version = len(columns.readers()) - 1
    writer.heads += _SECTION.pack(number, version << 1 | compact, count, first)
    if count or columns.IS_ALWAYS_KNOWN:
        section = SectionWriter(writer, compact=compact)
        section.times(columns.timestamp_ms, first)
        columns.write(section)


def _read_sections(reader: ColumnReader) -> Iterator[EventColumns]:
    """The kinds of a payload; as their numbers ascend, memory is bounded by the known kinds."""
    missing = {number for number, kind in KINDS.items() if kind.IS_ALWAYS_KNOWN}
    last = 0
    while reader.has_heads():
        number, form, count, first = reader.unpack(_SECTION)
        if number <= last or count > MAX_EVENTS:
            raise CorruptArchive("the head of a section is out of range")
        yield _read_section(reader, number, form, count, first)
        last = number
        missing.discard(number)
    if missing:
        raise CorruptArchive("the archive lacks a section that every archive has")


def _read_section(
    reader: ColumnReader, number: int, form: int, count: int, first: int
) -> EventColumns:
    kind, version = KINDS.get(number), form >> 1
    if kind is None:
        raise CorruptArchive(
            f"the archive was written by a newer version of the program: it has events of kind "
            f"{number}, which this version does not know"
        )
    readers = kind.readers()
    if version >= len(readers):
        raise CorruptArchive(
            f"the archive was written by a newer version of the program: its section of kind "
            f"{number} has version {version}, this version reads up to {len(readers) - 1}"
        )
    if not (count or kind.IS_ALWAYS_KNOWN):
        return kind.empty()
    section = SectionReader(reader, count, compact=bool(form & 1))
    numbers = np.empty((len(kind.COLUMNS), count), dtype=np.int64)
    section.times(numbers[TIMESTAMP_MS], first)
    columns = readers[version](section, numbers)
    columns.freeze()
    return columns


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
