"""Damaged archives of fights, and the claims about their decoder."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass, fields
from random import Random
from struct import Struct
from typing import Final

import numpy as np
import zstandard

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.archive import MAX_EVENTS, decode_events, encode_events
from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.kinds import KINDS
from resonance_logs.fights.kinds.damage import BOSS
from resonance_logs.fights.kinds.kind import EventColumns
from resonance_logs.fights.kinds.values import CRIT, LUCKY
from torture.fuzz.claims import Memory, claim, claim_memory, claim_one_line
from torture.fuzz.material import Material
from torture.fuzz.mutations import ANY, IN_PLACE, mutate

MEMORY: Final = 64 << 20
MEMORY_A_BYTE: Final = 64
MEMORY_AN_EVENT: Final = 256
"""Bound for decoded archives; for those refused with a correct checksum, that of MAX_EVENTS."""

REWRITTEN: Final = 50_000
"""Maximum number of events to encode again, which takes longer than decoding."""

LEVELS: Final = ("payload", "frames", "content", "heads", "planes")
"""The level of the damage. Below the payload, checksums and sizes are corrected."""

_START: Final = Struct("<3sBI")
_START_BYTES: Final = _START.size
_SIZE: Final = Struct("<I")


@dataclass(frozen=True, slots=True)
class ArchiveCase:
    """A damaged payload, the payload it was made from, and its events."""

    story: str
    payload: bytes
    original: bytes
    events: Events


def make_archive(random: Random, material: Material) -> ArchiveCase:
    """The archive of a part of a recording, damaged at one of its levels."""
    recording, compact = random.choice(material), random.random() < 0.5
    where = recording.window(random, 2_000)
    events = collect_events(recording.tasks[where])
    original = encode_events(events, compact=compact)
    level, ways = random.choice(LEVELS), random.choice((ANY, IN_PLACE))

    def other() -> bytes:
        return _at_level(_payload(random, material), level)[1]

    before, part, after = _at_level(original, level)
    damaged, names = mutate(random, part, other, ways)
    story = (
        f"{level} of the {'archive' if compact else 'journal'} of lines {where.start + 1} to "
        f"{where.stop} of {recording.name}: {names}"
    )
    payload = _from_level(random, before, damaged, after, level)
    return ArchiveCase(story, payload, original, events)


def check_archive(case: ArchiveCase) -> Counter[str]:
    """Decode the payload and check the claims about the decoder; returns counts of the results."""
    counts = Counter(inputs=1, bytes=len(case.payload), accepted=0, refused=0, corrupt=0)
    claim(
        are_equal(decode_events(case.original), case.events),
        "the original does not decode to itself",
    )
    is_signed = has_right_checksum(case.payload)
    bound = MEMORY + MEMORY_A_BYTE * len(case.payload)
    memory = Memory()
    try:
        events = decode_events(case.payload)
    except CorruptArchive as error:
        claim_memory(memory.grown(), bound + MEMORY_AN_EVENT * MAX_EVENTS * is_signed)
        claim_one_line(str(error), "")
        claim(case.payload != case.original, "an undamaged archive is refused")
        counts["corrupt"] = 1
        return counts
    claim_memory(memory.grown(), bound + MEMORY_AN_EVENT * len(events))
    claim(is_signed, "damage was not noticed, though the checksum is wrong")
    if case.payload == case.original:
        claim(are_equal(events, case.events), "the events are not those that were written")
    _check_whole(events)
    counts["accepted"] = 1
    return counts


def signed(packed: bytes) -> bytes:
    """A payload of these frames with a valid start and checksum."""
    return _START.pack(b"RLA", 1, zlib.crc32(packed, 1)) + packed


def has_right_checksum(payload: bytes) -> bool:
    """Whether the start and the checksum are correct."""
    return payload[:_START_BYTES] == signed(payload[_START_BYTES:])[:_START_BYTES]


def are_equal(found: Events, expected: Events) -> bool:
    """Whether the events are equal in every column of every kind."""
    return all(_are_same(found.of(kind), expected.of(kind)) for kind in KINDS.values())


def _are_same(found: EventColumns | None, expected: EventColumns | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return all(
        np.array_equal(getattr(found, each.name), getattr(expected, each.name))
        for each in fields(found)
    )


def _check_whole(events: Events) -> None:
    for columns in events.kinds:
        kind, numbers = type(columns).__name__, columns.numbers
        claim(numbers.shape == (len(columns.COLUMNS), len(columns)), f"{kind} are incomplete")
        claim(not numbers.flags.writeable, f"{kind} can be written to")
        for row, (lowest, highest, _) in columns.COLUMNS.items():
            within = (numbers[row] >= lowest) & (numbers[row] <= highest)
            claim(bool(np.all(within)), f"row {row} of {kind} is out of range")
    damage = events.damage
    claim(damage.monster.shape == (len(damage),), "monsters are incomplete")
    claim(bool(np.all(damage.flags <= CRIT | LUCKY | BOSS)), "flags of hits are out of range")
    claim(bool(np.all(events.heals.flags <= CRIT | LUCKY)), "flags of heals are out of range")
    claim(bool(np.all(damage.monster < len(damage.monster_names))), "a monster has no name")
    if len(events) <= REWRITTEN:
        for compact in (False, True):
            again = decode_events(encode_events(events, compact=compact))
            claim(are_equal(again, events), "the events change when they are written again")


def _payload(random: Random, material: Material) -> bytes:
    recording = random.choice(material)
    events = collect_events(recording.tasks[recording.window(random, 500)])
    return encode_events(events, compact=random.random() < 0.5)


def _at_level(payload: bytes, level: str) -> tuple[bytes, bytes, bytes]:
    """The part to damage at a level of the payload, between the unchanged parts."""
    if level == "payload":
        return b"", payload, b""
    if level == "frames":
        return b"", payload[_START_BYTES:], b""
    content = _content(payload)
    if level == "content":
        return b"", content, b""
    heads_end = _SIZE.size + _SIZE.unpack_from(content)[0]
    heads, planes = content[_SIZE.size : heads_end], content[heads_end:]
    return (b"", heads, planes) if level == "heads" else (heads, planes, b"")


def _from_level(random: Random, before: bytes, damaged: bytes, after: bytes, level: str) -> bytes:
    if level == "payload":
        return damaged
    if level == "frames":
        return signed(damaged)
    if level == "content":
        return _framed(random, damaged)
    heads, planes = (damaged, after) if level == "heads" else (before, damaged)
    return _framed(random, _SIZE.pack(len(heads)) + heads + planes)


def _content(payload: bytes) -> bytes:
    """The decompressed content of all frames."""
    packed, content = payload[_START_BYTES:], b""
    while packed:
        (size,) = _SIZE.unpack_from(packed)
        content += zstandard.ZstdDecompressor().decompress(packed[_SIZE.size :][:size])
        packed = packed[_SIZE.size + size :]
    return content


def _framed(random: Random, content: bytes) -> bytes:
    """A payload of this content, in one frame or in two."""
    place = random.choice((0, random.randrange(len(content) + 1)))
    frames = [zstandard.compress(part, 1) for part in (content[:place], content[place:]) if part]
    return signed(b"".join(_SIZE.pack(len(frame)) + frame for frame in frames))
