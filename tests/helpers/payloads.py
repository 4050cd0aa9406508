"""Payloads of events forged at will, and events compared in every column."""

import zlib
from dataclasses import fields
from struct import pack, unpack

import numpy as np
import zstandard

from resonance_logs.fights.events import Events
from resonance_logs.fights.kinds import KINDS

START_BYTES = 8


def assert_equal(found: Events, expected: Events) -> None:
    for kind in KINDS.values():
        ours, theirs = found.of(kind), expected.of(kind)
        if ours is None or theirs is None:
            assert ours is theirs
            continue
        for each in fields(ours):
            one, other = getattr(ours, each.name), getattr(theirs, each.name)
            if isinstance(one, np.ndarray):
                assert one.dtype == other.dtype
                assert one.shape == other.shape
                assert np.array_equal(one, other)
            else:
                assert one == other


def signed(packed: bytes) -> bytes:
    """A payload of these frames with a valid start and checksum."""
    return pack("<3sBI", b"RLA", 1, zlib.crc32(packed, 1)) + packed


def framed(content: bytes) -> bytes:
    frame = zstandard.ZstdCompressor(level=1).compress(content)
    return signed(pack("<I", len(frame)) + frame)


def content_of(payload: bytes) -> bytes:
    """What a payload of a single frame unpacks to."""
    (size,) = unpack("<I", payload[START_BYTES : START_BYTES + 4])
    assert len(payload) == START_BYTES + 4 + size
    return zstandard.ZstdDecompressor().decompress(payload[START_BYTES + 4 :])


def with_heads(heads: bytes, planes: bytes = b"") -> bytes:
    """A payload of these heads and planes."""
    return framed(pack("<I", len(heads)) + heads + planes)


def split_content(payload: bytes) -> tuple[bytes, bytes]:
    """The heads and the planes of a payload of a single frame."""
    content = content_of(payload)
    (size,) = unpack("<I", content[:4])
    return content[4 : 4 + size], content[4 + size :]
