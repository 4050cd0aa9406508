"""The independent model: what the spec says a database contains after a sequence of tasks.

Written from the spec alone, in plain Python, and as simple as possible: an open fight is a list of
its events, and every figure is computed from that list when somebody asks. Apart from the task
classes nothing of the program is used here, so that a test that compares the two compares two
readings of the spec. ``Fight``, ``Actor`` and the rest are frozen dataclasses: compare with ``==``.

Where the spec leaves a choice, a comment that begins "Choice:" states the choice made here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, TypeVar
from unicodedata import normalize

from resonance_logs.tasks import (
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
)

STRAY_WINDOW_MS: Final = 2_000
PAUSE_MS: Final = 60_000
LATE_NAME_MS: Final = 60_000
MAX_DISORDER_MS: Final = 2_000
FIGHTS_THAT_AWAIT_NAMES: Final = 16
MAX_GAP_MS: Final = 5_000
MIN_ACTIVE_MS: Final = 1_000
UNKNOWN_SKILL: Final = -1

Event = InsertDamageEvent | InsertHealEvent
PairKey = tuple[int, int | None, int]
"""Actor, target (None: unknown), skill (-1: unknown)."""

E = TypeVar("E")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Entity:
    """A player as known so far; None means unknown."""

    entity_id: int
    first_seen_ms: int
    last_seen_ms: int
    name: str | None = None
    class_id: int | None = None
    class_spec: int | None = None
    ability_score: int | None = None
    level: int | None = None
    attributes: str | None = None


@dataclass(frozen=True)
class Actor:
    """One actor of one fight: the spec's ActorEncounterStat without the rates."""

    actor_id: int
    name: str | None = None
    class_id: int | None = None
    class_spec: int | None = None
    ability_score: int | None = None
    level: int | None = None
    attributes: str | None = None
    is_player: bool = False
    is_local_player: bool = False
    active_time_ms: int = 0

    damage_dealt: int = 0
    hits_dealt: int = 0
    crit_hits_dealt: int = 0
    lucky_hits_dealt: int = 0
    crit_total_dealt: int = 0
    lucky_total_dealt: int = 0

    heal_dealt: int = 0
    hits_heal: int = 0
    crit_hits_heal: int = 0
    lucky_hits_heal: int = 0
    crit_total_heal: int = 0
    lucky_total_heal: int = 0

    damage_taken: int = 0
    hits_taken: int = 0
    crit_hits_taken: int = 0
    lucky_hits_taken: int = 0
    crit_total_taken: int = 0
    lucky_total_taken: int = 0

    boss_damage_dealt: int = 0
    boss_hits_dealt: int = 0
    boss_crit_hits_dealt: int = 0
    boss_lucky_hits_dealt: int = 0
    boss_crit_total_dealt: int = 0
    boss_lucky_total_dealt: int = 0


COUNTERS: Final = tuple(Actor.__dataclass_fields__)[-24:]
"""The names of the 24 counters of an actor."""


@dataclass(frozen=True)
class Pair:
    """The sums of one pair and skill; hp and shield loss stay 0 for heals."""

    total_value: int = 0
    hits: int = 0
    crit_hits: int = 0
    lucky_hits: int = 0
    crit_total: int = 0
    lucky_total: int = 0
    hp_loss_total: int = 0
    shield_loss_total: int = 0


@dataclass(frozen=True)
class Boss:
    """One boss of a fight, by name."""

    hits: int
    total_damage: int
    max_hp: int | None
    is_defeated: bool


@dataclass(frozen=True)
class Fight:
    """One fight; ``ended_at_ms`` and ``duration_ms`` are None while it is open."""

    started_at_ms: int
    ended_at_ms: int | None
    local_player_id: int | None
    scene_id: int | None
    scene_name: str | None
    total_dmg: int
    total_heal: int
    actors: Mapping[int, Actor]
    damage_pairs: Mapping[PairKey, Pair]
    heal_pairs: Mapping[PairKey, Pair]
    bosses: Mapping[str, Boss]
    damage_events: Sequence[InsertDamageEvent]
    heal_events: Sequence[InsertHealEvent]
    was_interrupted: bool = False
    clock_jumped: bool = False
    unknown_dmg: int = 0

    @property
    def duration_ms(self) -> int | None:
        """End minus start; never negative, and possibly 0 (which the rates treat as 1 s)."""
        return None if self.ended_at_ms is None else self.ended_at_ms - self.started_at_ms

    @property
    def players(self) -> dict[int, Actor]:
        """The actors that are players."""
        return {actor_id: actor for actor_id, actor in self.actors.items() if actor.is_player}


