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
from collections.abc import Iterator, Mapping
from struct import Struct
from struct import error as struct_error
from typing import Final, NamedTuple

import numpy as np
import zstandard

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.column_encoding import ColumnReader, ColumnWriter
from resonance_logs.fights.events import Events
from resonance_logs.fights.kinds import KINDS
from resonance_logs.fights.kinds.archive_section import (
    SectionMeasure,
    SectionReader,
    SectionWriter,
)
from resonance_logs.fights.kinds.kind import TIMESTAMP_MS, EventColumns

MAX_EVENTS: Final = 2**24
"""Maximum number of events of one kind in a payload: 46 hours at 100 hits per second."""

MAX_CONTENT_BYTES: Final = 2**31
"""Maximum unpacked size of a payload."""

MAX_HEADS_BYTES: Final = 2**26
"""Maximum size of the heads: nothing but the names in them is larger than a few hundred bytes."""

MAX_FRAMES: Final = 4_096
"""Maximum number of frames, far above the number of planes of all kinds."""

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
_SMALL_BYTES: Final = 1 << 20
"""A content of at most this size is unpacked at once, which is faster."""
_BEST_RATIO: Final = 1 << 16
"""Maximum ratio of zstd: four bytes repeat one byte at most 128 Ki times."""


def encode_events(events: Events, *, compact: bool) -> bytes:
    """Encode events as bytes from which ``decode_events`` restores equal events.

    ``compact`` is for the archive of a whole fight: fewer bytes, more work. Without it, encoding is
    cheap enough for every batch of the journal.

    Raises:
        ValueError: more than MAX_EVENTS of a kind, more than MAX_HEADS_BYTES of names, or integers
            outside the range of tasks.
    """
    writer = ColumnWriter()
    for number, kind in KINDS.items():
        columns = events.of(kind)
        if columns is not None:
            _write_section(writer, number, columns, compact=compact)
    if len(writer.heads) > MAX_HEADS_BYTES:
        raise ValueError(f"expected at most {MAX_HEADS_BYTES:,} bytes of names")
    pieces = [_SIZE.pack(len(writer.heads)) + writer.heads, *writer.planes]
    if sum(map(len, pieces)) > MAX_CONTENT_BYTES:
        raise ValueError(f"expected at most {MAX_CONTENT_BYTES} bytes of events and names")
    contents = _frames(pieces) if compact else [b"".join(pieces)]
    packed = b"".join(_pack(content, compact=compact) for content in contents)
    return _START.pack(_MAGIC, _VERSION, _checksum(packed)) + packed


def decode_events(payload: bytes, *, expected: int | None = None) -> Events:
    """Decode the bytes of ``encode_events``; the columns are read-only.

    Memory is bounded by the numbers of events that the heads declare, at most MAX_EVENTS of each
    kind: only the heads are unpacked before it is certain that everything else has the size that
    they imply. With ``expected``, a payload of another number of events is refused then, too.

    Raises:
        CorruptArchive: the payload is not an archive, is damaged, or was written by a newer version
            of the program.
    """
    reader, _ = _open(payload, expected)
    events = Events(*(columns for _, columns in _read_sections(reader)))
    reader.finish()
    return events


def check_events(payload: bytes, expected: int) -> Mapping[type[EventColumns], int]:
    """Decode a payload of ``expected`` events without keeping them; returns how many of each kind
    it has. Memory is that of the kind with the most events.

    Raises:
        CorruptArchive: as for ``decode_events``.
    """
    reader, counts = _open(payload, expected)
    for _section in _read_sections(reader):
        del _section
    reader.finish()
    return {KINDS[number]: count for number, count in counts.items()}


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


def _open(payload: bytes, expected: int | None) -> tuple[ColumnReader, Mapping[int, int]]:
    """The columns of a payload, unpacked, and its number of events of each kind."""
    frames = _split(payload)
    declared = sum(frame.declared for frame in frames)
    content = _unpack(frames, declared) if declared <= _SMALL_BYTES else None
    (size,) = _SIZE.unpack(_beginning(frames, content, _SIZE.size))
    if size > MAX_HEADS_BYTES:
        raise CorruptArchive("its heads are too large")
    heads_end = _SIZE.size + size
    counts, planes = _measure(_beginning(frames, content, heads_end)[_SIZE.size :])
    if declared < heads_end + planes:
        raise CorruptArchive("the archive ends too early")
    if declared > heads_end + planes:
        raise CorruptArchive("a frame declares more bytes than its events need")
    found = sum(counts.values())
    if expected not in (None, found):
        raise CorruptArchive(f"the archive has {found:,} events, but {expected} were stored")
    if content is None:
        content = _unpack(frames, declared)
    return ColumnReader(content[_SIZE.size : heads_end], content[heads_end:]), counts


def _measure(heads: memoryview) -> tuple[Mapping[int, int], int]:
    """The number of events of each kind, and the bytes of all planes, as the heads declare them."""
    reader = ColumnReader(heads, memoryview(b""))
    counts = {}
    for number, form, count, _ in _section_heads(reader):
        counts[number] = count
        kind = KINDS[number]
        if count or kind.IS_ALWAYS_KNOWN:
            section = SectionMeasure(reader, count)
            nothing = np.empty((len(kind.COLUMNS), 0), dtype=np.int64)
            section.times(nothing[TIMESTAMP_MS], 0)
            kind.readers()[form >> 1](section, nothing)
    return counts, reader.skipped


