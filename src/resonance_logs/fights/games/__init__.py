"""Names and colours of classes and specs; a module per game holds its facts."""

from __future__ import annotations

from typing import Final

from resonance_logs.fights.games.bpsr import CLASSES, SPEC_NAMES

NEUTRAL_COLOR: Final = "#9e9e9e"


def class_name(class_id: int | None) -> str:
    """The class's name; empty if unknown."""
    known = CLASSES.get(class_id or 0)
    return known.name if known else ""


def class_color(class_id: int | None) -> str:
    """The class's colour as ``#rrggbb``; neutral grey if unknown."""
    known = CLASSES.get(class_id or 0)
    return known.color if known else NEUTRAL_COLOR


def spec_name(class_id: int | None, spec_id: int | None) -> str:
    """The spec's name; empty if it is unknown or does not belong to the class."""
    known = CLASSES.get(class_id or 0)
    return SPEC_NAMES.get(spec_id or 0, "") if known and spec_id in known.spec_ids else ""
