"""User marks on a fight: favourite, tags, note. Checksums do not cover them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from resonance_logs.store.facets import Facet

FAVORITE: Final = Facet("favorite", "1")
TAG: Final = "tag"
KINDS: Final = (FAVORITE.kind, TAG)
"""The kinds of facets that fights keep when their figures are rebuilt."""

COLUMNS: Final = ("is_favorite", "note", "tags")


def read_tags(text: object) -> list[str]:
    """The tags in a fight's row; none if they are damaged."""
    try:
        return msgspec.json.decode(text, type=list[str]) if isinstance(text, str) else []
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return []


def write_tags(tags: list[str]) -> str:
    """Tags in the format of a fight's row."""
    return msgspec.json.encode(tags).decode()


def mark_facets(row: Mapping[str, Any]) -> list[Facet]:
    """The facets of the marks in this row."""
    tags = [Facet(TAG, tag) for tag in read_tags(row["tags"])]
    return [FAVORITE, *tags] if row["is_favorite"] else tags


def valid_marks(row: Mapping[str, Any]) -> dict[str, Any]:
    """The valid marks of a row that may be damaged, or of an older version."""
    note = row.get("note")
    return {
        "is_favorite": int(row.get("is_favorite") == 1),
        "note": note if isinstance(note, str) else None,
        "tags": write_tags(read_tags(row.get("tags"))),
    }
