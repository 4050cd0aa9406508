"""Tasks are read from files, standard input and pipes, and every invalid line is reported."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import signal
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import assume, example, given
from hypothesis import strategies as st

from resonance_logs.errors import InputError, InvalidTask
from resonance_logs.sources import ndjson as lines
from resonance_logs.sources.compression import BLOCK_BYTES, DecompressionError, Decompressor
from resonance_logs.sources.ndjson import LineDecoder
from resonance_logs.sources.task_source import Refusal, TaskSource
from resonance_logs.tasks import (
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
    decode_task,
    encode_task,
)

DATA = Path(__file__).parents[3] / "shared/data"
DATA_FILES = sorted(DATA.glob("*.ndjson*"))

HIT = InsertDamageEvent(timestamp_ms=1, attacker_id=2, value=3, monster_name="Ümlaut 怪 \\ud800")
HIT_LINE = encode_task(HIT)
END = EndEncounter(ended_at_ms=9)
END_LINE = encode_task(END)

needs_fifo = pytest.mark.skipif(sys.platform == "win32", reason="no FIFOs and poll on Windows")


def read_all(source: TaskSource) -> tuple[list[Task], list[Refusal]]:
    tasks: list[Task] = []
    refusals: list[Refusal] = []
    for batch in source.batches():
        tasks += batch.tasks
        refusals += batch.refusals
    return tasks, refusals


def read_bytes(data: bytes) -> tuple[list[Task], list[Refusal]]:
    return read_all(TaskSource(io.BytesIO(data), name="f"))


def only_refusal(line: bytes) -> Refusal:
    """The refusal of ``line``, which stands between two good lines that must survive."""
    tasks, refusals = read_bytes(HIT_LINE + b"\n" + line + b"\n" + END_LINE + b"\n")
    assert tasks == [HIT, END]
    assert len(refusals) == 1
    assert refusals[0].line == 2
    return refusals[0]


def damage_line(value: bytes) -> bytes:
    return b'{"type":"insert_damage_event","timestamp_ms":1,"attacker_id":1,"value":%b}' % value


def end_line(boss: bytes) -> bytes:
    return b'{"type":"end_encounter","ended_at_ms":1,"defeated_bosses":["%b"]}' % boss


# --- Lines -------------------------------------------------------------------------------------

integers = st.integers(-(2**53) + 1, 2**53 - 1)
amounts = st.integers(0, 10**12)
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
good_tasks: st.SearchStrategy[Task] = st.one_of(
    st.builds(BeginEncounter, started_at_ms=integers, scene_name=texts),
    st.builds(EndEncounter, ended_at_ms=integers),
    st.builds(UpsertEntity, entity_id=integers, seen_at_ms=integers, name=texts),
    st.builds(InsertDamageEvent, timestamp_ms=integers, attacker_id=integers, value=amounts),
    st.builds(InsertHealEvent, timestamp_ms=integers, healer_id=integers, value=amounts),
)
odd_lines = st.sampled_from(
    [
        b"",
        b" \t",
        b"\r",
        b"nonsense",
        b"[" + END_LINE + b"]",
        END_LINE + END_LINE,
        END_LINE + b" " + END_LINE,
        END_LINE + b"\r" + END_LINE,
        END_LINE + b"," + END_LINE,
        END_LINE.replace(b",", b",\n"),
        END_LINE.replace(b",", b",\r\n"),
        END_LINE.replace(b":", b":\n"),
        END_LINE.replace(b":", b": "),
        b"{\n{",
        b"}\n{",
        b"}",
        b"{",
        b"\xff",
        b"\x0c",
        b"\0",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf" + END_LINE,
        b"\0\0\0" + END_LINE,
        b"\0 " + END_LINE + b"," + HIT_LINE,
        HIT_LINE[:40] + END_LINE,
        HIT_LINE[:40] + HIT_LINE[:50] + END_LINE + b" ",
        END_LINE + b"\0" + END_LINE,
        END_LINE + b"\0",
        b'{"a":' + END_LINE + b"}",
        b"x" * 400 + END_LINE,
        damage_line(b"1.0"),
        end_line(b"}\n{"),
        end_line(b"}\\n{"),
        b"x" * 400,
    ]
)
files = st.builds(
    lambda lines, last: b"".join(line + end for line, end in lines) + last,
    st.lists(
        st.tuples(good_tasks.map(encode_task) | odd_lines, st.sampled_from([b"\n", b"\r\n"])),
        max_size=12,
    ),
    good_tasks.map(encode_task) | odd_lines | st.just(b""),
)
cuts = st.lists(st.integers(1, 700), max_size=12)


def in_pieces(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


def decode_naively(data: bytes, longest: int) -> tuple[list[Task], list[tuple[int, bytes]]]:
    tasks = []
    refused = []
    for number, line in enumerate(data.split(b"\n"), 1):
        is_long = len(line) > longest
        text = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip(b" \t\r")
        if not text:
            continue
        found = find_naively(text)
        if found is None or is_long or found[0]:
            junk = text if found is None else text[: found[0]].strip(b" \t\r")
            refused.append((number, line[:200] if is_long else junk))
        tasks += [] if found is None else [found[1]]
    return tasks, refused


def find_naively(text: bytes) -> tuple[int, Task] | None:
    """The task that ends a line and where it begins, unless another stands directly before it."""
    for start in range(len(text)):
        try:
            task = decode_task(text[start:])
        except InvalidTask:
            continue
        return None if find_naively(text[:start].rstrip(b" \t\r,")) else (start, task)
    return None


@given(data=files, sizes=cuts)
@example(data=b"\n", sizes=[])
@example(data=b"\r\n", sizes=[1])
@example(data=b"{\n", sizes=[])
def test_any_blocks_give_what_decoding_line_by_line_gives(data: bytes, sizes: list[int]) -> None:
    decoder = LineDecoder("f", max_line_bytes=350)
    results = [decoder.feed(piece) for piece in in_pieces(data, sizes)] + [decoder.finish()]
    tasks = [task for some, _ in results for task in some]
    refused = [(refusal.line, refusal.text) for _, some in results for refusal in some]
    assert (tasks, refused) == decode_naively(data, longest=350)


def test_two_tasks_in_a_line_and_one_over_two_lines_do_not_make_up_for_each_other() -> None:
    """As many tasks as lines are no proof that each line is a task."""
    head, tail = END_LINE.split(b",", 1)
    tasks, refusals = read_bytes(END_LINE + END_LINE + b"\n" + head + b",\n" + tail + b"\n")
    assert tasks == []
    assert [refusal.line for refusal in refusals] == [1, 2, 3]


junk = st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"")) | st.lists(
    st.sampled_from(
        [
            b"\0",
            b"\xef\xbb\xbf",
            b'{"type":',
            b'{"type":"insert_damage_event","times',
            b'{"a":{',
            b"{",
            b"}",
            b"[",
            b'"',
            b"\\",
            b'{"ended_at_ms" : 1,',
            b'{"a":{"type":"end_encounter"}}',
            HIT_LINE[:-1],
            HIT_LINE[1:],
        ]
    ),
    max_size=6,
).map(b"".join)


@given(junk=junk, task=good_tasks)
@example(junk=b"\0" * 4096, task=END)
@example(junk=HIT_LINE[:50], task=BeginEncounter(started_at_ms=1))
@example(junk=b"\xef\xbb\xbf", task=END)
@example(junk=b'{"a":"', task=UpsertEntity(entity_id=1, seen_at_ms=2, name='{"type":"x'))
def test_junk_before_a_task_costs_only_itself(junk: bytes, task: Task) -> None:
    kept = junk.strip(b" \t\r")
    assume(find_naively(kept.rstrip(b" \t\r,")) is None)
    line = junk + encode_task(task)
    tasks, refusals = read_bytes(HIT_LINE + b"\n" + line + b"\n" + END_LINE + b"\n")
    assert tasks == [HIT, task, END]
    assert [(refusal.line, refusal.text) for refusal in refusals] == ([(2, kept)] if kept else [])


@pytest.mark.parametrize(
    ("junk", "told"),
    [
        (b"\0" * 4096, "not JSON: 4,096 zero bytes; the task at byte 4096 was accepted"),
        (b"\xef\xbb\xbf", "not JSON: a byte-order mark; the task at byte 3 was accepted"),
        (HIT_LINE[:50], "cut off: the JSON ends in the middle; the task at byte 50 was accepted"),
        (b"x\0 ", "not JSON: invalid character (byte 0); the task at byte 3 was accepted"),
        (b'{"a":1} ', "type: missing; the task at byte 8 was accepted"),
    ],
)
def test_junk_is_refused_with_its_place_and_reason(junk: bytes, told: str) -> None:
    tasks, [refusal] = read_bytes(HIT_LINE + b"\n" + junk + END_LINE)
    assert tasks == [HIT, END]
    assert str(refusal) == f"f:2: {told}"
    assert refusal.text == junk.strip()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.just("{")
    | st.just(END_LINE.decode()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "a", '{"type']), inner, max_size=3)
        | st.just(json.loads(END_LINE))
    ),
    max_leaves=8,
)


@given(value=json_values.filter(lambda value: value != json.loads(END_LINE)))
@example(value={"a": json.loads(END_LINE)})
@example(value=[json.loads(END_LINE)])
def test_a_line_that_is_json_is_judged_as_it_is(value: object) -> None:
    line = json.dumps(value, separators=(",", ":")).encode()
    assert only_refusal(line).text == line


@pytest.mark.parametrize("between", [b"", b" ", b", ", b"\r"])
def test_of_two_tasks_in_a_line_none_is_taken(between: bytes) -> None:
    only_refusal(END_LINE + between + END_LINE)
    only_refusal(b"\0" + END_LINE + between + END_LINE)


def test_a_task_behind_junk_of_any_length_is_taken() -> None:
    line = b"\0" * 20_000_000 + END_LINE
    tasks, [refusal] = read_bytes(line + b"\n" + HIT_LINE + b"\n")
    assert tasks == [END, HIT]
    assert refusal.reason == (
        "too long: more than 16,777,216 bytes; the task at its end was accepted"
    )
    assert refusal.text == b"\0" * 200


@pytest.mark.parametrize(
    "piece",
    [b"{", b'{"a', b'{"a":', b'{"a":[', b'{"type":"end_encounter","defeated_bosses":["', b'{ "'],
)
def test_junk_full_of_beginnings_takes_linear_time(piece: bytes) -> None:
    """A count of attempts, not of seconds: each attempt reads the rest of the line once."""
    attempts = 0
    decoder = lines._decoder

    class Counted:
        def decode(self, data: bytes) -> Task:
            nonlocal attempts
            attempts += 1
            return decoder.decode(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_decoder", Counted())
        found = lines.find_last_task(piece * (4_000_000 // len(piece)) + b"}")
    assert found is None
    assert attempts <= 2


def test_blank_lines_are_skipped_but_counted() -> None:
    tasks, refusals = read_bytes(b"\n \t\r\n" + HIT_LINE + b"\n\nbad\n")
    assert tasks == [HIT]
    assert [refusal.line for refusal in refusals] == [5]


def test_windows_line_ends_and_a_byte_order_mark_are_accepted() -> None:
    data = b"\xef\xbb\xbf" + HIT_LINE + b"\r\n" + END_LINE + b"\r\n"
    assert read_bytes(data) == ([HIT, END], [])


def test_a_last_line_without_a_line_end_is_taken_if_it_is_whole() -> None:
    assert read_bytes(END_LINE + b"\n" + HIT_LINE) == ([END, HIT], [])


@given(kept=st.integers(1, len(HIT_LINE) - 1))
def test_a_last_line_that_ends_in_the_middle_is_refused_as_truncated(kept: int) -> None:
    tasks, [refusal] = read_bytes(END_LINE + b"\n" + HIT_LINE[:kept])
    assert tasks == [END]
    assert refusal.line == 2
    assert refusal.reason.startswith("cut off")
    assert refusal.text == HIT_LINE[:kept].rstrip()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"x", "f:2: not JSON: invalid character (byte 0)"),
        (b"[]", "f:2: expected object, got array"),
        (b"{}", "f:2: type: missing"),
        (b'{"type":"nope"}', "f:2: type: unknown type 'nope'"),
        (b'{"type":"end_encounter"}', "f:2: ended_at_ms: missing"),
        (b'{"type":"end_encounter","damage":1}', "f:2: damage: unknown field"),
        (damage_line(b'"1"'), "f:2: value: expected int, got str"),
        (damage_line(b"1.0"), "f:2: value: expected int, got float"),
        (damage_line(b"1e3"), "f:2: value: expected int, got float"),
        (damage_line(b"true"), "f:2: value: expected int, got bool"),
        (damage_line(b"null"), "f:2: value: expected int, got null"),
        (damage_line(b"1e400"), "f:2: value: number out of range"),
        (damage_line(b"-1"), "f:2: value: expected int >= 0"),
        (damage_line(b"1000000000001"), "f:2: value: expected int <= 1000000000000"),
        (damage_line(b"9" * 5000), "f:2: value: integer value out of range"),
        (damage_line(b"NaN"), "f:2: not JSON: invalid character (byte 71)"),
        (damage_line(b"-Infinity"), "f:2: not JSON: invalid character (byte 72)"),
        (damage_line(b"01"), "f:2: not JSON: invalid number (byte 72)"),
        (END_LINE + END_LINE, "f:2: not JSON: trailing characters (byte 64)"),
        (end_line(b'a",1,"'), "f:2: defeated_bosses[1]: expected str, got int"),
        (end_line(b"\xff"), "f:2: not UTF-8: invalid start byte"),
        (end_line(b"\xed\xa0\x80"), "f:2: not UTF-8: invalid continuation byte"),
        (b'{"ended_at_ms":' + b"[" * 200_000, "f:2: nested too deeply"),
        (b'{"ended_at_ms":' + b'{"a":' * 200_000, "f:2: nested too deeply"),
        (
            b'{"type":"insert_heal_event","timestamp_ms":1,"value":1,"healer_id":9007199254740992}',
            "f:2: healer_id: expected int <= 9007199254740991",
        ),
    ],
)
def test_a_bad_line_is_refused_with_its_place_field_and_reason(line: bytes, told: str) -> None:
    refusal = only_refusal(line)
    assert str(refusal) == told
    assert refusal.text == line


@pytest.mark.parametrize(
    "name",
    [rb"\ud800", rb"\uDBFFabcdefgh", rb"\udc00", rb"\ud800A", rb"\ud800\ud800", rb"\\\ud9ff"],
)
def test_half_a_surrogate_pair_is_refused_with_a_clear_reason(name: bytes) -> None:
    assert only_refusal(end_line(name)).reason.startswith("unpaired surrogate")


def test_a_whole_surrogate_pair_is_a_character() -> None:
    tasks, refusals = read_bytes(end_line(rb"\ud83d\ude00"))
    assert tasks == [EndEncounter(ended_at_ms=1, defeated_bosses=["😀"])]
    assert refusals == []


def test_of_a_key_given_twice_the_last_one_counts() -> None:
    tasks, _ = read_bytes(b'{"type":"end_encounter","ended_at_ms":1,"ended_at_ms":2}')
    assert tasks == [EndEncounter(ended_at_ms=2)]


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"\\u001b[31mred\\u202e\\u0007"}',
        b'{"type":"end_encounter","\\u001b]0;title\\u0007\\u009b\\n":1}',
    ],
)
def test_control_characters_never_reach_the_terminal_raw(line: bytes) -> None:
    text = str(Refusal("a\x1bb\n", 1, *_reason_and_field(only_refusal(line)), b""))
    assert text.isprintable()
    assert r"\x1b" in text


def _reason_and_field(refusal: Refusal) -> tuple[str, str | None]:
    return refusal.reason, refusal.field


def test_a_huge_field_name_is_shortened_in_the_message_only() -> None:
    line = b'{"type":"end_encounter","%b":1}' % (b"x" * 100_000)
    refusal = only_refusal(line)
    assert len(str(refusal)) < 300
    assert refusal.text == line


class LongLine:
    """A stream of 100 MB without a line end, then one good line; made as it is read."""

    def __init__(self) -> None:
        self._left = 400

    def read(self, size: int, /) -> bytes:
        self._left -= 1
        if self._left > 0:
            return b"x" * (256 * 1024)
        return b"\n" + END_LINE + b"\n" if self._left == 0 else b""


def test_a_line_of_100_megabytes_is_refused_without_being_kept() -> None:
    tracemalloc.start()
    try:
        tasks, [refusal] = read_all(TaskSource(LongLine(), name="f"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert tasks == [END]
    assert str(refusal) == "f:1: too long: more than 16,777,216 bytes"
    assert refusal.text == b"x" * 200
    assert peak < 64_000_000


# --- Files, formats, progress ------------------------------------------------------------------


def zstd_frames(*parts: bytes) -> bytes:
    return b"".join(zstandard.compress(part) for part in parts)


def gzip_members(*parts: bytes) -> bytes:
    return b"".join(gzip.compress(part) for part in parts)


SKIPPABLE = b"\x5a\x2a\x4d\x18\x03\x00\x00\x00abc"
PACKED: list[Callable[[bytes, bytes], bytes]] = [
    lambda one, two: one + two,
    lambda one, two: gzip_members(one + two),
    lambda one, two: gzip_members(one, b"", two) + b"\0" * 700,
    lambda one, two: zstd_frames(one + two),
    lambda one, two: zstd_frames(one, b"", two),
    lambda one, two: SKIPPABLE + zstd_frames(one) + SKIPPABLE + zstd_frames(two),
]


@pytest.mark.parametrize("pack", PACKED)
@pytest.mark.parametrize("suffix", ["ndjson", "gz", "zst"])
def test_the_format_is_detected_from_the_content_whatever_the_extension(
    tmp_path: Path, pack: Callable[[bytes, bytes], bytes], suffix: str
) -> None:
    path = tmp_path / f"fight.{suffix}"
    path.write_bytes(pack(HIT_LINE[:20], HIT_LINE[20:] + b"\n" + END_LINE + b"\n"))
    assert read_all(TaskSource(path)) == ([HIT, END], [])


@given(
    pack=st.sampled_from(PACKED),
    one=st.binary(max_size=300),
    two=st.binary(max_size=300),
    sizes=cuts,
)
def test_packed_data_may_come_in_any_pieces(
    pack: Callable[[bytes, bytes], bytes], one: bytes, two: bytes, sizes: list[int]
) -> None:
    one = b"{" + one
    unpacker = Decompressor()
    got = [block for piece in in_pieces(pack(one, two), sizes) for block in unpacker.feed(piece)]
    got += unpacker.finish()
    assert b"".join(got) == one + two


@pytest.mark.parametrize("pack", [gzip_members, zstd_frames])
def test_data_that_explodes_comes_in_bounded_blocks(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(b"\n" * 50_000_000)
    unpacker = Decompressor()
    sizes = [len(block) for block in unpacker.feed(packed)]
    assert list(unpacker.finish()) == []
    assert sum(sizes) == 50_000_000
    assert max(sizes) < 2 * BLOCK_BYTES


@pytest.mark.parametrize("pack", [gzip_members, zstd_frames])
def test_a_small_file_of_a_great_many_bad_lines_comes_in_bounded_batches(
    pack: Callable[[bytes], bytes],
) -> None:
    """Otherwise the refusals of one batch take gigabytes: each takes a hundred times its line."""
    lines = 2 * BLOCK_BYTES
    refused = [
        len(batch.refusals) for batch in TaskSource(io.BytesIO(pack(b"x\n" * lines))).batches()
    ]
    assert sum(refused) == lines
    assert max(refused) < BLOCK_BYTES


def read_until_fault(source: TaskSource) -> tuple[list[Task], str]:
    tasks: list[Task] = []
    try:
        for batch in source.batches():
            tasks += batch.tasks
    except InputError as error:
        return tasks, str(error)
    pytest.fail("the fault was not told")


@pytest.mark.parametrize("pack", [gzip_members, zstd_frames])
def test_the_tasks_before_a_truncation_are_given_then_it_is_reported(
    pack: Callable[..., bytes],
) -> None:
    packed = pack((HIT_LINE + b"\n") * 1000, END_LINE)[:-12]
    tasks, fault = read_until_fault(TaskSource(io.BytesIO(packed), name="f"))
    assert tasks == [HIT] * 1000
    assert fault == (
        "f: is truncated after line 1,000; everything before it was read; get the file again "
        "for the rest"
    )


@given(pack=st.sampled_from([gzip_members, zstd_frames]), data=st.data())
def test_no_truncation_passes_for_the_whole(
    pack: Callable[..., bytes], data: st.DataObject
) -> None:
    packed = pack(HIT_LINE * 20)
    kept = data.draw(st.integers(4, len(packed) - 1))
    unpacker = Decompressor()
    assert (HIT_LINE * 20).startswith(b"".join(unpacker.feed(packed[:kept])))
    with pytest.raises(DecompressionError, match="truncated"):
        list(unpacker.finish())


@pytest.mark.parametrize("pack", [gzip_members, zstd_frames])
def test_the_tasks_before_a_corrupt_part_are_given_then_it_is_reported(
    pack: Callable[..., bytes],
) -> None:
    packed = pack((HIT_LINE + b"\n") * 1000) + b"garbage"
    tasks, fault = read_until_fault(TaskSource(io.BytesIO(packed), name="f"))
    assert tasks == [HIT] * 1000
    assert fault.startswith("f: is corrupt (")
    assert ") after line 1,000; " in fault


@pytest.mark.parametrize("start", [b"\xff\xfe{\0", b"PK\x03\x04", b"BZh9", b"\xfd7zXZ"])
def test_a_foreign_format_is_named_with_what_to_do(start: bytes) -> None:
    with pytest.raises(InputError, match=r"^f: is .*; (save|unpack) it"):
        read_bytes(start + b"more")


@pytest.mark.parametrize(
    ("pack", "sizes"),
    [(bytes, []), (bytes, [1] * 20), (bytes, [15]), (gzip_members, []), (zstd_frames, [])],
)
def test_a_database_is_named(pack: Callable[[bytes], bytes], sizes: list[int]) -> None:
    def read() -> None:
        unpacker = Decompressor()
        for piece in in_pieces(pack(b"SQLite format 3\0" + bytes(100)), sizes):
            list(unpacker.feed(piece))

    with pytest.raises(DecompressionError, match="is an SQLite database, not a file of tasks"):
        read()


def test_text_that_begins_like_a_database_is_text() -> None:
    for length in range(1, 16):
        tasks, [refusal] = read_bytes(b"SQLite format 3\0"[:length] + b"\n" + END_LINE)
        assert (tasks, refusal.line) == ([END], 1)


def test_the_size_is_that_of_the_file_and_reading_ends_there(tmp_path: Path) -> None:
    path = tmp_path / "fight.gz"
    path.write_bytes(gzip.compress((HIT_LINE + b"\n") * 50_000, 0))
    source = TaskSource(path)
    assert source.size_bytes == path.stat().st_size
    positions = [batch.bytes_read for batch in source.batches()]
    assert positions == sorted(positions)
    assert len(set(positions)) > 10
    assert source.bytes_read == source.size_bytes


def test_the_size_of_a_stream_in_memory_is_not_known() -> None:
    assert TaskSource(io.BytesIO(b"")).size_bytes is None


def test_an_empty_file_has_no_batches() -> None:
    assert read_bytes(b"") == ([], [])


def test_a_source_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "fight"
    path.write_bytes(HIT_LINE)
    source = TaskSource(path)
    assert read_all(source) == read_all(source) == ([HIT], [])


def test_refusals_carry_the_path_or_the_given_name(tmp_path: Path) -> None:
    path = tmp_path / "fight"
    path.write_bytes(b"x")
    assert [r.source for r in read_all(TaskSource(path))[1]] == [str(path)]
    assert [r.source for r in read_all(TaskSource(path, name="mine"))[1]] == ["mine"]


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing: there is no such file; check the path$"):
        TaskSource(tmp_path / "nothing")


def test_a_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r": this is a folder; name the files in it$"):
        TaskSource(tmp_path)


def test_a_file_that_may_not_be_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal is simulated, because an administrator may read everything."""
    path = tmp_path / "secret"
    path.write_bytes(b"")

    def refuse(path: str, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match=r"secret: no permission to read it; "):
        read_all(TaskSource(path))


