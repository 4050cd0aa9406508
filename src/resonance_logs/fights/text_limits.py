"""How long the texts may be that come with tasks: longer ones are cut, and end with a mark."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from unicodedata import category

MAX_NAME_LENGTH: Final = 256
"""Characters of the name of a player, monster, boss, scene or skill."""

MAX_TEXT_BYTES: Final = 65_536
"""Bytes of a note, or of the attributes of a player, in UTF-8."""

MAX_TAG_LENGTH: Final = 64
"""Characters of a tag."""

MARK: Final = "…"

_JOINER: Final = "\u200d"
_MAX_CLUSTER: Final = 32
"""So many characters may make up what readers see as one."""


def cut_name(name: str, length: int = MAX_NAME_LENGTH) -> str:
    """The name, or its first characters and a mark."""
    if len(name) <= length:
        return name
    return _whole_clusters(name, length - len(MARK)) + MARK


def cut_text(text: str) -> str:
    """The text, or as much of it as fits into MAX_TEXT_BYTES with a mark."""
    if len(text) <= MAX_TEXT_BYTES // 4:
        return text
    encoded = text.encode()
    if len(encoded) <= MAX_TEXT_BYTES:
        return text
    room = MAX_TEXT_BYTES - len(MARK.encode())
    kept = encoded[:room].decode(errors="ignore")
    return _whole_clusters(text, len(kept)) + MARK


def count_long(names: Iterable[str | None]) -> int:
    """How many different names are longer than MAX_NAME_LENGTH."""
    return len({each for each in names if each is not None and len(each) > MAX_NAME_LENGTH})


def is_cut(name: str) -> bool:
    """Whether a name may be one that was cut."""
    return len(name) >= MAX_NAME_LENGTH - _MAX_CLUSTER and name.endswith(MARK)


def _whole_clusters(text: str, length: int) -> str:
    """The first characters, without the beginning of a letter of which the rest is cut off."""
    end = length
    while end > length - _MAX_CLUSTER + 1 and (_extends(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    if _extends(text[end]) and text[end] != _JOINER:
        end = length  # marks without end, which no reader can tell apart
    return text[:end].rstrip(_JOINER)


def _extends(char: str) -> bool:
    """Whether a character belongs to the one before it."""
    return (
        char == _JOINER
        or category(char).startswith("M")
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # parts of flags
    )
