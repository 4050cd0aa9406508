"""The archive: events to bytes and back, and only CorruptArchive for anything else."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights import archive
from resonance_logs.fights.archive import check_events, decode_events, encode_events
from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.kinds.damage import DamageEvents
from resonance_logs.fights.kinds.heal import HealEvents
from resonance_logs.tasks import (
    MAX_AMOUNT,
    MAX_INTEGER,
    BeginEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    decode_task,
)
from tests.helpers.payloads import (
    START_BYTES,
    assert_equal,
    content_of,
    framed,
    signed,
    split_content,
    with_heads,
)

SHARED_DATA = Path(__file__).parents[3] / "shared/data"

both_forms = pytest.mark.parametrize("compact", [False, True], ids=["journal", "archive"])

_integers = st.one_of(
    st.integers(-3, 3), st.integers(-MAX_INTEGER, MAX_INTEGER), st.just(MAX_INTEGER)
)
_amounts = st.one_of(st.integers(0, 300), st.integers(0, MAX_AMOUNT), st.just(MAX_AMOUNT))
_hits = st.builds(
    InsertDamageEvent,
    timestamp_ms=_integers,
    attacker_id=_integers,
    value=_amounts,
    defender_id=st.none() | _integers,
    monster_name=st.none() | st.text(st.characters(codec="utf-8")),
    skill_id=st.none() | _integers,
    is_crit=st.booleans(),
    is_lucky=st.booleans(),
    hp_loss=_amounts,
    shield_loss=_amounts,
    defender_max_hp=st.none() | _integers,
    is_boss=st.booleans(),
)
_heals = st.builds(
    InsertHealEvent,
    timestamp_ms=_integers,
    healer_id=_integers,
    value=_amounts,
    target_id=st.none() | _integers,
    skill_id=st.none() | _integers,
    is_crit=st.booleans(),
    is_lucky=st.booleans(),
)


def events_of(hits: list[InsertDamageEvent], heals: list[InsertHealEvent]) -> Events:
    return collect_events([*hits, *heals])


def fight(size: int) -> Events:
    """A realistic fight: few actors, few skills, increasing times, every column used."""
    hits = [
        InsertDamageEvent(
            timestamp_ms=1_700_000_000_000 + 37 * i - (i % 5),
            attacker_id=10 + i * i % 7,
            value=1000 + i * 7919 % 5000,
            defender_id=[99, 2**40, None][i % 11 % 3],
            monster_name=["Golem", "Ölmonster", None][i % 11 % 3],
            skill_id=[1, 22, 333, None][i % 4],
            is_crit=i % 3 == 0,
            is_lucky=i % 5 == 0,
            hp_loss=1000 + i * 7919 % 5000 - (i % 13 == 0) * 50,
            shield_loss=(i % 13 == 0) * 50,
            defender_max_hp=[10**9, 5, None][i % 11 % 3],
            is_boss=i % 11 % 3 == 0,
        )
        for i in range(size)
    ]
    heals = [
        InsertHealEvent(1_700_000_000_000 + 411 * i, 10 + i % 2, 500 + i * 31 % 97, 12, i % 6)
        for i in range(size // 4)
    ]
    return events_of(hits, heals)


def whole_or_corrupt(payload: bytes) -> None:
    """Forged bytes give well-formed events or CorruptArchive."""
    try:
        events = decode_events(payload)
    except CorruptArchive:
        return
    assert events.damage.numbers.shape == (8, len(events.damage))
    assert events.heals.numbers.shape == (5, len(events.heals))
    assert np.all(np.abs(events.damage.timestamp_ms) <= MAX_INTEGER)
    assert np.all(events.damage.monster < len(events.damage.monster_names))


@given(st.lists(_hits, max_size=20), st.lists(_heals, max_size=20), st.booleans())
@example([], [], True)
@example([], [], False)
@example([InsertDamageEvent(-MAX_INTEGER, MAX_INTEGER, MAX_AMOUNT)], [], True)
@example([], [InsertHealEvent(MAX_INTEGER, -MAX_INTEGER, 0)], True)
def test_any_events_come_back_as_they_were(
    hits: list[InsertDamageEvent], heals: list[InsertHealEvent], compact: bool
) -> None:
    events = events_of(hits, heals)
    assert_equal(decode_events(encode_events(events, compact=compact)), events)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 255, 256, 257, 3000]), st.booleans())
def test_many_events_of_few_or_many_distinct_values_come_back_as_they_were(
    seed: int, size: int, compact: bool
) -> None:
    random = np.random.default_rng(seed)
    pools = [random.integers(0, 2**40, random.choice([1, 2, 255, 256, 4000])) for _ in range(8)]
    pools[4:7] = [pool % (MAX_AMOUNT + 1) for pool in pools[4:7]]
    numbers = np.stack([random.choice(pool, size) for pool in pools])
    names = tuple(map(str, range(300)))
    flags = random.integers(0, 8, size).astype(np.uint8)
    monster = random.integers(-1, len(names), size).astype(np.int32)
    events = Events(
        DamageEvents(numbers, flags, monster, names), HealEvents(numbers[:5], flags & np.uint8(3))
    )
    assert_equal(decode_events(encode_events(events, compact=compact)), events)


@both_forms
def test_more_than_65536_distinct_actors_come_back_as_they_were(compact: bool) -> None:
    size = 70_000
    numbers = np.stack([np.arange(size)[::-1] * 2**20, *[np.arange(size) * 7919 % size] * 4])
    heals = HealEvents(numbers, np.zeros(size, dtype=np.uint8))
    events = Events(DamageEvents.empty(), heals)
    assert_equal(decode_events(encode_events(events, compact=compact)), events)


@both_forms
def test_names_that_no_selected_hit_bears_are_kept(compact: bool) -> None:
    events = fight(40)
    none_left = Events(events.damage.select(slice(0, 0)), events.heals)
    assert_equal(decode_events(encode_events(none_left, compact=compact)), none_left)


@both_forms
def test_columns_that_do_not_lie_together_in_memory_are_written_right(compact: bool) -> None:
    events = fight(400)
    mask = np.arange(400) % 3 == 0
    for chosen in (events.damage.select(mask), events.damage.select(slice(None, None, -2))):
        picked = Events(chosen, events.heals)
        assert_equal(decode_events(encode_events(picked, compact=compact)), picked)


@both_forms
def test_what_is_read_has_the_right_types_and_cannot_be_written_to(compact: bool) -> None:
    events = decode_events(encode_events(fight(300), compact=compact))
    damage, heals = events.damage, events.heals
    assert damage.numbers.dtype.name == heals.numbers.dtype.name == "int64"
    assert damage.flags.dtype.name == heals.flags.dtype.name == "uint8"
    assert damage.monster.dtype.name == "int32"
    arrays: list[NDArray[Any]] = [damage.numbers, damage.flags, damage.monster]
    for array in (*arrays, heals.numbers, heals.flags):
        assert array.dtype.isnative
        assert array.flags.c_contiguous
        assert array.flags.aligned
        assert not array.flags.writeable


def test_the_archive_of_a_fight_is_smaller_than_its_journal() -> None:
    ordered = fight(5000)
    shuffled = np.random.default_rng(1).permutation(5000)
    events = Events(ordered.damage.select(shuffled), ordered.heals)
    assert len(encode_events(events, compact=True)) < len(encode_events(events, compact=False))


def test_the_same_events_always_give_the_same_bytes() -> None:
    assert encode_events(fight(500), compact=True) == encode_events(fight(500), compact=True)


@both_forms
def test_every_changed_byte_is_noticed(compact: bool) -> None:
    payload = bytearray(encode_events(fight(60), compact=compact))
    for place, byte in enumerate(payload):
        for change in (0x01, 0x80, 0xFF, 0x5A):
            payload[place] = byte ^ change
            with pytest.raises(CorruptArchive):
                decode_events(bytes(payload))
        payload[place] = byte
    decode_events(bytes(payload))


@both_forms
def test_every_truncation_and_every_appendix_is_noticed(compact: bool) -> None:
    payload = encode_events(fight(60), compact=compact)
    for size in range(len(payload)):
        with pytest.raises(CorruptArchive):
            decode_events(payload[:size])
    for more in (b"\0", b"\0" * 4, payload):
        with pytest.raises(CorruptArchive):
            decode_events(payload + more)


@given(st.binary(max_size=300))
@example(b"")
def test_arbitrary_bytes_are_refused(noise: bytes) -> None:
    for payload in (noise, signed(noise), framed(noise)):
        with pytest.raises(CorruptArchive):
            decode_events(payload)


@pytest.mark.parametrize("change", [0x01, 0x7F, 0x80, 0xFF])
def test_frames_changed_under_a_right_checksum_give_no_other_error(change: int) -> None:
    packed = bytearray(encode_events(fight(60), compact=True)[START_BYTES:])
    for place in range(len(packed)):
        packed[place] ^= change
        whole_or_corrupt(signed(bytes(packed)))
        packed[place] ^= change


@both_forms
@pytest.mark.parametrize("change", [0x01, 0x7F, 0x80, 0xFF])
def test_columns_changed_under_a_right_checksum_give_no_other_error(
    change: int, compact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_FRAME_BYTES", 1 << 30)
    content = bytearray(content_of(encode_events(fight(20), compact=compact)))
    for place in range(len(content)):
        content[place] ^= change
        whole_or_corrupt(framed(bytes(content)))
        content[place] ^= change


@pytest.mark.parametrize("count", [archive.MAX_EVENTS + 1, 2**32 - 1])
def test_a_section_cannot_declare_more_events_than_allowed(count: int) -> None:
    heads = pack("<BBIq", 1, 0, count, 0) + bytes(200)
    with pytest.raises(CorruptArchive, match="section"):
        decode_events(with_heads(heads))


def test_a_column_cannot_declare_more_bytes_than_there_are() -> None:
    heads = pack("<BBIq", 1, 0, archive.MAX_EVENTS, 0) + pack("<BqI", 7, 0, 0)
    with pytest.raises(CorruptArchive, match="too early"):
        decode_events(with_heads(heads, bytes(1000)))


@pytest.mark.parametrize("declared", [2**20, 2**31 - 1, 2**40, 2**63])
def test_a_frame_cannot_declare_more_than_it_could_unpack_to(declared: int) -> None:
    frame = b"\x28\xb5\x2f\xfd\xe0" + pack("<Q", declared) + b"\x01\x00\x00"
    with pytest.raises(CorruptArchive):
        decode_events(signed(pack("<I", len(frame)) + frame))


def test_a_frame_that_does_not_declare_its_size_is_refused() -> None:
    compressor = zstandard.ZstdCompressor(write_content_size=False)
    frame = compressor.compress(content_of(encode_events(fight(20), compact=False)))
    with pytest.raises(CorruptArchive):
        decode_events(signed(pack("<I", len(frame)) + frame))


@pytest.mark.parametrize("names", [b"", b"{}", b"[1]", b'["\xff"]', b"[" * 100_000, b'["\\ud800"]'])
def test_names_that_are_no_list_of_texts_are_refused(names: bytes) -> None:
    heads = pack("<BBIq", 1, 0, 0, 0) + pack("<BqI", 0, 0, 0) + pack("<I", len(names)) + names
    with pytest.raises(CorruptArchive, match="names"):
        decode_events(with_heads(heads))


@pytest.mark.parametrize("version", [0, 2, 255])
def test_an_unknown_version_is_refused_by_its_number(version: int) -> None:
    payload = bytearray(encode_events(fight(5), compact=True))
    payload[3] = version
    with pytest.raises(CorruptArchive, match=f"version {version}"):
        decode_events(bytes(payload))


def test_what_is_no_archive_is_called_so() -> None:
    with pytest.raises(CorruptArchive, match="not an archive"):
        decode_events(b"SQLite format 3\0")


def test_more_events_than_a_payload_may_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_EVENTS", 9)
    with pytest.raises(ValueError, match="at most 9 events"):
        encode_events(fight(10), compact=True)


def test_integers_that_no_task_can_carry_are_refused_when_written() -> None:
    events = fight(3)
    numbers = events.damage.numbers.copy()
    numbers[1, 0] = 2**62
    with pytest.raises(ValueError, match="range of tasks"):
        encode_events(Events(replace(events.damage, numbers=numbers)), compact=True)


@contextmanager
def little_memory() -> Iterator[None]:
    """Fails if the block takes more than 8 MB at any time."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


