"""Classes and roles of a game."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    spec_ids: tuple[int, int]