@dataclass(frozen=True)
class Counters:
    """Tasks and events that no fight contains, and why."""

    ignored_begins: int = 0
    ignored_ends: int = 0
    strays_dropped: int = 0
    unmatched_bosses: int = 0

    @property
    def ignored(self) -> int:
        return self.ignored_begins + self.ignored_ends


@dataclass
class _Recording:
    """The open fight: its begin, its events in order, and the players upserted in it."""

    begin: BeginEncounter
    events: list[Event] = field(default_factory=list)
    upserted: set[int] = field(default_factory=set)

    @property
    def last_event_ms(self) -> int | None:
        return max((event.timestamp_ms for event in self.events), default=None)

    def gives_way_to(self, begin: BeginEncounter) -> bool:
        """Whether a second begin ends this fight: in another scene, or long after.

        Choice: without an event the pause is reckoned from the begin.
        Choice: scenes differ by id where both have one, else by name where both have one.
        """
        last = self.last_event_ms
        last = self.begin.started_at_ms if last is None else last
        if begin.started_at_ms >= last + PAUSE_MS:
            return True
        if self.begin.scene_id is not None and begin.scene_id is not None:
            return self.begin.scene_id != begin.scene_id
        names = [(each.scene_name or "").strip() for each in (self.begin, begin)]
        return all(names) and names[0] != names[1]


@dataclass
class _Ended:
    """A fight that has ended, as long as names may still arrive for it."""

    place: int
    recording: _Recording
    ending: _Ending
    known: dict[int, Entity]
    unnamed: set[int]


@dataclass(frozen=True)
class _Ending:
    """How a fight ends; None in place of one while it is open."""

    ended_at_ms: int
    defeated: Sequence[str] = ()
    was_interrupted: bool = False
    clock_jumped: bool = False


