"""Blue Protocol: Star Resonance: its classes and specs, their names, colours, roles."""

from __future__ import annotations

from typing import Final

from resonance_logs.fights.games.game import Game, GameClass, Role

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

_SPEC_NAMES: Final[dict[int, str]] = {
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

BPSR: Final = Game("bpsr", "Blue Protocol: Star Resonance", CLASSES, _SPEC_NAMES)
