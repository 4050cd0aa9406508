"""Texts that are too long are cut at the limit, between characters as readers see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.fights.text_limits import (
    MARK,
    MAX_NAME_LENGTH,
    MAX_TEXT_BYTES,
    count_long,
    cut_name,
    cut_text,
    is_cut,
)

ACUTE = "\N{COMBINING ACUTE ACCENT}"
JOINER = "\N{ZERO WIDTH JOINER}"


@pytest.mark.parametrize("name", ["", "Aoi", "x" * 256, "名" * 256, "\U0001f600" * 256])
def test_a_name_within_the_limit_stays(name: str) -> None:
    assert cut_name(name) is name


def test_a_longer_name_ends_with_a_mark() -> None:
    assert cut_name("x" * 257) == "x" * 255 + MARK
    assert cut_name("\U0001f600" * 300) == "\U0001f600" * 255 + MARK


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("x" * 254 + "e" + ACUTE + "y", 254),
        ("x" * 253 + "e" + ACUTE + ACUTE + "y", 253),
        ("x" * 253 + "e" + ACUTE + "yz", 255),
        ("x" * 254 + "👩" + JOINER + "🚀", 254),
        ("x" * 253 + "👩" + JOINER + "🚀yz", 253),
        ("x" * 254 + "👍🏽" + "y", 254),
        ("x" * 254 + "❤\ufe0f" + "y", 254),
    ],
)
def test_what_readers_see_as_one_character_is_not_split(name: str, kept: int) -> None:
    assert cut_name(name) == name[:kept] + MARK


def test_marks_without_end_are_cut_at_the_limit() -> None:
    assert len(cut_name("a" + ACUTE * 10_000)) == MAX_NAME_LENGTH


@given(st.text(min_size=240, max_size=300))
def test_a_cut_name_is_a_beginning_that_needs_no_further_cut(name: str) -> None:
    short = cut_name(name)
    assert len(short) <= MAX_NAME_LENGTH
    assert cut_name(short) == short
    assert short == name or name.startswith(short.removesuffix(MARK))
    assert short == name or is_cut(short)


@given(st.text(min_size=1, max_size=40), st.integers(0, 8))
def test_a_cut_text_fits_in_bytes(text: str, more: int) -> None:
    long = text * (MAX_TEXT_BYTES // len(text.encode()) + more)
    short = cut_text(long)
    assert len(short.encode()) <= MAX_TEXT_BYTES
    assert short == long or long.startswith(short.removesuffix(MARK))
    assert (short == long) == (len(long.encode()) <= MAX_TEXT_BYTES)
    assert cut_text(short) == short


def test_different_long_names_are_counted_once() -> None:
    assert count_long(["x" * 257, "x" * 257, "y" * 300, "z", None]) == 2