class Model:
    """What a database must contain after the tasks applied so far."""

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        self.fights: list[Fight] = []
        """The finished fights, in the order of their begins."""
        self.entities: dict[int, Entity] = {}
        self.counters = Counters()
        self.held_strays: list[Event] = []
        """Strays that the next begin may still take."""
        self._recording: _Recording | None = None
        self._ended: list[_Ended] = []
        self._updated: set[int] = set()
        self.apply_all(tasks)

    @property
    def open_fight(self) -> Fight | None:
        """The open fight, with what is known of its actors so far."""
        if self._recording is None:
            return None
        return _fight(self._recording, None, self.entities)

    @property
    def strays_untaken(self) -> int:
        """Strays that would be lost if no more tasks came: dropped and held ones."""
        return self.counters.strays_dropped + len(self.held_strays)

    def apply_all(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self.apply(task)

    def apply(self, task: Task) -> None:
        match task:
            case BeginEncounter():
                self._begin(task)
            case EndEncounter():
                self._end(task)
            case UpsertEntity():
                self._upsert(task)
            case InsertDamageEvent() | InsertHealEvent():
                self._insert(task)

    def _begin(self, task: BeginEncounter) -> None:
        if self._recording is not None:
            if not self._recording.gives_way_to(task):
                self._count(ignored_begins=1)
                return
            self.interrupt()
        # Choice: a begin too long after a fight's end ends the wait for its names.
        start = task.started_at_ms
        self._ended = [
            each for each in self._ended if start <= each.ending.ended_at_ms + LATE_NAME_MS
        ]
        # Choice: "the next begin" is a stray's only chance; strays it does not take are dropped.
        taken = [event for event in self.held_strays if event.timestamp_ms >= task.started_at_ms]
        self._count(strays_dropped=len(self.held_strays) - len(taken))
        self.held_strays = []
        self._recording = _Recording(task, events=taken)

    def _end(self, task: EndEncounter) -> None:
        if self._recording is None:
            self._count(ignored_ends=1)
            return
        ended_at_ms = _end_time(self._recording, task.ended_at_ms)
        jumped = ended_at_ms > task.ended_at_ms or _clock_went_back(self._recording.events)
        self._finish(
            self._recording,
            _Ending(ended_at_ms, task.defeated_bosses or (), clock_jumped=jumped),
        )

    def interrupt(self) -> None:
        """End the open fight at its last event; without one it is as if it had never begun."""
        recording, self._recording = self._recording, None
        if recording is not None and recording.events:
            ended_at_ms = _end_time(recording, recording.begin.started_at_ms)
            jumped = _clock_went_back(recording.events)
            self._finish(recording, _Ending(ended_at_ms, was_interrupted=True, clock_jumped=jumped))

    def reopen(self, *, resume: bool) -> None:
        """The recorder was closed and opened again; with ``resume`` it continues where it was.

        Choice: those who are players of the open fight by then belong to it like those updated.
        Choice: a recorder that does not resume awaits no names from before.
        """
        if self._recording is not None:
            players = _fight(self._recording, None, self._known(self._recording)).players
            self._recording.upserted |= players.keys()
        self._updated = set()
        if not resume:
            self.interrupt()
            self.held_strays = []
            self._ended = []

    def _known(self, recording: _Recording) -> dict[int, Entity]:
        """The entities, without those of which a monster of the fight reuses the id."""
        monsters = _hit_as_monsters(recording.events)
        players = {*self._updated, *recording.upserted, recording.begin.local_player_id}
        return {
            actor: entity
            for actor, entity in self.entities.items()
            if actor in players or actor not in monsters
        }

    def _finish(self, recording: _Recording, ending: _Ending) -> None:
        self._recording = None
        known = self._known(recording)
        fight = _fight(recording, ending, known)
        self._count(unmatched_bosses=sum(boss.hits == 0 for boss in fight.bosses.values()))
        monsters = _hit_as_monsters(recording.events)
        unnamed = {
            one.actor_id
            for one in fight.actors.values()
            if (one.name is None if one.is_player else one.actor_id not in monsters)
        }
        if unnamed:
            self._ended.append(_Ended(len(self.fights), recording, ending, known, unnamed))
        # Choice: names are awaited for the newest fights that want any.
        self._ended = self._ended[-FIGHTS_THAT_AWAIT_NAMES:]
        self.fights.append(fight)

    def _upsert(self, task: UpsertEntity) -> None:
        known = self.entities.get(task.entity_id)
        entity = self.entities[task.entity_id] = _merged(known, task)
        self._updated.add(task.entity_id)
        if entity.name is not None:
            for ended in self._ended:
                self._name_late(ended, entity, task.seen_at_ms)
            self._ended = [each for each in self._ended if each.unnamed]
        if self._recording is not None:
            self._recording.upserted.add(task.entity_id)

    def _name_late(self, ended: _Ended, entity: Entity, seen_at_ms: int) -> None:
        """A name up to a minute after the end names an actor whose name was not known.

        Choice: with the name comes what else was unknown; the spec only of the same class.
        """
        actor_id = entity.entity_id
        is_late = seen_at_ms > ended.ending.ended_at_ms + LATE_NAME_MS
        if actor_id not in ended.unnamed or is_late:
            return
        ended.unnamed.discard(actor_id)
        ended.known[actor_id] = _completed(ended.known.get(actor_id), entity)
        self.fights[ended.place] = _fight(ended.recording, ended.ending, ended.known)

    def _insert(self, task: Event) -> None:
        if self._recording is not None:
            self._recording.events.append(task)
            return
        strays = [*self.held_strays, task]
        newest = max(event.timestamp_ms for event in strays)
        self.held_strays = [e for e in strays if newest - e.timestamp_ms <= STRAY_WINDOW_MS]
        self._count(strays_dropped=len(strays) - len(self.held_strays))

    def _count(
        self,
        *,
        ignored_begins: int = 0,
        ignored_ends: int = 0,
        strays_dropped: int = 0,
        unmatched_bosses: int = 0,
    ) -> None:
        self.counters = Counters(
            self.counters.ignored_begins + ignored_begins,
            self.counters.ignored_ends + ignored_ends,
            self.counters.strays_dropped + strays_dropped,
            self.counters.unmatched_bosses + unmatched_bosses,
        )


def _merged(known: Entity | None, task: UpsertEntity) -> Entity:
    """The player after the upsert: unknown never overwrites known, whatever its time.

    Choice: the order of tasks decides which value is newer, not ``seen_at_ms``. Choice: blank
    attributes are unknown too, though the spec only mentions blank names.
    """
    old = known or Entity(task.entity_id, task.seen_at_ms, task.seen_at_ms)
    class_id = _number(task.class_id) or old.class_id
    is_new_class = old.class_id not in (None, class_id)
    return replace(
        old,
        first_seen_ms=min(old.first_seen_ms, task.seen_at_ms),
        last_seen_ms=max(old.last_seen_ms, task.seen_at_ms),
        name=_text(task.name) or old.name,
        class_id=class_id,
        class_spec=_number(task.class_spec) or (None if is_new_class else old.class_spec),
        ability_score=_number(task.ability_score) or old.ability_score,
        level=_number(task.level) or old.level,
        attributes=_text(task.attributes) or old.attributes,
    )


def _completed(known: Entity | None, later: Entity) -> Entity:
    """What was known at a fight's end, and of the rest what is known later."""
    if known is None:
        return later
    same_class = known.class_id in (None, later.class_id)
    return replace(
        known,
        name=known.name or later.name,
        class_id=known.class_id or later.class_id,
        class_spec=known.class_spec or (later.class_spec if same_class else None),
        ability_score=known.ability_score or later.ability_score,
        level=known.level or later.level,
        attributes=known.attributes or later.attributes,
    )


def _text(text: str | None) -> str | None:
    """The text, or None if it is blank (only white space)."""
    return text if text is not None and text.strip() else None


def _number(number: int | None) -> int | None:
    return number if number is not None and number > 0 else None


def _end_time(recording: _Recording, ended_at_ms: int) -> int:
    """The time of the end: never before the start, nor before the last event."""
    events = [event.timestamp_ms for event in recording.events]
    return max([ended_at_ms, recording.begin.started_at_ms, *events])


def _clock_went_back(events: Sequence[Event]) -> bool:
    """Whether the times step back by more than 2 s from one event to the next of its kind.

    Choice: a smaller step is disorder. Choice: hits and heals each have an order of their own.
    """
    kinds = (InsertDamageEvent, InsertHealEvent)
    times = [[each.timestamp_ms for each in events if isinstance(each, kind)] for kind in kinds]
    return any(a - b > MAX_DISORDER_MS for each in times for a, b in pairwise(each))


def _hit_as_monsters(events: Iterable[Event]) -> set[int | None]:
    """The actors that are hit under a monster's name or as a boss."""
    hits = [event for event in events if isinstance(event, InsertDamageEvent)]
    return {hit.defender_id for hit in hits if hit.is_boss or _text(hit.monster_name)}


def _fight(recording: _Recording, ending: _Ending | None, entities: Mapping[int, Entity]) -> Fight:
    entities = _with_local_player(recording, entities)
    damage = [event for event in recording.events if isinstance(event, InsertDamageEvent)]
    heals = [event for event in recording.events if isinstance(event, InsertHealEvent)]
    begin = recording.begin
    return Fight(
        started_at_ms=begin.started_at_ms,
        ended_at_ms=None if ending is None else ending.ended_at_ms,
        local_player_id=begin.local_player_id,
        scene_id=begin.scene_id,
        scene_name=begin.scene_name,
        total_dmg=sum(
            hit.value
            for hit in damage
            if hit.attacker_id in entities and hit.attacker_id != hit.defender_id
        ),
        total_heal=sum(event.value for event in heals if event.healer_id in entities),
        actors=_actors(recording, damage, heals, entities),
        damage_pairs={key: _damage_pair(hits) for key, hits in _groups(damage, _key).items()},
        heal_pairs={key: Pair(*_sums(group)) for key, group in _groups(heals, _key).items()},
        bosses=_bosses(damage, () if ending is None else ending.defeated),
        damage_events=damage,
        heal_events=heals,
        was_interrupted=ending is not None and ending.was_interrupted,
        clock_jumped=ending is not None and ending.clock_jumped,
        unknown_dmg=_unknown_damage(damage, entities),
    )


def _with_local_player(
    recording: _Recording, entities: Mapping[int, Entity]
) -> Mapping[int, Entity]:
    """The entities, with the local player among them, who is a player in any case.

    Choice: who does nothing and suffers nothing is no actor, even as the local player.
    """
    local = recording.begin.local_player_id
    if local is None or local in entities:
        return entities
    return {**entities, local: Entity(local, 0, 0)}


def _unknown_damage(damage: list[InsertDamageEvent], entities: Mapping[int, Entity]) -> int:
    """What attackers who are neither players nor named monsters dealt to others than players."""
    monsters = _hit_as_monsters(damage)
    return sum(
        hit.value
        for hit in damage
        if hit.attacker_id not in entities
        and hit.attacker_id not in monsters
        and hit.defender_id not in entities
        and hit.attacker_id != hit.defender_id
    )


def _actors(
    recording: _Recording,
    damage: list[InsertDamageEvent],
    heals: list[InsertHealEvent],
    entities: Mapping[int, Entity],
) -> dict[int, Actor]:
    """Everyone who dealt, healed, was hit or healed, and the players upserted in the fight."""
    by_attacker = _groups(damage, lambda hit: hit.attacker_id)
    by_defender = _groups(damage, lambda hit: hit.defender_id)
    by_healer = _groups(heals, lambda heal: heal.healer_id)
    targets = {heal.target_id for heal in heals}
    ids = {*by_attacker, *by_defender, *by_healer, *targets, *recording.upserted} - {None}
    actors = {}
    for actor_id in ids:
        assert actor_id is not None
        dealt = [hit for hit in by_attacker.get(actor_id, []) if hit.defender_id != hit.attacker_id]
        suffered = by_defender.get(actor_id, [])
        actors[actor_id] = Actor(
            actor_id,
            *_snapshot(entities.get(actor_id), suffered),
            actor_id in entities,
            # Choice: the player named by the begin is the local player, with or without an entity.
            actor_id == recording.begin.local_player_id,
            _active_time(dealt),
            *_sums(dealt),
            *_sums(by_healer.get(actor_id, [])),
            *_sums(
                [h for h in suffered if h.attacker_id not in entities or h.attacker_id == actor_id]
            ),
            *_sums([hit for hit in dealt if hit.is_boss]),
        )
    return actors


Snapshot = tuple[str | None, int | None, int | None, int | None, int | None, str | None]


def _snapshot(entity: Entity | None, suffered: list[InsertDamageEvent]) -> Snapshot:
    """Name, class, spec, ability score, level and attributes; of a monster only the name.

    Choice: a player's name comes from the entity only, never from a ``monster_name``.
    """
    if entity is None:
        names = [name for hit in suffered if (name := _text(hit.monster_name))]
        return (names[-1] if names else None, None, None, None, None, None)
    return (
        entity.name,
        entity.class_id,
        entity.class_spec,
        entity.ability_score,
        entity.level,
        entity.attributes,
    )


def _active_time(dealt: list[InsertDamageEvent]) -> int:
    """The short gaps between an actor's damage events, in order of time."""
    if not dealt:
        return 0
    times = sorted(hit.timestamp_ms for hit in dealt)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return max(MIN_ACTIVE_MS, sum(gap for gap in gaps if gap <= MAX_GAP_MS))


def _bosses(damage: list[InsertDamageEvent], defeated: Sequence[str]) -> dict[str, Boss]:
    """The bosses that were hit, by anyone; and those defeated, though no hit says that it is one.

    Choice: a boss hit without a name is left out, even if other hits name the same defender.
    Choice: of a boss only the hits with ``is_boss`` count, unless none has it.
    """
    named = _groups(damage, lambda hit: boss_key(hit.monster_name or ""))
    fallen = _groups(defeated, boss_key)
    bosses = {}
    for key in {*named, *fallen} - {""}:
        hits = named.get(key, [])
        marked = [hit for hit in hits if hit.is_boss]
        if not marked and key not in fallen:
            continue
        counted = marked or hits
        name = counted[0].monster_name if counted else fallen[key][0]
        assert name is not None
        bosses[name] = Boss(len(counted), _total(counted), _max_hp(counted), key in fallen)
    return bosses


def boss_key(name: str) -> str:
    """Names of bosses agree after NFKC, case folding and trimming blanks.

    Choice: a Turkish dotted or dotless i is an i, as everywhere where names are compared.
    """
    folded = normalize("NFKC", normalize("NFD", name).casefold()).casefold()
    letters = normalize("NFKD", folded).replace("ı", "i")
    return normalize("NFKC", letters.replace("i\u0307", "i")).strip()


def _max_hp(hits: list[InsertDamageEvent]) -> int | None:
    return max((h.defender_max_hp for h in hits if h.defender_max_hp is not None), default=None)


def _key(event: Event) -> PairKey:
    skill = UNKNOWN_SKILL if event.skill_id is None else event.skill_id
    if isinstance(event, InsertDamageEvent):
        return (event.attacker_id, event.defender_id, skill)
    return (event.healer_id, event.target_id, skill)


def _damage_pair(hits: list[InsertDamageEvent]) -> Pair:
    hp_loss = sum(hit.hp_loss for hit in hits)
    shield_loss = sum(hit.shield_loss for hit in hits)
    return Pair(*_sums(hits), hp_loss, shield_loss)


def _sums(events: Sequence[Event]) -> tuple[int, int, int, int, int, int]:
    """Total, hits, crit hits, lucky hits, crit total, lucky total."""
    crits = [event for event in events if event.is_crit]
    luckies = [event for event in events if event.is_lucky]
    sizes = (len(events), len(crits), len(luckies))
    return (_total(events), *sizes, _total(crits), _total(luckies))


def _total(events: Sequence[Event]) -> int:
    return sum(event.value for event in events)


def _groups(events: Iterable[E], key: Callable[[E], K]) -> dict[K, list[E]]:
    groups: dict[K, list[E]] = defaultdict(list)
    for event in events:
        groups[key(event)].append(event)
    return dict(groups)
