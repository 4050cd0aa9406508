"""Fold names for comparison and search, ignoring case and Unicode form."""

from __future__ import annotations

from typing import Final
from unicodedata import combining, normalize

_DOTLESS_I: Final = "\N{LATIN SMALL LETTER DOTLESS I}"
_DOT_ABOVE: Final = "\N{COMBINING DOT ABOVE}"


def fold_name(text: str) -> str:
    """Return the text in Unicode form NFKC, with full case folding.

    The letter i is the same with and without a dot (I, İ, ı, i), as Turkish names require.
    Folding a folded text changes nothing. Blanks are kept.
    """
    if text.isascii():
        return text.lower()
    # The steps of Unicode's NFKC_Casefold: each step can undo the one before.
    folded = normalize("NFKC", normalize("NFD", text).casefold()).casefold()
    decomposed = normalize("NFKD", folded).replace(_DOTLESS_I, "i")
    return normalize("NFKC", _remove_dots_of_i(decomposed))


def _remove_dots_of_i(decomposed: str) -> str:
    """Remove each dot above that belongs to an i; marks below the i may come between them."""
    if _DOT_ABOVE not in decomposed:
        return decomposed
    kept: list[str] = []
    follows_i = False
    for char in decomposed:
        if char == _DOT_ABOVE and follows_i:
            continue
        if not combining(char):
            follows_i = char == "i"
        elif combining(char) == combining(_DOT_ABOVE):
            follows_i = False
        kept.append(char)
    return "".join(kept)
