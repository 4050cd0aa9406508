"""The format of numbers, times and names."""

import io

import pytest
from rich.console import Console

from resonance_logs.cli.render import (
    Bar,
    class_and_spec,
    duration,
    local_time,
    number,
    percent,
    player_name,
    safe,
    size,
)
from resonance_logs.fights.games import find_game


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.4, "0"),
        (9_999, "9,999"),
        (10_000, "10.0k"),
        (12_345, "12.3k"),
        (99_960, "100k"),
        (123_456, "123k"),
        (999_600, "1.00M"),
        (12_345_678, "12.3M"),
        (1_500_000_000, "1.50G"),
        (10**16, "10000T"),
        (-20_000, "-20.0k"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3_661, "1:01:01")]
)
def test_time_spans_read_as_clocks(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(999, "999 bytes"), (1_234_567, "1.23 MB")])
def test_sizes_have_units(count: int, text: str) -> None:
    assert size(count) == text


def test_no_share_at_all_is_left_empty() -> None:
    assert percent(0) == ""
    assert percent(0.1234) == "12.3 %"


def test_a_time_beyond_any_calendar_is_unknown() -> None:
    assert local_time(2**53 - 1) == "unknown time"
    assert local_time(1 - 2**53) == "unknown time"


@pytest.mark.parametrize("steering", ["\x1b", "\x07", "\r", "\n", "\u202e", "\u2028", "\x9b"])
def test_what_could_steer_a_terminal_is_escaped(steering: str) -> None:
    shown = safe(f"a{steering}b")
    assert steering not in shown
    assert shown.startswith("a\\")
    assert shown.endswith("b")


@pytest.mark.parametrize(
    "name", ["Zoë", "青い　空", "Ωμέγα", "[bold]x[/]", "%s <b>", "👨\u200d👩\u200d👧"]
)
def test_other_names_are_shown_as_they_are(name: str) -> None:
    assert safe(name) == name


def test_a_name_of_10_kb_is_cut() -> None:
    assert safe("x" * 10_000) == "x" * 39 + "…"


def test_a_player_without_a_name_is_its_id() -> None:
    assert player_name(None, 7) == "#7"
    assert player_name("Aoi", 7) == "Aoi"


def test_an_unknown_class_or_spec_is_left_out() -> None:
    game = find_game("bpsr")
    assert class_and_spec(game, 1, 2) == "Stormblade · Moonstrike"
    assert class_and_spec(game, 1, None) == "Stormblade"
    assert class_and_spec(game, 1, 3) == "Stormblade"
    assert class_and_spec(game, None, None) == ""


def test_classes_of_an_unknown_game_are_numbers() -> None:
    assert class_and_spec(find_game("wow"), 1, 2) == "Class 1 · Spec 2"


def drawn(bar: Bar, encoding: str) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    console = Console(file=stream, width=40, color_system=None)
    console.print(bar)
    stream.flush()
    raw = stream.buffer.raw if hasattr(stream.buffer, "raw") else stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode(encoding).rstrip("\n").rstrip()


@pytest.mark.parametrize(
    ("share", "text"), [(0, ""), (0.5, "██"), (1, "████"), (5, "████"), (0.03125, "▏")]
)
def test_a_bar_is_as_long_as_its_share(share: float, text: str) -> None:
    assert drawn(Bar(share, "red", 4), "utf-8") == text


def test_where_there_are_only_letters_a_bar_is_made_of_them() -> None:
    assert drawn(Bar(0.5, "red", 4), "ascii") == "##"
