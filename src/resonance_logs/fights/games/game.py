"""What is known of a game: its classes with their names, colours and specs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

NEUTRAL_COLOR: Final = "#9e9e9e"
"""The colour of a class that is not known."""


class Role(StrEnum):
    """The usual role of a class in a party."""

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
    spec_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Game:
    """A game: its id, its name, its classes by id, and the names of specs by id.

    A game without classes is a neutral one: every class has a neutral name and colour.
    """

    id: str
    name: str
    classes: Mapping[int, GameClass] = field(default_factory=dict)
    spec_names: Mapping[int, str] = field(default_factory=dict)

    def class_name(self, class_id: int | None) -> str:
        """The class's name; ``Class <id>`` if it is not known, empty if there is no id."""
        if not class_id:
            return ""
        known = self.classes.get(class_id)
        return known.name if known else f"Class {class_id}"

    def class_color(self, class_id: int | None) -> str:
        """The class's colour as ``#rrggbb``; neutral grey if it is not known."""
        known = self.classes.get(class_id or 0)
        return known.color if known else NEUTRAL_COLOR

    def spec_name(self, class_id: int | None, spec_id: int | None) -> str:
        """The spec's name; empty if it is not known, or does not belong to the class.

        In a game whose classes are not known it is ``Spec <id>``.
        """
        if not class_id or not spec_id:
            return ""
        if not self.classes:
            return f"Spec {spec_id}"
        known = self.classes.get(class_id)
        return self.spec_names.get(spec_id, "") if known and spec_id in known.spec_ids else ""
