"""The players of a night, and what a recorder learns about them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Final

from resonance_logs.fights.games.bpsr import CLASSES
from resonance_logs.fights.games.game import Role
from resonance_logs.sources.simulation.kits import KITS, Kit
from resonance_logs.tasks import UpsertEntity

FIRST_ID: Final = 36_500_001
ACTION_MS: Final = 240
"""The average time between a player's actions."""

UNKNOWN, NEW, KNOWN = range(3)

NAMES: Final = (
    "Aoife", "Brannik", "Céline", "Dusk", "Elowen", "Faelan", "Grünhild",
    "Hikari", "Ísolde", "Jorun", "Kestrel", "Lumi", "Mireille", "Nox",
    "Ondine", "Pyrrha", "Quill", "Rurik", "Sølvi", "月影",
)  # fmt: skip

_SPECS: Final = {
    Role.TANK: ((9, 9), (12, 13), (9, 10), (12, 14)),
    Role.HEALER: ((5, 8), (13, 16)),
    Role.DAMAGE: ((1, 1), (11, 12), (2, 4), (4, 6), (1, 2), (11, 11), (2, 3), (4, 5), (5, 7)),
}
"""Class and spec, in the order a party adds them."""


@dataclass(slots=True)
class Player:
    """A player, and whether the recorder knows them in this fight (``known``)."""

    id: int
    name: str
    class_id: int
    spec_id: int
    score: int
    level: int
    kit: Kit
    role: Role
    attack: int
    max_hp: int
    attributes: str | None
    hp: int = 0
    shield: int = 0
    known: int = UNKNOWN
    dead: bool = field(default=False)

    def enter(self) -> None:
        """Get ready for a fight; the recorder forgets, as at a change of scene."""
        self.hp = self.max_hp
        self.shield = 0
        self.dead = False
        self.known = UNKNOWN

    def seen(self, at_ms: int) -> UpsertEntity:
        """The recorder's update about this player.

        At first it knows nothing, then everything including attributes; later it repeats the rest
        without the attributes.
        """
        if self.known == KNOWN:
            return UpsertEntity(
                self.id, at_ms, self.name, self.class_id, self.spec_id, self.score, self.level
            )
        if self.known == UNKNOWN:
            self.known = NEW
            return UpsertEntity(self.id, at_ms, None, 0, 0, 0, 0)
        self.known = KNOWN
        return UpsertEntity(
            self.id,
            at_ms,
            self.name,
            self.class_id,
            self.spec_id,
            self.score,
            self.level,
            self.attributes,
        )


def make_party(random: Random, size: int, *, attributes: bool) -> list[Player]:
    """A party of this size: one in eight a tank, one in five a healer, the first of them you."""
    tanks = max(1, size // 8)
    healers = max(1, size // 5)
    roles = [Role.DAMAGE] * (size - tanks - healers)
    roles[1:1] = [Role.TANK] * tanks + [Role.HEALER] * healers
    taken = dict.fromkeys(Role, 0)
    names = random.sample(NAMES, size)
    party = []
    for number, role in enumerate(roles):
        class_id, spec_id = _SPECS[role][taken[role] % len(_SPECS[role])]
        taken[role] += 1
        party.append(
            _make_player(random, FIRST_ID + number, names[number], class_id, spec_id, attributes)
        )
    return party


def _make_player(
    random: Random, player_id: int, name: str, class_id: int, spec_id: int, attributes: bool
) -> Player:
    score = random.randrange(18_000, 36_000)
    role = CLASSES[class_id].role
    max_hp = 7 * score * (2 if role is Role.TANK else 1)
    attack = round(score * (0.6 if role is Role.TANK else 1.0) * random.uniform(0.85, 1.15))
    return Player(
        id=player_id,
        name=name,
        class_id=class_id,
        spec_id=spec_id,
        score=score,
        level=60,
        kit=KITS[spec_id],
        role=role,
        attack=attack,
        max_hp=max_hp,
        attributes=_attributes(random, score, max_hp) if attributes else None,
    )


def _attributes(random: Random, score: int, max_hp: int) -> str:
    """About 1 kB of JSON text, as the game sends it."""
    values: dict[str, object] = {"fightPoint": score, "maxHp": max_hp}
    values |= {f"attr_{11_010 + 10 * n}": random.randrange(100_000) for n in range(36)}
    values["equipment"] = [{"slot": n, "item": random.randrange(10**6)} for n in range(11)]
    return json.dumps(values)
