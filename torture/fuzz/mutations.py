"""Mutations: the ways to damage bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from struct import pack
from typing import Final

from resonance_logs.fights.archive import MAX_EVENTS
from resonance_logs.sources.ndjson import BOM, MAX_LINE_BYTES
from resonance_logs.tasks import MAX_INTEGER

_PIECES: Final = (
    *(b"\0", b"\0" * 300, b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", BOM, b"\xff\xfe"),
    *(
        rb"\ud800",
        rb"\udc00",
        rb"\ud83d\ude00",
        rb"\u12",
        b"\\",
        b'"',
        b"{",
        b"}",
        b"[",
        b",",
        b":",
    ),
    *(b"\n", b"\r", b"\r\n", b"\n\n", b"}\n{", b"}{", b"\x0c", b"\x1b[31m", b"\xe2\x80\xa8"),
    *(b"[" * 100_000, b'{"a":' * 50_000, b"x" * 70_000, b"y" * 300_000, b"?\n" * 70_000),
)
_NUMBERS: Final = (
    *(b"9007199254740991", b"9007199254740992", b"-9007199254740992", b"9223372036854775808"),
    *(b"18446744073709551616", b"9" * 5_000, b"1000000000000", b"1000000000001", b"-1", b"-0"),
    *(b"1.0", b"1e3", b"1e400", b"01", b"0x1", b"NaN", b"-Infinity", b"null", b"true", b'"1"'),
    *(b"[]", b"{}", b"[" * 100_000),
)
_EXTREMES: Final = (
    *(b"\xff", b"\x80", b"\x7f", b"\xff" * 4, b"\xff" * 8, b"\0" * 4, b"\xff\xff\xff\x7f"),
    *(pack("<I", MAX_EVENTS), pack("<I", 70_000), pack("<q", 2**60), pack("<q", -(2**60))),
    *(pack("<q", MAX_INTEGER), pack("<q", MAX_INTEGER + 1), pack("<q", -(2**63))),
)
_NUMBER: Final = re.compile(rb"-?\d+")
_TEXT: Final = re.compile(rb'"[^"\n]*"')


def _run(random: Random, data: bytes) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    longest = len(data) if random.random() < 0.1 else 64
    return start, min(len(data), start + random.randint(1, max(1, longest)))


def flip_bits(random: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8)) if data else 0):
        changed[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(changed)


def overwrite_run(random: Random, data: bytes) -> bytes:
    start, end = _run(random, data)
    return data[:start] + random.randbytes(end - start) + data[end:]


def zero_run(random: Random, data: bytes) -> bytes:
    start, end = _run(random, data)
    return data[:start] + bytes(end - start) + data[end:]


def delete_run(random: Random, data: bytes) -> bytes:
    start, end = _run(random, data)
    return data[:start] + data[end:]


def duplicate_run(random: Random, data: bytes) -> bytes:
    start, end = _run(random, data)
    times = random.choice((1, 1, 2, 20)) if len(data) < 1 << 20 else 1
    return data[:end] + data[start:end] * times + data[end:]


def swap_runs(random: Random, data: bytes) -> bytes:
    (a, b), (c, d) = sorted((_run(random, data), _run(random, data)))
    b = min(b, c)
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def truncate(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def insert_piece(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data) + 1)
    is_longest = random.random() < 0.003
    piece = b"z" * (MAX_LINE_BYTES + 1) if is_longest else random.choice(_PIECES)
    return data[:place] + piece + data[place:]


def put_extreme(random: Random, data: bytes) -> bytes:
    place, value = random.randrange(len(data) + 1), random.choice(_EXTREMES)
    return data[:place] + value + data[place + len(value) :]


def change_number(random: Random, data: bytes) -> bytes:
    found = _NUMBER.search(data, random.randrange(len(data) + 1))
    if found is None:
        return put_extreme(random, data)
    return data[: found.start()] + random.choice(_NUMBERS) + data[found.end() :]


def change_text(random: Random, data: bytes) -> bytes:
    found = _TEXT.search(data, random.randrange(len(data) + 1))
    if found is None:
        return flip_bits(random, data)
    return data[: found.start()] + b'"%b"' % random.choice(_PIECES) + data[found.end() :]


Way = Callable[[Random, bytes], bytes]

IN_PLACE: Final[tuple[Way, ...]] = (flip_bits, flip_bits, overwrite_run, zero_run, put_extreme)
"""Those that keep the size, except at the end."""

ANY: Final[tuple[Way | None, ...]] = (
    *(*IN_PLACE, delete_run, duplicate_run, swap_runs, truncate, insert_piece),
    *(change_number, change_text, None),
)
"""All; None is the splice with other input."""


def splice(random: Random, data: bytes, other: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def mutate(
    random: Random, data: bytes, other: Callable[[], bytes], ways: Sequence[Way | None] = ANY
) -> tuple[bytes, str]:
    """Damage ``data`` one to four times; returns it with the names of the mutations."""
    names = []
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        way = random.choice(ways)
        data = way(random, data) if way else splice(random, data, other())
        names.append(way.__name__ if way else "splice")
    return data, ", ".join(names)
