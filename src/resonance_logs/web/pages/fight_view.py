"""What is shown of a fight: which figures, of which side, in which range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlencode

from resonance_logs.commands.models import Side, SkillType

KINDS: Final = {
    SkillType.DPS: "Damage",
    SkillType.HEAL: "Healing",
    SkillType.TANKED: "Taken",
}
RATES: Final = {
    SkillType.DPS: "DPS",
    SkillType.HEAL: "HPS",
    SkillType.TANKED: "DTPS",
}
"""The players' terms for the rates."""

MAX_DIGITS: Final = 15
SIDES: Final = {Side.PLAYERS: "Players", Side.MONSTERS: "Monsters"}


@dataclass(frozen=True, slots=True)
class FightView:
    """The reader's choices; without bounds the whole fight, without an actor the whole side."""

    kind: SkillType = SkillType.DPS
    side: Side = Side.PLAYERS
    from_ms: int | None = None
    to_ms: int | None = None
    actor_id: int | None = None

    @classmethod
    def of_query(cls, query: Mapping[str, Sequence[str]]) -> Self:
        """The choices in a URL; invalid ones are ignored."""
        given = {name: values[-1] for name, values in query.items() if values}
        start, end = _number(given.get("from")), _number(given.get("to"))
        is_part = start is not None and end is not None and 0 <= start < end
        kind, side = given.get("kind", ""), given.get("side", "")
        return cls(
            kind=SkillType(kind) if kind in list(SkillType) else cls().kind,
            side=Side(side) if side in list(Side) else cls().side,
            from_ms=start if is_part else None,
            to_ms=end if is_part else None,
            actor_id=_number(given.get("actor")),
        )

    def query(self) -> str:
        """The query string of these choices, without defaults."""
        usual = FightView()
        given = {
            "kind": self.kind.value if self.kind is not usual.kind else None,
            "side": self.side.value if self.side is not usual.side else None,
            "from": self.from_ms,
            "to": self.to_ms,
            "actor": self.actor_id,
        }
        chosen = {name: value for name, value in given.items() if value is not None}
        return f"?{urlencode(chosen)}" if chosen else ""

    @property
    def is_whole(self) -> bool:
        """Whether the figures cover the whole fight."""
        return self.from_ms is None and self.to_ms is None

    @property
    def what(self) -> str:
        """What the figures are, as text."""
        return "damage taken" if self.kind is SkillType.TANKED else KINDS[self.kind].lower()

    @property
    def others(self) -> str:
        """The term for the other side of the hits."""
        return "Sources" if self.kind is SkillType.TANKED else "Targets"


def _number(text: str | None) -> int | None:
    """A number in the range of a fight."""
    digits = (text or "").removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > MAX_DIGITS:
        return None
    return int(text or "")
