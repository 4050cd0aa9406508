"""What is known about a player."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Self

from resonance_logs.fights.name_folding import fold_name
from resonance_logs.tasks import UpsertEntity

FIELDS: Final = ("name", "class_id", "class_spec", "ability_score", "level", "attributes")

COLUMNS: Final = ("entity_id", *FIELDS, "first_seen_ms", "last_seen_ms")


@dataclass(frozen=True, slots=True)
class Entity:
    """A player as known; None means unknown."""

    entity_id: int
    name: str | None
    class_id: int | None
    class_spec: int | None
    ability_score: int | None
    level: int | None
    attributes: str | None
    first_seen_ms: int
    last_seen_ms: int

    @classmethod
    def unknown(cls, entity_id: int, seen_at_ms: int = 0) -> Self:
        """A player about whom only the time is known."""
        nothing: dict[str, Any] = dict.fromkeys(FIELDS)
        return cls(entity_id, **nothing, first_seen_ms=seen_at_ms, last_seen_ms=seen_at_ms)

    @classmethod
    def first_seen(cls, task: UpsertEntity) -> Self:
        """The player of a task, before the task's values are applied."""
        return cls.unknown(task.entity_id, task.seen_at_ms)

    def updated_by(self, task: UpsertEntity) -> Self:
        """The player after the update.

        Blanks, and numbers not above 0, change nothing; a new class removes the spec.
        """
        changes: dict[str, Any] = {
            name: value for name in FIELDS if _is_known_value(value := getattr(task, name))
        }
        if self.class_id is not None and changes.get("class_id", self.class_id) != self.class_id:
            changes.setdefault("class_spec", None)
        return replace(
            self,
            **changes,
            first_seen_ms=min(self.first_seen_ms, task.seen_at_ms),
            last_seen_ms=max(self.last_seen_ms, task.seen_at_ms),
        )

    def completed(self, later: Entity) -> Self:
        """This player, with unknown values filled in from later ones of the same class."""
        news: dict[str, Any] = {
            name: getattr(later, name) for name in FIELDS if getattr(self, name) is None
        }
        if self.class_id not in (None, later.class_id):
            news.pop("class_spec", None)
        return replace(self, **news)

    def row(self) -> tuple[object, ...]:
        """The values of the table's columns."""
        folded = None if self.name is None else fold_name(self.name)
        return (*(getattr(self, name) for name in COLUMNS), folded)


def _is_known_value(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, int) and value > 0