BOMB_BYTES = 64 << 20


@pytest.mark.parametrize("size", [0, 5])
def test_a_frame_that_unpacks_to_more_than_its_events_need_is_not_unpacked(size: int) -> None:
    heads, planes = split_content(encode_events(fight(size), compact=False))
    bomb = with_heads(heads, planes + bytes(BOMB_BYTES))
    assert len(bomb) < BOMB_BYTES // 1_000
    with little_memory(), pytest.raises(CorruptArchive, match="more bytes than its events need"):
        decode_events(bomb)


def test_frames_that_together_unpack_to_more_than_their_events_need_are_not_unpacked() -> None:
    more = zstandard.ZstdCompressor(level=1).compress(bytes(1 << 20))
    packed = encode_events(fight(20), compact=True)[START_BYTES:]
    bomb = signed(packed + (pack("<I", len(more)) + more) * 64)
    with little_memory(), pytest.raises(CorruptArchive, match="more bytes than its events need"):
        decode_events(bomb)


@pytest.mark.parametrize("size", [archive.MAX_HEADS_BYTES + 1, 2**32 - 1])
def test_heads_cannot_be_larger_than_allowed(size: int) -> None:
    bomb = framed(pack("<I", size) + bytes(BOMB_BYTES))
    with little_memory(), pytest.raises(CorruptArchive, match="heads are too large"):
        decode_events(bomb)


