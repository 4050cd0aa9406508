"""The scenes of a night, and their monsters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scene:
    """A place: its id and name, its bosses in order, and the packs on the way."""

    id: int
    name: str
    bosses: tuple[str, ...]
    trash: tuple[str, ...]


SCENES: Final = (
    Scene(
        6_101,
        "Tower of Echoes",
        ("Warden of Glass", "Choir of Iron"),
        ("Glass Sentinel", "Hollow Singer", "Rust Crawler"),
    ),
    Scene(
        6_102,
        "Sunken Foundry",
        ("Forgemaster Ruk", "The Drowned Engine"),
        ("Slag Hound", "Brine Golem", "Valve Imp"),
    ),
    Scene(
        6_103,
        "Stormcrown Heights",
        ("Aerie Queen", "Thunder Colossus", "Void Sovereign"),
        ("Gale Harpy", "Sparkling", "Void Adept"),
    ),
    Scene(
        6_104,
        "Garden of Teeth",
        ("Mother Bramble", "Old Hunger"),
        ("Thornling", "Carrion Bloom", "Mire Toad"),
    ),
)
