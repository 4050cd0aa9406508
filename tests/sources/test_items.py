"""What counts in a stream's position: each task, and each line without one."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.sources.first_line import MAX_BYTES, FirstLine
from resonance_logs.sources.task_source import Batch, TaskSource
from resonance_logs.tasks import EndEncounter, InsertDamageEvent, SkippedLine, encode_task

LINES = [
    *(encode_task(EndEncounter(ended_at_ms=number)) for number in range(4)),
    b"nonsense",
    b"null",
    b"\0\0" + encode_task(EndEncounter(ended_at_ms=9)),
]
BLANK = [b"", b"  ", b"\r"]


def read(body: bytes) -> list[Batch]:
    return list(TaskSource(io.BytesIO(body), name="body").batches())


def kinds(body: bytes, known: int = 0, *, is_complete: bool = True) -> list[bool]:
    """Of each new item, whether it is a task; ``known`` items are known."""
    found: list[bool] = []
    for batch in read(body):
        items = batch.items(known, is_complete=is_complete)
        known -= items.total - len(items.new)
        found += [type(item) is not SkippedLine for item in items.new]
    return found


@given(st.lists(st.sampled_from(LINES + BLANK), max_size=20), st.integers(0, 20))
def test_each_line_that_is_not_blank_is_one_item_and_known_ones_are_left_out(
    lines: list[bytes], known: int
) -> None:
    body = b"".join(line + b"\n" for line in lines)
    expected = [line not in LINES[4:6] for line in lines if line not in BLANK]
    assert kinds(body) == expected
    assert kinds(body, known) == expected[known:]


@given(st.lists(st.sampled_from(LINES), max_size=20), st.integers(0, 20))
def test_refusals_of_known_lines_are_left_out(lines: list[bytes], known: int) -> None:
    body = b"".join(line + b"\n" for line in lines)
    refused = [
        refusal.line
        for batch in read(body)
        for refusal in batch.items(known, is_complete=True).refusals
    ]
    assert refused == [
        number for number, line in enumerate(lines, 1) if line in LINES[4:] and number > known
    ]


def test_a_last_line_that_is_cut_off_counts_only_where_nothing_can_follow() -> None:
    body = LINES[0] + b"\n" + LINES[1][:-3]
    assert kinds(body, is_complete=True) == [True, False]
    assert kinds(body, is_complete=False) == [True]


def test_wherever_a_last_line_is_cut_off_it_does_not_count() -> None:
    line = encode_task(InsertDamageEvent(timestamp_ms=1, attacker_id=-7, value=0, skill_id=-1))
    for end in range(1, len(line)):
        assert kinds(LINES[0] + b"\n" + line[:end], is_complete=False) == [True], line[:end]


def test_a_last_line_that_is_wrong_but_whole_counts() -> None:
    assert kinds(LINES[0] + b'\n{"type":"dance"}', is_complete=False) == [True, False]


def first_line_id(*blocks: bytes) -> str | None:
    first = FirstLine()
    for block in blocks:
        first.feed(block)
    first.finish()
    return first.take_id()


def test_an_input_is_known_by_its_first_line_however_it_arrives_and_grows() -> None:
    known = first_line_id(LINES[0] + b"\n" + LINES[1] + b"\n")
    assert known is not None
    assert known == first_line_id(LINES[0][:5], LINES[0][5:], b"\n", LINES[2])
    assert known == first_line_id(b"\n \r\n" + LINES[0] + b"\r\n")
    assert known == first_line_id(LINES[0])
    assert known != first_line_id(LINES[1])


def test_an_input_without_a_line_has_no_id() -> None:
    assert first_line_id() is None
    assert first_line_id(b"\n \r\n") is None


def test_of_a_long_first_line_the_beginning_identifies() -> None:
    long = b"x" * MAX_BYTES
    assert first_line_id(long) == first_line_id(long + b"y\n") == first_line_id(long[:9], long)


@pytest.mark.parametrize("packed", [False, True])
def test_the_first_batch_of_an_input_has_its_id(packed: bool) -> None:
    import gzip

    body = b"".join(line + b"\n" for line in LINES[:4]) * 5_000
    batches = read(gzip.compress(body) if packed else body)
    assert len(batches) > 1
    assert batches[0].input_id == first_line_id(body)
    assert all(batch.input_id is None for batch in batches[1:])
    assert [batch.tasks_before for batch in batches] == [
        sum(len(each.tasks) for each in batches[:index]) for index in range(len(batches))
    ]