def test_a_million_frames_of_a_byte_are_not_unpacked() -> None:
    frame = zstandard.ZstdCompressor(level=1).compress(b"\0")
    with pytest.raises(CorruptArchive, match="more than 4,096 frames"):
        decode_events(signed((pack("<I", len(frame)) + frame) * 1_000_000))


def endless() -> bytes:
    """A small payload of as many events as there may be of each kind, all of them equal."""
    count = archive.MAX_EVENTS
    one = split_content(encode_events(events_of([InsertDamageEvent(1, 2, 3)], []), compact=True))[0]
    hits = pack("<BBIq", 1, 1, count, 1) + one[14 : one.index(pack("<BBIq", 2, 1, 0, 0))]
    heals = pack("<BBIq", 2, 1, count, 1) + pack("<BqI", 0, 0, 0) * 6
    return with_heads(hits + heals)


@pytest.mark.parametrize("expected", [0, 1, archive.MAX_EVENTS, 2 * archive.MAX_EVENTS + 1])
def test_a_payload_of_another_number_of_events_than_stored_claims_no_memory(expected: int) -> None:
    for read in (decode_events, check_events):
        with little_memory(), pytest.raises(CorruptArchive, match="33,554,432 events"):
            read(endless(), expected=expected)


def test_a_payload_can_be_checked_without_keeping_its_events() -> None:
    events = fight(400)
    payload = encode_events(events, compact=True)
    assert check_events(payload, 500) == {DamageEvents: 400, HealEvents: 100}
    damaged = framed(content_of(encode_events(events, compact=False))[:-1])
    with pytest.raises(CorruptArchive, match="too early"):
        check_events(damaged, 500)