def _section_heads(reader: ColumnReader) -> Iterator[tuple[int, ...]]:
    """The head of each section: number, form, number of events, first time.

    As the numbers ascend, memory is bounded by the known kinds. The caller reads the columns of a
    section before it asks for the next one.
    """
    missing = {number for number, kind in KINDS.items() if kind.IS_ALWAYS_KNOWN}
    last = 0
    while reader.has_heads():
        head = reader.unpack(_SECTION)
        number, form, count, _ = head
        if number <= last or count > MAX_EVENTS:
            raise CorruptArchive("the head of a section is out of range")
        _check_known(number, form >> 1)
        yield head
        last = number
        missing.discard(number)
    if missing:
        raise CorruptArchive("the archive lacks a section that every archive has")


def _check_known(number: int, version: int) -> None:
    newer = "the archive was written by a newer version of the program: "
    kind = KINDS.get(number)
    if kind is None:
        raise CorruptArchive(
            f"{newer}it has events of kind {number}, which this version does not know"
        )
    readers = kind.readers()
    if version >= len(readers):
        raise CorruptArchive(
            f"{newer}its section of kind {number} has version {version}, this version reads up to "
            f"{len(readers) - 1}"
        )


def _read_sections(reader: ColumnReader) -> Iterator[tuple[int, EventColumns]]:
    """The kinds of a payload."""
    for number, form, count, first in _section_heads(reader):
        yield number, _read_section(reader, KINDS[number], form, count, first)


def _read_section(
    reader: ColumnReader, kind: type[EventColumns], form: int, count: int, first: int
) -> EventColumns:
    if not (count or kind.IS_ALWAYS_KNOWN):
        return kind.empty()
    section = SectionReader(reader, count, compact=bool(form & 1))
    numbers = np.empty((len(kind.COLUMNS), count), dtype=np.int64)
    section.times(numbers[TIMESTAMP_MS], first)
    columns = kind.readers()[form >> 1](section, numbers)
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


class _Frame(NamedTuple):
    """A compressed frame, and the size of its content as it declares it."""

    packed: memoryview
    declared: int

    def reader(self) -> zstandard.ZstdDecompressionReader:
        """Unpacks the frame part by part."""
        decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_CONTENT_BYTES)
        return decompressor.stream_reader(self.packed)


def _split(payload: bytes) -> list[_Frame]:
    """The frames of a payload, after checking its start, checksum and declared sizes."""
    if not isinstance(payload, bytes):  # a damaged or forged file may hold anything
        raise CorruptArchive("this is not an archive of events")
    if len(payload) < _START.size:
        raise CorruptArchive("the archive ends too early")
    magic, version, checksum = _START.unpack_from(payload)
    if magic != _MAGIC:
        raise CorruptArchive("this is not an archive of events")
    if version != _VERSION:
        raise CorruptArchive(f"archive version {version} is not supported by this program")
    packed = memoryview(payload)[_START.size :]
    if checksum != _checksum(packed):
        raise CorruptArchive("the archive is damaged: its checksum is wrong")
    frames: list[_Frame] = []
    room = MAX_CONTENT_BYTES
    try:
        while len(packed):
            (size,) = _SIZE.unpack_from(packed)
            frame, packed = packed[_SIZE.size :][:size], packed[_SIZE.size + size :]
            declared = zstandard.frame_content_size(frame)
            if not 0 < declared <= min(room, len(frame) * _BEST_RATIO):
                raise CorruptArchive("a frame declares an impossible size")
            if len(frames) == MAX_FRAMES:
                raise CorruptArchive(f"the archive has more than {MAX_FRAMES:,} frames")
            room -= declared
            frames.append(_Frame(frame, declared))
    except (zstandard.ZstdError, struct_error) as error:
        raise CorruptArchive("a frame is damaged") from error
    return frames


def _beginning(frames: list[_Frame], content: memoryview | None, size: int) -> memoryview:
    """The first bytes of the content; if it is not unpacked yet, nothing after them is."""
    begun = bytearray()
    if content is not None:
        frames, begun = [], bytearray(content[:size])
    try:
        for frame in frames:
            if len(begun) == size:
                break
            with frame.reader() as reader:
                begun += reader.read(min(size - len(begun), frame.declared))
    except zstandard.ZstdError as error:
        raise CorruptArchive("a frame is damaged") from error
    if len(begun) < size:
        raise CorruptArchive("the archive ends too early")
    return memoryview(begun)


def _unpack(frames: list[_Frame], declared: int) -> memoryview:
    """Unpack all frames, into one piece of memory of exactly the declared size."""
    if len(frames) == 1:
        return memoryview(_unpack_frame(frames[0]))
    content = bytearray(declared)
    end = 0
    for frame in frames:
        content[end : end + frame.declared] = _unpack_frame(frame)
        end += frame.declared
    return memoryview(content).toreadonly()


def _unpack_frame(frame: _Frame) -> bytes:
    try:
        content = zstandard.ZstdDecompressor().decompress(frame.packed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise CorruptArchive("a frame is damaged") from error
    if len(content) != frame.declared:
        raise CorruptArchive("a frame is damaged")
    return content


def _checksum(packed: bytes | memoryview) -> int:
    return zlib.crc32(packed, _VERSION)
