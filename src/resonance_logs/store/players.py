"""The known players: in memory while recording, and in the table ``entities``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from msgspec import structs
from sqlalchemy import Connection

from resonance_logs.fights.identity import DEFAULT_GAME
from resonance_logs.fights.players import COLUMNS, FIELDS, Entity
from resonance_logs.fights.text_limits import cut_name, cut_text
from resonance_logs.store.rows import insert_rows, select_in
from resonance_logs.store.schema import entities
from resonance_logs.tasks import MAX_INTEGER, UpsertEntity, check_task

MAX_CACHED_PLAYERS: Final = 20_000
"""Maximum number of players kept in memory between batches; others are read when next seen."""

_STORED: Final = ("game", *COLUMNS, "name_folded")
_MERGE: Final = (
    " ON CONFLICT (game, entity_id) DO UPDATE SET "
    + ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in (*FIELDS, "name_folded"))
    + ", first_seen_ms = min(excluded.first_seen_ms, first_seen_ms)"
    ", last_seen_ms = max(excluded.last_seen_ms, last_seen_ms)"
)
"""Another program may have stored more about a player meanwhile: unknown never overwrites known."""

_MERGE_NEW_CLASS: Final = _MERGE.replace(
    "class_spec = coalesce(excluded.class_spec, class_spec)", "class_spec = excluded.class_spec"
)
"""The spec of the class before is dropped, even where that of the new one is unknown."""


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


def _with_short_texts(task: UpsertEntity) -> UpsertEntity:
    """The task with its name and attributes cut, or the task itself if they are not too long."""
    name = None if task.name is None else cut_name(task.name)
    attributes = None if task.attributes is None else cut_text(task.attributes)
    if name == task.name and attributes == task.attributes:
        return task
    return structs.replace(task, name=name, attributes=attributes)


@dataclass(slots=True)
class EntityCache:
    """The players of one game in memory, shared by all recorders of that game.

    A batch works on a ``draft``; ``publish`` makes it current.
    """

    game: str = DEFAULT_GAME
    known: dict[int, Entity] = field(default_factory=dict)
    non_players: set[int] = field(default_factory=set)
    pending_last_seen: dict[int, int] = field(default_factory=dict)
    """Players whose newer ``last_seen_ms`` is not stored yet."""

    def draft(self, updated: set[int] | None = None) -> EntityDraft:
        """A draft for one batch.

        ``updated`` are the players that its recorder has updated so far; ``publish`` adds more.
        """
        return EntityDraft(self, set() if updated is None else updated)

    def store_all(self, connection: Connection) -> None:
        """Write all that is in memory, as into a file in which some of it may be missing."""
        later = self.pending_last_seen
        rows = [
            replace(each, last_seen_ms=max(each.last_seen_ms, later.get(actor, each.last_seen_ms)))
            for actor, each in sorted(self.known.items())
        ]
        _store(connection, self.game, rows, _MERGE)

    def clear(self) -> None:
        """Free memory; only safe once ``pending_last_seen`` is stored."""
        if len(self.known) > MAX_CACHED_PLAYERS or len(self.non_players) > MAX_CACHED_PLAYERS:
            self.known.clear()
            self.non_players.clear()


class EntityDraft:
    """The changes of one batch; discarded if the batch is rolled back."""

    def __init__(self, cache: EntityCache, updated_before: set[int]) -> None:
        self._cache = cache
        self._updated_before = updated_before
        self._known: dict[int, Entity] = {}
        self._non_players: set[int] = set()
        self._changed: set[int] = set()
        self._unsaved: set[int] = set()
        """Those of the changed ones that were not written since."""
        self._new_class: set[int] = set()
        self._seen: dict[int, int] = {}
        self._updated: set[int] = set()
        self.cut = 0
        """How many updates had a text that was cut."""

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
        short = _with_short_texts(task)
        if short is not task:
            if known is not None and _is_repeat(short, known):
                self.upsert(connection, short)
                return
            self.cut += 1
        self._change(known, short)

    def _change(self, known: Entity | None, task: UpsertEntity) -> None:
        before = known or Entity.first_seen(task)
        before = replace(before, last_seen_ms=self._last_seen(before))
        self._known[task.entity_id] = before.updated_by(task)
        self._seen.pop(task.entity_id, None)
        self._non_players.discard(task.entity_id)
        self._mark_changed(task.entity_id)
        if known is not None and known.class_id not in (None, self._known[task.entity_id].class_id):
            self._new_class.add(task.entity_id)

    def _mark_changed(self, actor: int) -> None:
        self._changed.add(actor)
        self._unsaved.add(actor)

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
        game = {"game": self._cache.game}
        for row in select_in(connection, entities, COLUMNS, "entity_id", missing, game):
            entity = Entity(*row)
            self._known[entity.entity_id] = entity
        self._non_players.update(each for each in missing if each not in self._known)

    def mark_updated(self, ids: Iterable[int]) -> None:
        """Remember that these players were updated."""
        self._updated.update(ids)

    def updated(self, ids: Iterable[int]) -> set[int]:
        """Those of ``ids`` that were updated since the recorder was opened."""
        return {each for each in ids if each in self._updated or each in self._updated_before}

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
                    self._mark_changed(actor)
        for unsaved, on_conflict in (
            (self._unsaved - self._new_class, _MERGE),
            (self._unsaved & self._new_class, _MERGE_NEW_CLASS),
        ):
            rows = [self._known[actor] for actor in sorted(unsaved)]
            _store(connection, self._cache.game, rows, on_conflict)
        self._unsaved.clear()

    def publish(self, *, with_seen: bool = False) -> None:
        """Make the draft current; called once it is committed."""
        cache = self._cache
        cache.known |= self._known
        cache.non_players |= self._non_players
        cache.non_players -= self._known.keys()
        self._updated_before |= self._updated
        if with_seen:
            cache.pending_last_seen.clear()
            cache.clear()
        else:
            for actor in self._changed:
                cache.pending_last_seen.pop(actor, None)
            cache.pending_last_seen |= self._seen


def _store(connection: Connection, game: str, players: Iterable[Entity], on_conflict: str) -> None:
    rows = [(game, *player.row()) for player in players]
    insert_rows(connection, entities, _STORED, rows, on_conflict=on_conflict)