def test_more_names_than_a_payload_may_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_HEADS_BYTES", 1_000)
    hits = [InsertDamageEvent(1, 2, 3, monster_name=f"{n}" * 9) for n in range(200)]
    with pytest.raises(ValueError, match="1,000 bytes of names"):
        encode_events(events_of(hits, []), compact=True)


@pytest.mark.parametrize("payload", ["text", 7, 1.5, None])
def test_what_is_not_even_bytes_is_no_archive(payload: Any) -> None:
    with pytest.raises(CorruptArchive, match="not an archive"):
        decode_events(payload)


def recorded_fights(path: Path) -> Iterator[Events]:
    """The recorded fights of a task file, without strays before the first."""
    fights: list[tuple[list[InsertDamageEvent], list[InsertHealEvent]]] = []
    with gzip.open(path) as lines:
        for task in map(decode_task, lines):
            if isinstance(task, BeginEncounter):
                fights.append(([], []))
            elif fights and isinstance(task, InsertDamageEvent):
                fights[-1][0].append(task)
            elif fights and isinstance(task, InsertHealEvent):
                fights[-1][1].append(task)
    return (events_of(hits, heals) for hits, heals in fights)


def test_the_archives_of_a_night_of_real_raiding_take_less_than_8_bytes_a_hit() -> None:
    path = SHARED_DATA / "gruul-20071024.ndjson.gz"
    if not path.exists():
        pytest.skip(f"needs the recorded fights in {SHARED_DATA}")
    size = count = 0
    for events in recorded_fights(path):
        payload = encode_events(events, compact=True)
        assert_equal(decode_events(payload), events)
        size += len(payload)
        count += len(events)
    assert count == 24_096
    assert size < 8 * count


