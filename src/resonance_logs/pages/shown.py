"""What of a fight is shown: which figures, of whom, of which part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from resonance_logs.commands.arguments import Side, SkillType

KINDS: Final = {
    SkillType.DPS: "Damage",
    SkillType.HEAL: "Healing",
    SkillType.TANKED: "Taken",
}
SIDES: Final = {Side.PLAYERS: "Players", Side.MONSTERS: "Monsters"}


@dataclass(frozen=True, slots=True)
class Shown:
    """The choices of the reader; no bounds are the whole fight, no actor is all of the side."""

    kind: SkillType = SkillType.DPS
    side: Side = Side.PLAYERS
    from_ms: int | None = None
    to_ms: int | None = None
    actor_id: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the figures are those of the whole fight."""
        return self.from_ms is None and self.to_ms is None

    @property
    def what(self) -> str:
        """What the figures are of, in a sentence."""
        return "damage taken" if self.kind is SkillType.TANKED else KINDS[self.kind].lower()

    @property
    def others(self) -> str:
        """What those on the other side of the hits are called."""
        return "Sources" if self.kind is SkillType.TANKED else "Targets"
