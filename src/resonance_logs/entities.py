"""Known players: merge repeated updates, and store only changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from sqlalchemy import Connection

from resonance_logs.folding import fold_name
from resonance_logs.store.rows import insert_rows, select_in
from resonance_logs.store.tables import entities
from resonance_logs.tasks import MAX_INTEGER, UpsertEntity, check_task

MAX_CACHED_PLAYERS: Final = 20_000
"""Maximum number of players kept in memory between batches; others are read when next seen."""

_FIELDS: Final = ("name", "class_id", "class_spec", "ability_score", "level", "attributes")
_COLUMNS: Final = ("entity_id", *_FIELDS, "first_seen_ms", "last_seen_ms")
_STORED: Final = (*_COLUMNS, "name_folded")
_MERGE: Final = (
    " ON CONFLICT (entity_id) DO UPDATE SET "
    + ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in (*_FIELDS, "name_folded"))
    + ", first_seen_ms = min(excluded.first_seen_ms, first_seen_ms)"
    ", last_seen_ms = max(excluded.last_seen_ms, last_seen_ms)"
)
"""Another program may have stored more about a player meanwhile: unknown never overwrites known."""

_MERGE_NEW_CLASS: Final = _MERGE.replace(
    "class_spec = coalesce(excluded.class_spec, class_spec)", "class_spec = excluded.class_spec"
)
"""The spec of the class before is dropped, even where that of the new one is unknown."""


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
        """A player of whom only the time is known."""
        nothing: dict[str, Any] = dict.fromkeys(_FIELDS)
        return cls(entity_id, **nothing, first_seen_ms=seen_at_ms, last_seen_ms=seen_at_ms)

    @classmethod
    def first_seen(cls, task: UpsertEntity) -> Self:
        """The player of a task, before what the task says is taken over."""
        return cls.unknown(task.entity_id, task.seen_at_ms)

    def updated_by(self, task: UpsertEntity) -> Self:
        """What is known after the task.

        Blanks, and numbers not above 0, change nothing; but another class drops the spec.
        """
        changes: dict[str, Any] = {
            name: value for name in _FIELDS if _is_known_value(value := getattr(task, name))
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
        """The same with what is unknown taken from what became known later, of the same class."""
        news: dict[str, Any] = {
            name: getattr(later, name) for name in _FIELDS if getattr(self, name) is None
        }
        if self.class_id not in (None, later.class_id):
            news.pop("class_spec", None)
        return replace(self, **news)

    def row(self) -> tuple[object, ...]:
        """The values of the table's columns."""
        folded = None if self.name is None else fold_name(self.name)
        return (*(getattr(self, name) for name in _COLUMNS), folded)


def _is_known_value(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, int) and value > 0


def _is_repeat(task: UpsertEntity, known: Entity) -> bool:
    """Whether the task changes nothing except, perhaps, when the player was last seen."""
    seen = task.seen_at_ms
    return (
        type(seen) is int
        and known.first_seen_ms <= seen <= MAX_INTEGER
        and (not task.name or task.name == known.name)
        and (not task.class_id or task.class_id == known.class_id)
        and (not task.class_spec or task.class_spec == known.class_spec)
        and (not task.ability_score or task.ability_score == known.ability_score)
        and (not task.level or task.level == known.level)
        and (not task.attributes or task.attributes == known.attributes)
    )


@dataclass(slots=True)
class EntityCache:
    """The players in memory. A batch works on a ``draft``; ``publish`` makes it current."""

    known: dict[int, Entity] = field(default_factory=dict)
    non_players: set[int] = field(default_factory=set)
    pending_last_seen: dict[int, int] = field(default_factory=dict)
    """Players whose newer ``last_seen_ms`` is not stored yet."""
    updated: set[int] = field(default_factory=set)
    """All players updated since the recorder was opened."""

    def draft(self) -> EntityDraft:
        """A draft for one batch."""
        return EntityDraft(self)

    def store_all(self, connection: Connection) -> None:
        """Write all that is in memory, as into a file in which some of it may be missing."""
        later = self.pending_last_seen
        rows = [
            replace(each, last_seen_ms=max(each.last_seen_ms, later.get(actor, each.last_seen_ms)))
            for actor, each in sorted(self.known.items())
        ]
        insert_rows(
            connection, entities, _STORED, [each.row() for each in rows], on_conflict=_MERGE
        )

    def clear(self) -> None:
        """Free memory; only safe once ``pending_last_seen`` is stored."""
        if len(self.known) > MAX_CACHED_PLAYERS or len(self.non_players) > MAX_CACHED_PLAYERS:
            self.known.clear()
            self.non_players.clear()


