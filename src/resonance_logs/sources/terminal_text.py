"""Text made safe for a terminal."""

from __future__ import annotations

import unicodedata
from typing import Final

_CONTROLS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories: control characters, lone surrogates, line and paragraph separators."""

_DIRECTIONS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates, which change the direction of the text after them."""


def printable(text: str) -> str:
    """Return the text with every character that could control a terminal escaped.

    All others stay as they are, including joiners, variation selectors and tags, which are parts of
    emoji and of the letters of many languages.
    """
    if text.isprintable():
        return text
    return "".join(ascii(char)[1:-1] if _is_control(char) else char for char in text)


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in _CONTROLS or char in _DIRECTIONS
