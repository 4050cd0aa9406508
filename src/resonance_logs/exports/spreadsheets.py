"""Texts that a spreadsheet would run as a formula when it opens a file of them."""

from __future__ import annotations

import re
from typing import Final

_FORMULA: Final = frozenset("=+-@＝＋－＠﹦﹢﹣﹫−")
"""What a formula begins with; full-width and small forms count in some languages."""

_BREAKS: Final = frozenset(";|\t\r\n")
"""A spreadsheet that expects another separator begins a cell after these, even within quotes."""

_SKIPPED: Final = re.compile(
    r"[;|\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+"
)
"""Breaks, blanks, and characters without a width, which spreadsheets skip or drop."""


def defuse(text: str) -> str:
    """The text, with an apostrophe before whatever a spreadsheet could take for a formula."""
    if text[:1] in _BREAKS or text[:1] in _FORMULA:
        text = f"'{text}"
    if _FORMULA.isdisjoint(text):
        return text

    def separated(match: re.Match[str]) -> str:
        skipped = match[0]
        if text[match.end() : match.end() + 1] not in _FORMULA:
            return skipped
        begins = max(skipped.rfind(each) for each in _BREAKS) + 1
        if not begins and match.start():
            return skipped
        return f"{skipped[:begins]}'{skipped[begins:]}"

    return _SKIPPED.sub(separated, text)
