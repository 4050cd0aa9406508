"""Blue Protocol: Star Resonance: its classes and specs, with names, colours and roles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a class usually does in a party."""

    DAMAGE = "damage"
    HEALER = "healer"
    TANK = "tank"


@dataclass(frozen=True, slots=True)
class GameClass:
    """A playable class: its id on the wire, name, colour (``#rrggbb``), role and spec ids."""

    id: int
    name: str
    color: str
    role: Role
    spec_ids: tuple[int, int]


CLASSES: Final[dict[int, GameClass]] = {
    game_class.id: game_class
    for game_class in (
        GameClass(1, "Stormblade", "#674598", Role.DAMAGE, (1, 2)),
        GameClass(2, "Frost Mage", "#4de3d1", Role.DAMAGE, (3, 4)),
        GameClass(4, "Wind Knight", "#0099c6", Role.DAMAGE, (5, 6)),
        GameClass(5, "Verdant Oracle", "#66aa00", Role.HEALER, (7, 8)),
        GameClass(9, "Heavy Guardian", "#b38915", Role.TANK, (9, 10)),
        GameClass(11, "Marksman", "#ffee00", Role.DAMAGE, (11, 12)),
        GameClass(12, "Shield Knight", "#7b9aa2", Role.TANK, (13, 14)),
        GameClass(13, "Beat Performer", "#ee2e48", Role.HEALER, (15, 16)),
    )
}

SPEC_NAMES: Final[dict[int, str]] = {
    1: "Iaido",
    2: "Moonstrike",
    3: "Icicle",
    4: "Frostbeam",
    5: "Vanguard",
    6: "Skyward",
    7: "Smite",
    8: "Lifebind",
    9: "Earthfort",
    10: "Block",
    11: "Wildpack",
    12: "Falconry",
    13: "Recovery",
    14: "Shield",
    15: "Dissonance",
    16: "Concerto",
}

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
    """The spec's name; empty where it is unknown, or is not one of the class's."""
    known = CLASSES.get(class_id or 0)
    return SPEC_NAMES.get(spec_id or 0, "") if known and spec_id in known.spec_ids else ""
