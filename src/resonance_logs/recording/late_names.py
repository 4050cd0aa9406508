"""Names that arrive shortly after the end of a fight still name its players."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import Connection

from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.events import Events
from resonance_logs.fights.finished_fight import EndReport
from resonance_logs.fights.identity import Identity
from resonance_logs.fights.players import Entity
from resonance_logs.fights.statistics import monster_names
from resonance_logs.fights.tally import Tally
from resonance_logs.store.fights import Period, read_newest
from resonance_logs.store.finished_fights import rebuild
from resonance_logs.store.stored_fight import StoredFight
from resonance_logs.system.repeated_messages import limited_logger

LATE_MS: Final = 60_000
"""A name seen up to this long after the end still counts (spec: Rules)."""

MAX_FIGHTS: Final = 16
"""Maximum number of fights that wait for names."""

NEWEST: Final = 1_000
"""The number of newest fights in which a recorder that resumes looks for its own last ones."""

_logger = limited_logger(__name__)


@dataclass(frozen=True, slots=True)
class EndedFight:
    """A fight that has ended, and the actors whose names may still arrive."""

    id: int
    ended_at_ms: int
    unnamed: frozenset[int]
    events: Events | None = None
    """Its events, if no archive stores them."""

    @classmethod
    def of(cls, report: EndReport, events: Events | None) -> EndedFight:
        """The part of a finished fight that is kept in memory."""
        return cls(report.id, report.ended_at_ms, report.unnamed, events)


@dataclass(frozen=True, slots=True)
class AwaitedNames:
    """The fights that ended recently; immutable, each change returns a new object."""

    fights: tuple[EndedFight, ...] = ()
    unnamed: frozenset[int] = frozenset()
    """The actors of all these fights."""

    def after(self, ended: EndedFight) -> AwaitedNames:
        """These fights and one more."""
        return _awaited([*self.fights, ended])

    def since(self, started_at_ms: int) -> AwaitedNames:
        """The fights that had not ended too long before this begin."""
        if all(started_at_ms <= each.ended_at_ms + LATE_MS for each in self.fights):
            return self
        return _awaited(each for each in self.fights if started_at_ms <= each.ended_at_ms + LATE_MS)

    def wanting(self, actor: int, seen_at_ms: int) -> list[int]:
        """The ids of the fights in which this actor still lacks a name seen at this time."""
        return [
            each.id
            for each in self.fights
            if actor in each.unnamed and seen_at_ms <= each.ended_at_ms + LATE_MS
        ]

    def without(self, encounter_id: int, actor: int) -> AwaitedNames:
        """The same after this actor of a fight was named."""
        return _awaited(
            replace(each, unnamed=each.unnamed - {actor}) if each.id == encounter_id else each
            for each in self.fights
        )


def read_awaited(connection: Connection, identity: Identity) -> AwaitedNames:
    """The fights of a recorder that waited for names when it stopped.

    Those without their single hits are left out, because they cannot be computed again.
    """
    waiting: list[Period] = []
    for each in read_newest(connection, identity, NEWEST):
        waiting = [one for one in waiting if each.started_at_ms <= (one.ended_at_ms or 0) + LATE_MS]
        if each.ended_at_ms is not None:
            waiting.append(each)
    found: list[EndedFight] = []
    for each in reversed(waiting):
        unnamed = _read_unnamed(connection, each.id)
        if unnamed:
            found.append(EndedFight(each.id, each.ended_at_ms or 0, unnamed))
        if len(found) == MAX_FIGHTS:
            break
    return _awaited(reversed(found))


def _read_unnamed(connection: Connection, encounter_id: int) -> frozenset[int]:
    """The actors of an ended fight who may be players, and whose name is not known."""
    fight = StoredFight.read(connection, encounter_id)
    if fight is None or fight.faults:
        return frozenset()
    if fight.archive is not None:
        events = decode_events(fight.archive[1])
    elif fight.row["damage_events"] or fight.row["heal_events"]:
        return frozenset()
    else:
        events = Events.empty()  # which has no archive
    players = fight.players()
    nameless = {actor for actor, player in players.items() if player.name is None}
    monsters = monster_names(events.damage).keys() | Tally.from_events(events).hit_as_bosses()
    return frozenset(nameless | (fight.actor_ids() - players.keys() - monsters))


def _awaited(fights: Iterable[EndedFight]) -> AwaitedNames:
    kept = tuple(each for each in fights if each.unnamed)[-MAX_FIGHTS:]
    return AwaitedNames(kept, frozenset().union(*(each.unnamed for each in kept)))


@dataclass(slots=True)
class LateNames:
    """The names that arrived in one batch: players by fight."""

    awaited: AwaitedNames
    identified_dmg: int = 0
    """Damage of attackers that were unknown at the end of a fight and are named now."""
    _found: defaultdict[int, dict[int, Entity]] = field(default_factory=lambda: defaultdict(dict))
    _events: dict[int, Events | None] = field(default_factory=dict)

    def take(self, player: Entity, seen_at_ms: int) -> None:
        """Collect a player whose name is now known, if a fight waits for it."""
        if player.name is None:
            return
        for encounter_id in self.awaited.wanting(player.entity_id, seen_at_ms):
            self._found[encounter_id][player.entity_id] = player
            self._events |= {each.id: each.events for each in self.awaited.fights}
            self.awaited = self.awaited.without(encounter_id, player.entity_id)

    def store(self, connection: Connection) -> None:
        """Name the players in their fights, and compute the figures of these fights again."""
        for encounter_id, players in self._found.items():
            events = self._events[encounter_id]
            self.identified_dmg += _name(connection, encounter_id, players, events)
        self._found.clear()


def _name(
    connection: Connection, encounter_id: int, late: Mapping[int, Entity], events: Events | None
) -> int:
    """Name the players of one fight; returns by how much its unknown damage falls."""
    fight = StoredFight.read(connection, encounter_id)
    if fight is None:
        return 0  # deleted meanwhile
    if fight.faults:
        _logger.warning("fight %d is damaged; late names were not applied", encounter_id)
        return 0
    if events is None:
        events = decode_events(fight.archive[1]) if fight.archive else Events.empty()
    players = fight.players()
    players |= {
        actor: players[actor].completed(player) if actor in players else player
        for actor, player in late.items()
    }
    report = rebuild(connection, encounter_id, fight.row, events, players, archive=False)
    return max(0, (fight.row["unknown_dmg"] or 0) - report.unknown_dmg)
