"""Text for a terminal: what could steer it is escaped, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.sources.terminal_text import printable


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("👨\u200d👩\u200d👧 Fam", id="zero-width joiner"),
        pytest.param("می\u200cخواهم", id="zero-width non-joiner"),
        pytest.param("ශ්\u200dරී", id="joiner in Sinhala"),
        pytest.param("❤\ufe0f you", id="variation selector"),
        pytest.param("🏴\U000e0067\U000e0062\U000e007f", id="tags of a flag"),
        pytest.param("שלום\u200f", id="mark"),
        pytest.param("\ue000", id="private use"),
    ],
)
def test_joiners_selectors_and_tags_stay(name: str) -> None:
    assert printable(name) == name


@pytest.mark.parametrize(
    ("char", "escape"),
    [
        ("\x1b", r"\x1b"),
        ("\x00", r"\x00"),
        ("\n", r"\n"),
        ("\x9b", r"\x9b"),
        ("\u2028", r"\u2028"),
        ("\u202e", r"\u202e"),
        ("\u2067", r"\u2067"),
        ("\ud800", r"\ud800"),
    ],
)
def test_controls_and_overrides_are_escaped(char: str, escape: str) -> None:
    assert printable(f"a{char}\u200db") == f"a{escape}\u200db"


@given(st.text(st.characters()))
def test_what_is_printable_stays_so(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    printable(text).encode()