FROZEN = {
    "journal": (
        "524c41014b4c8fd9f600000028b52ffd602e01650700424a25317089d218e468505001f818ba0af3aa22"
        "f10f80144512841a13de11cabd59cb6999b4d7b02b95ead050fbf6ff6e7b6f29531cccabaf3bb7246918"
        "9317d1066521718f3701151786878984858ec06fe1c31d7efc63597dbb4f9f7eca3ed3d686ebab511429"
        "f51468ce39570add7727b1ef38fe6ffabf411c016441756040805d964283ccc8abb2308f0cfd15048788"
        "817fc8fa1a032a202083191a0f75f14f42441ad81f51093692833eb81ef1088d0b4188823606c5c843a6"
        "3f8718dadc9c1926874e077a06a401cecfb519d6b723794021501951f842c780346f1ac21a7767893239"
        "9a2b0221c43a"
    ),
    "archive": (
        "524c4101c3de788bdf00000028b52ffd60db00ad0600c20c282d602f483a180be7e14e20db180e0b9c0a"
        "1a7478616de876e43806a13fdebaae5838c2cbfefd785cd334215bca14130cb3cfef86a01f1658060107"
        "08470050c059644e24346028384616502e63fd9bc5e64324b4bde3f7387bd9c5ceb57efe232e59e51946"
        "92fddb9624f9ff5c6db2c1cb0b8b18eedc63bf97f65f03ff159bffaa968cf61185807850934492d21ada"
        "14495445c3f815e65364c5a563877c3a041620a0d06d8c0314164308393f8f38348804ee9f430eb2834b"
        "1317d50d7a018d89033cf4347bc8c9c597dca8ca234302200e"
    ),
}
"""Payloads of version 1, of ``fight(12)``. They exist in databases: these lines must never
change.
"""


@pytest.mark.parametrize("form", FROZEN)
def test_payloads_of_version_1_can_still_be_read(form: str) -> None:
    assert_equal(decode_events(bytes.fromhex(FROZEN[form])), fight(12))


@pytest.mark.parametrize("form", FROZEN)
def test_payloads_are_still_written_as_in_version_1(form: str) -> None:
    """Before compression, whose bytes depend on the version of zstd."""
    written = encode_events(fight(12), compact=form == "archive")
    assert content_of(written) == content_of(bytes.fromhex(FROZEN[form]))