class EntityDraft:
    """The changes of one batch; discarded if the batch is rolled back."""

    def __init__(self, cache: EntityCache) -> None:
        self._cache = cache
        self._known: dict[int, Entity] = {}
        self._non_players: set[int] = set()
        self._changed: set[int] = set()
        self._new_class: set[int] = set()
        self._seen: dict[int, int] = {}
        self._updated: set[int] = set()

    def upsert(self, connection: Connection, task: UpsertEntity) -> None:
        """Apply one update.

        Raises:
            InvalidTask: a field of it is wrong.
        """
        known = self.find(task.entity_id) if type(task.entity_id) is int else None
        if known is not None and _is_repeat(task, known):
            seen = task.seen_at_ms
            if seen > self._last_seen(known):
                self._seen[known.entity_id] = seen
            return
        check_task(task)
        if known is None:
            self.load(connection, [task.entity_id])
            known = self.find(task.entity_id)
        self._change(known, task)

    def _change(self, known: Entity | None, task: UpsertEntity) -> None:
        before = known or Entity.first_seen(task)
        before = replace(before, last_seen_ms=self._last_seen(before))
        self._known[task.entity_id] = before.updated_by(task)
        self._seen.pop(task.entity_id, None)
        self._non_players.discard(task.entity_id)
        self._changed.add(task.entity_id)
        if known is not None and known.class_id not in (None, self._known[task.entity_id].class_id):
            self._new_class.add(task.entity_id)

    def _last_seen(self, known: Entity) -> int:
        actor = known.entity_id
        return self._seen.get(
            actor,
            max(known.last_seen_ms, self._cache.pending_last_seen.get(actor, known.last_seen_ms)),
        )

    def find(self, entity_id: int) -> Entity | None:
        """The player, if the draft or the cache has it in memory."""
        return self._known.get(entity_id) or self._cache.known.get(entity_id)

    def load(self, connection: Connection, ids: Iterable[int]) -> None:
        """Load which of these are players, and what is known of them."""
        non_players = self._non_players | self._cache.non_players
        missing = [each for each in ids if self.find(each) is None and each not in non_players]
        for row in select_in(connection, entities, _COLUMNS, "entity_id", missing):
            entity = Entity(*row)
            self._known[entity.entity_id] = entity
        self._non_players.update(each for each in missing if each not in self._known)

    def mark_updated(self, ids: Iterable[int]) -> None:
        """Remember that these players were updated."""
        self._updated.update(ids)

    def updated(self, ids: Iterable[int]) -> set[int]:
        """Those of ``ids`` that were updated since the recorder was opened."""
        return {each for each in ids if each in self._updated or each in self._cache.updated}

    def players(self, connection: Connection, ids: Iterable[int]) -> dict[int, Entity]:
        """Those of ``ids`` that have an entity."""
        ids = list(ids)
        self.load(connection, ids)
        return {each: entity for each in ids if (entity := self.find(each)) is not None}

    def store(self, connection: Connection, *, with_seen: bool = False) -> None:
        """Write the changes; ``with_seen`` also writes when players were last seen."""
        if with_seen:
            for actor, seen in (self._cache.pending_last_seen | self._seen).items():
                known = self.find(actor)
                if known is not None and seen > known.last_seen_ms:
                    self._known[actor] = replace(known, last_seen_ms=seen)
                    self._changed.add(actor)
        for changed, on_conflict in (
            (self._changed - self._new_class, _MERGE),
            (self._new_class, _MERGE_NEW_CLASS),
        ):
            rows = [self._known[actor].row() for actor in sorted(changed)]
            insert_rows(connection, entities, _STORED, rows, on_conflict=on_conflict)

    def publish(self, *, with_seen: bool = False) -> None:
        """Make the draft current; called once it is committed."""
        cache = self._cache
        cache.known |= self._known
        cache.non_players |= self._non_players
        cache.non_players -= self._known.keys()
        cache.updated |= self._updated
        if with_seen:
            cache.pending_last_seen.clear()
            cache.clear()
        else:
            for actor in self._changed:
                cache.pending_last_seen.pop(actor, None)
            cache.pending_last_seen |= self._seen
