"""Text made safe for a terminal."""

from __future__ import annotations

import unicodedata
from typing import Final

_CONTROLS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories: control characters, lone surrogates, line and paragraph separators."""

_DIRECTIONS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates: they change the direction of what follows."""


def printable(text: str) -> str:
    """Return the text with every character that could steer a terminal written as an escape.

    All others stay as they are: also joiners, variation selectors and tags, of which emoji and the
    letters of many languages are made.
    """
    if text.isprintable():
        return text
    return "".join(ascii(char)[1:-1] if _steers(char) else char for char in text)


def _steers(char: str) -> bool:
    return unicodedata.category(char) in _CONTROLS or char in _DIRECTIONS
