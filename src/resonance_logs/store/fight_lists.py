"""The lists of names in a fight's row, as JSON: its bosses and its players."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec


class _Boss(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    monster_name: str
    max_hp: int | None
    is_defeated: bool


class _Player(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    name: str
    class_id: int | None
    is_local_player: bool


_LISTS: Final[Mapping[str, msgspec.json.Decoder[Any]]] = {
    "bosses": msgspec.json.Decoder(list[_Boss]),
    "players": msgspec.json.Decoder(list[_Player]),
}


def is_list_valid(column: str, text: object) -> bool:
    """Whether the text in a column, ``bosses`` or ``players``, is a list as this program writes it.

    A fingerprint does not tell: who makes up a file computes that, too.
    """
    if not isinstance(text, str):
        return False
    try:
        _LISTS[column].decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True
