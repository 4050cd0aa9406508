"""What users mark a fight with: favourite, tags, note. No checksum is over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from resonance_logs.store.facets import Facet

FAVORITE: Final = Facet("favorite", "1")
TAG: Final = "tag"
KINDS: Final = (FAVORITE.kind, TAG)
"""Fights stay listed under these when their figures are made anew."""

COLUMNS: Final = ("is_favorite", "note", "tags")


def read_tags(text: object) -> list[str]:
    """The tags of a fight's row; none where they are damaged."""
    try:
        return msgspec.json.decode(text, type=list[str]) if isinstance(text, str) else []
    except (msgspec.DecodeError, UnicodeEncodeError):
        return []


def write_tags(tags: list[str]) -> str:
    """Tags as a fight's row has them."""
    return msgspec.json.encode(tags).decode()


def mark_facets(row: Mapping[str, Any]) -> list[Facet]:
    """What the fight of this row is listed under because of its marks."""
    tags = [Facet(TAG, tag) for tag in read_tags(row["tags"])]
    return [FAVORITE, *tags] if row["is_favorite"] else tags


def sound_marks(row: Mapping[str, Any]) -> dict[str, Any]:
    """The marks of a row that may be damaged, or of an older version."""
    note = row.get("note")
    return {
        "is_favorite": int(row.get("is_favorite") == 1),
        "note": note if isinstance(note, str) else None,
        "tags": write_tags(read_tags(row.get("tags"))),
    }
