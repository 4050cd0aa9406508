"""An open fight, and the rows of its actors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from resonance_logs.fights import statistics
from resonance_logs.fights.counters import COUNTER_NAMES
from resonance_logs.fights.events import Events
from resonance_logs.fights.identity import DEFAULT_IDENTITY, Identity
from resonance_logs.fights.players import Entity
from resonance_logs.fights.tally import Counters, Tally
from resonance_logs.tasks import BeginEncounter

ACTOR_COLUMNS: Final = (
    "encounter_id",
    "actor_id",
    "name",
    "class_id",
    "class_spec",
    "ability_score",
    "level",
    "is_player",
    "is_local_player",
    "active_time_ms",
    *COUNTER_NAMES,
)

DEALT_TOTAL: Final = ACTOR_COLUMNS.index("damage_dealt")

_HEAL_TOTAL: Final = ACTOR_COLUMNS.index("heal_dealt")

MAX_PAUSE_MS: Final = 60_000
"""A begin this long after the last event of an open fight ends that fight (spec: Rules)."""

ActorRow = tuple[object, ...]
"""A row of actor_encounter_stats, in the order of ACTOR_COLUMNS."""


@dataclass(frozen=True, slots=True)
class OpenEncounter:
    """The fight being recorded, as committed; each batch makes a new one."""

    id: int
    started_at_ms: int
    local_player_id: int | None
    scene_id: int | None
    scene_name: str | None
    chunks: int = 0
    damage_events: int = 0
    heal_events: int = 0
    last_event_ms: int | None = None
    tally: Tally = field(default_factory=Tally.empty)
    monster_names: Mapping[int, str] = field(default_factory=dict)
    party: frozenset[int] = frozenset()
    """Players updated while the fight was open; they belong to it even without a hit."""
    lost_events: int = 0
    """Recorded events that file damage made unreadable."""
    identity: Identity = DEFAULT_IDENTITY
    """Whose fight it is."""

    def begin_task(self) -> BeginEncounter:
        """The task that began it."""
        return BeginEncounter(
            started_at_ms=self.started_at_ms,
            local_player_id=self.local_player_id,
            scene_id=self.scene_id,
            scene_name=self.scene_name,
        )

    def adding(self, events: Events) -> Self:
        """The fight including these events."""
        times = (self.last_event_ms, statistics.last_time_ms(events))
        return replace(
            self,
            damage_events=self.damage_events + len(events.damage),
            heal_events=self.heal_events + len(events.heals),
            last_event_ms=max((time for time in times if time is not None), default=None),
            tally=self.tally.adding(Tally.from_events(events)),
            monster_names={**self.monster_names, **statistics.monster_names(events.damage)},
        )

    def gives_way_to(self, begin: BeginEncounter) -> bool:
        """Whether this begin ends the fight: it is in another scene, or much later."""
        last = self.started_at_ms if self.last_event_ms is None else self.last_event_ms
        if begin.started_at_ms - last >= MAX_PAUSE_MS:
            return True
        if begin.scene_id is not None and self.scene_id is not None:
            return begin.scene_id != self.scene_id
        before, now = (self.scene_name or "").strip(), (begin.scene_name or "").strip()
        return bool(before and now and before != now)

    def with_party(self, ids: Iterable[int]) -> Self:
        """The fight including these players."""
        return self if self.party.issuperset(ids) else replace(self, party=self.party.union(ids))

    def actor_ids(self) -> set[int]:
        """Everyone in the fight so far, except targets that were only healed."""
        return self.tally.actor_ids() | self.party

    def select_players(
        self, actors: Collection[int], known: Mapping[int, Entity], updated: Collection[int]
    ) -> dict[int, Entity]:
        """The players among the fight's actors, as known.

        ``known`` are the actors with an entity, ``updated`` the ids whose entity was updated since
        the recorder was opened. An actor with an older entity that is hit as a monster is a
        monster that reuses the id. The local player is a player even without an entity.
        """
        monsters = (self.monster_names.keys() | self.tally.hit_as_bosses()) - self.party
        players = {
            actor: entity
            for actor, entity in known.items()
            if actor not in monsters or actor in updated
        }
        local = self.local_player_id
        if local is not None and local in actors and local not in players:
            players[local] = known.get(local) or Entity.unknown(local)
        return players


def actor_rows(
    fight: OpenEncounter,
    tally: Tally,
    actors: Iterable[int],
    players: Mapping[int, Entity],
    monster_names: Mapping[int, str],
    active_times: Mapping[int, int],
) -> dict[int, ActorRow]:
    """The rows of a fight's actors, sorted by id."""
    counters = tally.counters(players)
    none: Counters = [0] * len(COUNTER_NAMES)
    rows: dict[int, ActorRow] = {}
    for actor in sorted(actors):
        known = players.get(actor)
        rows[actor] = (
            fight.id,
            actor,
            *_snapshot(known, monster_names.get(actor)),
            int(known is not None),
            int(actor == fight.local_player_id),
            active_times.get(actor, 0),
            *counters.get(actor, none),
        )
    return rows


def _snapshot(known: Entity | None, monster_name: str | None) -> tuple[object, ...]:
    if known is None:
        return (monster_name, None, None, None, None)
    return (known.name, known.class_id, known.class_spec, known.ability_score, known.level)


def totals(rows: Mapping[int, ActorRow], players: Iterable[int]) -> dict[str, int]:
    """Total damage and healing of the players."""
    of_players = [rows[actor] for actor in players if actor in rows]
    return {
        "total_dmg": sum(as_int(row[DEALT_TOTAL]) for row in of_players),
        "total_heal": sum(as_int(row[_HEAL_TOTAL]) for row in of_players),
    }


def as_int(value: object) -> int:
    """A value of a row that is known to be an integer."""
    if not isinstance(value, int):
        raise TypeError(f"expected a whole number, got {value!r}")
    return value