def test_a_path_that_no_file_can_have_is_reported() -> None:
    with pytest.raises(InputError, match=r"^a\\x00b: it cannot be read: "):
        TaskSource("a\0b")


def test_a_read_that_fails_is_reported_after_the_tasks_before_it() -> None:
    class Failing(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            if data := super().read1(size):
                return data
            raise OSError(5, "Input/output error")

    batches = TaskSource(Failing(HIT_LINE + b"\n"), name="f").batches()
    assert next(batches).tasks == [HIT]
    with pytest.raises(InputError, match=r"^f: it cannot be read: Input/output error$"):
        next(batches)


@pytest.mark.skipif(not DATA_FILES, reason="the shared data are not there")
@pytest.mark.parametrize("path", DATA_FILES, ids=lambda path: path.name)
def test_every_real_fight_is_read_without_a_refusal(path: Path) -> None:
    data = path.read_bytes()
    plain = gzip.decompress(data) if path.suffix == ".gz" else data
    tasks, refusals = read_all(TaskSource(path))
    assert refusals == []
    assert tasks == [decode_task(line) for line in plain.splitlines()]


# --- Standard input and pipes ------------------------------------------------------------------


@pytest.fixture
def pipe() -> Iterator[tuple[io.BufferedReader, io.FileIO]]:
    receiving, sending = os.pipe()
    with os.fdopen(receiving, "rb") as reader, os.fdopen(sending, "wb", buffering=0) as writer:
        yield reader, writer


@pytest.fixture
def stdin(
    pipe: tuple[io.BufferedReader, io.FileIO], monkeypatch: pytest.MonkeyPatch
) -> Iterator[io.FileIO]:
    """The writing end of a pipe that is standard input."""
    reader, writer = pipe
    with io.TextIOWrapper(reader) as text, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", text)
        yield writer


@pytest.mark.parametrize("follow", [False, True])
def test_standard_input_gives_what_has_come_and_ends_with_its_writer(
    stdin: io.FileIO, follow: bool
) -> None:
    source = TaskSource("-", follow=follow)
    assert source.size_bytes is None
    batches = source.batches()
    stdin.write(HIT_LINE + b"\n" + END_LINE[:10])
    first = next(batches)
    assert (first.tasks, first.refusals, first.bytes_read) == ([HIT], [], len(HIT_LINE) + 11)
    stdin.write(END_LINE[10:] + b"\n{")
    assert next(batches).tasks == [END]
    stdin.close()
    assert [str(refusal) for refusal in next(batches).refusals] == [
        "standard input:3: cut off: the JSON ends in the middle"
    ]
    assert list(batches) == []


@pytest.mark.parametrize("pack", PACKED[1:])
def test_standard_input_may_be_packed(
    stdin: io.FileIO, pack: Callable[[bytes, bytes], bytes]
) -> None:
    stdin.write(pack(HIT_LINE, b"\n" + END_LINE))
    stdin.close()
    assert read_all(TaskSource("-")) == ([HIT, END], [])


def test_a_live_gzip_pipe_is_unpacked_as_it_comes(
    pipe: tuple[io.BufferedReader, io.FileIO],
) -> None:
    reader, writer = pipe
    batches = TaskSource(reader).batches()
    with gzip.GzipFile(fileobj=writer, mode="wb") as packer:
        for _ in range(3):
            packer.write(HIT_LINE + b"\n")
            packer.flush()
            assert next(batches).tasks == [HIT]


def test_standard_input_from_a_file_knows_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fight"
    path.write_bytes(HIT_LINE)
    with path.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        source = TaskSource("-")
        assert source.size_bytes == len(HIT_LINE)
        assert read_all(source) == ([HIT], [])
        monkeypatch.undo()


def test_a_program_without_standard_input_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input is not available; name a file"):
        TaskSource("-")


@needs_fifo
def test_a_silent_pipe_hears_the_stop_of_another_thread(stdin: io.FileIO) -> None:
    source = TaskSource("-")
    timer = threading.Timer(0.02, source.stop)
    timer.start()
    assert list(source.batches()) == []
    timer.join()


@needs_fifo
def test_a_signal_handler_may_stop_a_source(stdin: io.FileIO) -> None:
    source = TaskSource("-", follow=True)
    before = signal.signal(signal.SIGALRM, lambda *_: source.stop())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        assert list(source.batches()) == []
    finally:
        signal.signal(signal.SIGALRM, before)


# --- Following ---------------------------------------------------------------------------------


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_growing_file_is_followed_line_by_line_until_the_stop(tmp_path: Path) -> None:
    path = tmp_path / "live"
    path.write_bytes(b"")
    source = TaskSource(path, follow=True)
    batches = source.batches()
    append(path, HIT_LINE + b"\n" + END_LINE[:30])
    assert next(batches).tasks == [HIT]
    append(path, END_LINE[30:])
    append(path, b"\nbad\n")
    batch = next(batches)
    assert batch.tasks == [END]
    assert [refusal.line for refusal in batch.refusals] == [3]
    source.stop()
    assert list(batches) == []


def test_in_a_growing_file_junk_costs_only_itself(tmp_path: Path) -> None:
    """A writer dies in the middle of a line; its successor goes on in the same line."""
    path = tmp_path / "live"
    path.write_bytes(HIT_LINE + b"\n" + HIT_LINE[:30])
    source = TaskSource(path, follow=True)
    batches = source.batches()
    assert next(batches).tasks == [HIT]
    append(path, b"\0" * 4096 + END_LINE[:9])
    append(path, END_LINE[9:] + b"\n")
    batch = next(batches)
    assert batch.tasks == [END]
    assert [refusal.text for refusal in batch.refusals] == [HIT_LINE[:30] + b"\0" * 4096]
    source.stop()
    assert list(batches) == []


def test_a_file_that_is_silent_hears_the_stop(tmp_path: Path) -> None:
    path = tmp_path / "live"
    path.write_bytes(b"")
    source = TaskSource(path, follow=True)
    assert source.size_bytes is None
    timer = threading.Timer(0.02, source.stop)
    timer.start()
    assert list(source.batches()) == []
    timer.join()


@pytest.mark.parametrize(("last", "tasks"), [(END_LINE, [END]), (END_LINE[:-1], [])])
def test_at_the_stop_an_unfinished_line_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, last: bytes, tasks: list[Task]
) -> None:
    path = tmp_path / "live"
    path.write_bytes(HIT_LINE + b"\n" + last)
    source = TaskSource(path, follow=True)
    batches = source.batches()
    assert next(batches).tasks == [HIT]
    source.stop()
    assert [batch.tasks for batch in batches] == ([tasks] if tasks else [])
    assert ("live:2: cut off" in caplog.text) == (not tasks)


