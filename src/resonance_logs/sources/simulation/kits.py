"""What players and monsters can do: invented skills, one kit per spec of the game."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from resonance_logs.fights.games.bpsr import CLASSES
from resonance_logs.fights.games.game import Role


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill.

    ``power`` is the damage of one hit as a multiple of attack, ``weight`` how often the skill is
    chosen, ``hits`` the number of hits on each target in the same millisecond, ``targets`` the
    maximum number of targets. ``shield`` is what it absorbs, also a multiple of attack.
    """

    id: int
    name: str
    power: float
    weight: int
    hits: int = 1
    targets: int = 1
    heals: bool = False
    shield: float = 0.0


@dataclass(frozen=True, slots=True)
class Kit:
    """The skills of one spec, with cumulative weights for ``random.choices``."""

    skills: tuple[Skill, ...]
    cumulative: tuple[int, ...]
    lucky_strike: Skill

    def power(self) -> float:
        """The expected damage of one action against one target, as a multiple of attack."""
        total = sum(each.weight * each.power * each.hits for each in self.skills if not each.heals)
        return total / self.cumulative[-1]


_COMMON: Final[dict[int, tuple[str, str, str]]] = {
    1: ("Quick Draw", "Thunder Slash", "Storm Edge"),
    2: ("Frost Bolt", "Hail Burst", "Cold Snap"),
    4: ("Gale Thrust", "Cyclone Lance", "Wind Piercer"),
    5: ("Thorn Lash", "Wild Bloom", "Spore Cloud"),
    9: ("Stone Fist", "Rubble Toss", "Quake Step"),
    11: ("Steady Shot", "Arrow Rain", "Split Shot"),
    12: ("Shield Bash", "Light Blade", "Sweeping Guard"),
    13: ("Power Chord", "Bass Wave", "Encore"),
}

_SIGNATURE: Final[dict[int, tuple[str, str]]] = {
    1: ("Iaido Flash", "Sheathed Thunder"),
    2: ("Moonrise Cut", "Crescent Dance"),
    3: ("Icicle Storm", "Glacier Spear"),
    4: ("Frostbeam", "Absolute Zero"),
    5: ("Vanguard Charge", "Breach"),
    6: ("Skyward Dive", "Falling Star"),
    7: ("Smiting Vine", "Root Spike"),
    8: ("Lifebind", "Healing Rain"),
    9: ("Earthfort", "Granite Heart"),
    10: ("Block Counter", "Iron Wall"),
    11: ("Wolf Pack", "Alpha Call"),
    12: ("Falcon Stoop", "Hunting Pair"),
    13: ("Recovery Light", "Oath of Dawn"),
    14: ("Shield Wall", "Bulwark"),
    15: ("Dissonance", "Feedback"),
    16: ("Concerto", "Healing Melody"),
}

_HEALING_SPECS: Final = frozenset({8, 13, 16})
_SHIELDING_SPECS: Final = frozenset({9, 10, 14})


def _kit(class_id: int, spec_id: int) -> Kit:
    base = 1_000 + 100 * class_id
    quick, wide, strong = _COMMON[class_id]
    skills = (
        Skill(base + 1, quick, 0.55, 46, hits=2),
        Skill(base + 2, wide, 0.40, 18, targets=5),
        Skill(base + 3, strong, 1.10, 16, hits=3),
        *_signature(class_id, spec_id, base + 10 * (1 + spec_id % 2)),
    )
    lucky = Skill(2_031_100 + class_id, f"Lucky Strike: {CLASSES[class_id].name}", 0.9, 0)
    return Kit(skills, tuple(accumulate(each.weight for each in skills)), lucky)


def _signature(class_id: int, spec_id: int, base: int) -> tuple[Skill, Skill]:
    one, other = _SIGNATURE[spec_id]
    if spec_id in _HEALING_SPECS:
        often = 60 if CLASSES[class_id].role is Role.HEALER else 8
        return (
            Skill(base, one, 1.3, often, heals=True),
            Skill(base + 1, other, 0.5, often, targets=5, heals=True),
        )
    if spec_id in _SHIELDING_SPECS:
        return (
            Skill(base, one, 0.7, 12, heals=True, shield=2.5),
            Skill(base + 1, other, 1.4, 8),
        )
    return (Skill(base, one, 1.6, 12, hits=2), Skill(base + 1, other, 0.45, 8, hits=8))


KITS: Final[dict[int, Kit]] = {
    spec_id: _kit(each.id, spec_id) for each in CLASSES.values() for spec_id in each.spec_ids
}
"""By spec id."""

MONSTER_STRIKE: Final = Skill(3_000_001, "Strike", 1.0, 0)
MONSTER_CLEAVE: Final = Skill(3_000_002, "Cleave", 0.6, 0, targets=3)
MONSTER_BLAST: Final = Skill(3_000_003, "Blast", 1.5, 0, targets=20)
MONSTER_WRATH: Final = Skill(3_000_004, "Wrath", 12.0, 0, targets=20)
"""Ends an attempt that is lost."""

_MONSTER_SKILLS: Final = (MONSTER_STRIKE, MONSTER_CLEAVE, MONSTER_BLAST, MONSTER_WRATH)


def skill_names() -> dict[int, str]:
    """The names of all skills used in simulated nights, by id, in the format of a catalog."""
    used = [*_MONSTER_SKILLS]
    for kit in KITS.values():
        used += [*kit.skills, kit.lucky_strike]
    return {each.id: each.name for each in used}