def test_a_truncated_file_is_read_from_its_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "live"
    path.write_bytes(HIT_LINE + b"\n" + HIT_LINE + b"\n")
    batches = TaskSource(path, follow=True).batches()
    assert next(batches).tasks == [HIT, HIT]
    path.write_bytes(END_LINE + b"\nbad\n")
    batch = next(batches)
    assert batch.tasks == [END]
    assert [refusal.line for refusal in batch.refusals] == [2]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "live was truncated: reading it from its start" in caplog.text


def test_a_replaced_file_is_read_to_its_end_then_the_new_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "live"
    path.write_bytes(HIT_LINE + b"\n")
    batches = TaskSource(path, follow=True).batches()
    assert next(batches).tasks == [HIT]
    path.rename(tmp_path / "live.1")
    append(tmp_path / "live.1", END_LINE + b"\n" + HIT_LINE[:9])
    path.write_bytes(gzip.compress(HIT_LINE + b"\n"))
    assert next(batches).tasks == [END]
    assert [refusal.line for refusal in next(batches).refusals] == [3]
    assert next(batches).tasks == [HIT]
    assert "live was replaced: reading the new file from its start" in caplog.text


def test_a_file_that_is_away_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "live"
    path.write_bytes(HIT_LINE + b"\n")
    batches = TaskSource(path, follow=True).batches()
    assert next(batches).tasks == [HIT]
    path.rename(tmp_path / "live.1")
    timer = threading.Timer(0.15, path.write_bytes, [END_LINE + b"\n"])
    timer.start()
    assert next(batches).tasks == [END]
    timer.join()


@needs_fifo
def test_a_followed_fifo_outlives_its_writers(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    first = os.open(path, os.O_RDWR)
    os.write(first, HIT_LINE + b"\n" + END_LINE[:9])
    source = TaskSource(path, follow=True)
    batches = source.batches()
    assert next(batches).tasks == [HIT]
    os.close(first)
    assert [refusal.reason[:7] for refusal in next(batches).refusals] == ["cut off"]
    second = os.open(path, os.O_WRONLY)
    os.write(second, END_LINE + b"\n")
    assert next(batches).tasks == [END]
    os.close(second)
    source.stop()
    assert list(batches) == []


@needs_fifo
def test_a_followed_fifo_without_a_writer_hears_the_stop(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    source = TaskSource(path, follow=True)
    timer = threading.Timer(0.02, source.stop)
    timer.start()
    assert list(source.batches()) == []
    timer.join()


@needs_fifo
def test_a_fifo_that_is_not_followed_ends_with_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=[HIT_LINE + b"\n"])
    writer.start()
    assert read_all(TaskSource(path)) == ([HIT], [])
    writer.join()
