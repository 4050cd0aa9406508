"""All that is stored of a fight once it has ended, computed from its events."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from resonance_logs.fights import statistics
from resonance_logs.fights.archive import encode_events
from resonance_logs.fights.event_sums import FightEventSums
from resonance_logs.fights.events import Events
from resonance_logs.fights.open_fight import (
    DEALT_TOTAL,
    ActorRow,
    OpenEncounter,
    actor_rows,
    as_int,
    totals,
)
from resonance_logs.fights.players import Entity
from resonance_logs.fights.tally import Tally
from resonance_logs.system.repeated_messages import limited_logger

_logger = limited_logger(__name__)

Rows = Sequence[Sequence[object]]
"""Rows of one table, sorted by key, each without the fight's id."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a fight ends: when, which bosses were defeated, and what is known to be missing."""

    ended_at_ms: int
    defeated_bosses: Sequence[str] = ()
    was_interrupted: bool = False
    lost_events: int = 0
    clock_jumped: bool | None = None
    """None: the times of the events tell."""


@dataclass(frozen=True, slots=True)
class FightContext:
    """What must be known of a fight besides its events and its end."""

    actors: Collection[int]
    """Everyone in the fight, see ``all_actors``."""
    known: Mapping[int, Entity]
    """Those of them that have an entity."""
    updated: Collection[int]
    """Those of them whose entity was updated since the recorder was opened."""
    scene_name: str | None
    rejected_events: int
    journal_bytes: int
    """The size of the events in the journal, which is freed once the fight is stored."""


@dataclass(frozen=True, slots=True)
class EndReport:
    """What the recorder keeps in memory of a fight that it has ended."""

    id: int
    ended_at_ms: int
    unnamed: frozenset[int]
    """Actors who may be players, and whose name is not known."""
    unmatched_bosses: int
    """Bosses named as defeated that match no hit."""
    unknown_dmg: int
    """Damage dealt to monsters by ``unknown_attackers``."""
    unknown_attackers: frozenset[int]
    """Attackers that are neither players nor named monsters."""


@dataclass(frozen=True, slots=True)
class FinishedFight:
    """Everything that is stored of an ended fight, and nothing that is not."""

    summary: Mapping[str, Any]
    """Its row in the list of fights, without its id, checksums and marks."""
    actor_rows: Rows
    damage_rows: Rows
    """By attacker, defender and skill."""
    heal_rows: Rows
    """By healer, target and skill."""
    boss_rows: Rows
    attribute_rows: Rows
    boss_names: Sequence[str]
    players: Mapping[int, Entity]
    archive: tuple[int, bytes] | None
    """The number of its events, and their payload; None if they are not stored."""
    archive_error: str | None
    """Why its events cannot be stored, although they should be."""
    report: EndReport

    @property
    def id(self) -> int:
        """The fight's id."""
        return self.report.id

    @classmethod
    def compute(
        cls,
        fight: OpenEncounter,
        events: Events,
        ending: Ending,
        context: FightContext,
        *,
        archive: bool,
    ) -> Self:
        """Compute everything from ``events``, those of the journal and of the current batch.

        ``fight.tally``, summed along the way, must agree if no event is lost; a difference is
        logged. Without ``archive`` the single events are not kept.
        """
        sums = FightEventSums.from_events(events)
        tally = Tally.from_event_sums(sums)
        lost_events = _count_lost(fight, events, ending)
        if not (lost_events or tally.equals(fight.tally)):
            _logger.error(
                "fight %d: the live sums differ from the journal's, which are stored", fight.id
            )
        actors = context.actors
        players = fight.select_players(actors, context.known, context.updated)
        monster_names = statistics.monster_names(events.damage)
        active_times = statistics.active_times(events.damage)
        rows = actor_rows(fight, tally, actors, players, monster_names, active_times)
        unknown = set(actors) - players.keys() - monster_names.keys() - tally.hit_as_bosses()
        unknown_attackers, unknown_dmg = tally.damage_of(unknown, but_to=players)
        nameless = {actor for actor, player in players.items() if player.name is None}
        bosses = statistics.bosses(events.damage, ending.defeated_bosses)
        ended_at_ms = _ended_at_ms(fight, events, ending)
        payload, archive_error = _encode(events) if archive and len(events) else (None, None)
        return cls(
            summary={
                "started_at_ms": fight.started_at_ms,
                "ended_at_ms": ended_at_ms,
                "local_player_id": fight.local_player_id,
                "scene_id": fight.scene_id,
                "scene_name": context.scene_name,
                "duration_ms": ended_at_ms - fight.started_at_ms,
                "is_defeated": int(any(boss.is_defeated for boss in bosses)),
                "damage_events": len(events.damage),
                "heal_events": len(events.heals),
                "journal_bytes": context.journal_bytes,
                "bosses": json.dumps([_listed_boss(boss) for boss in bosses], ensure_ascii=False),
                "players": json.dumps(_listed_players(fight, rows, players), ensure_ascii=False),
                "was_interrupted": int(ending.was_interrupted),
                "rejected_events": context.rejected_events,
                "lost_events": lost_events,
                "clock_jumped": int(_clock_jumped(events, ending, ended_at_ms)),
                "unknown_dmg": unknown_dmg,
                "recorder": fight.identity.recorder,
                "game": fight.identity.game,
                **totals(rows, players),
            },
            actor_rows=[row[1:] for row in rows.values()],
            damage_rows=sums.damage.skill_rows(),
            heal_rows=sums.heals.skill_rows(),
            boss_rows=_boss_rows(bosses),
            attribute_rows=_attribute_rows(players),
            boss_names=[boss.monster_name for boss in bosses],
            players=players,
            archive=None if payload is None else (len(events), payload),
            archive_error=archive_error,
            report=EndReport(
                id=fight.id,
                ended_at_ms=ended_at_ms,
                unnamed=frozenset(nameless | unknown),
                unmatched_bosses=sum(not boss.hits for boss in bosses),
                unknown_dmg=unknown_dmg,
                unknown_attackers=frozenset(unknown_attackers),
            ),
        )


def all_actors(fight: OpenEncounter, events: Events) -> set[int]:
    """Everyone in a fight: in its events, or updated while it was open."""
    return statistics.actor_ids(events) | fight.party


def _count_lost(fight: OpenEncounter, events: Events, ending: Ending) -> int:
    """The events lost, as known at the end; at least those that were recorded and are not here."""
    if not fight.lost_events:
        return ending.lost_events
    recorded = fight.damage_events + fight.heal_events + fight.lost_events
    return max(ending.lost_events, recorded - len(events.damage) - len(events.heals))


def _encode(events: Events) -> tuple[bytes | None, str | None]:
    """The payload of the archive, or why there is none."""
    try:
        return encode_events(events, compact=True), None
    except ValueError as error:
        return None, str(error)


def _boss_rows(bosses: Iterable[statistics.Boss]) -> list[tuple[object, ...]]:
    return [
        (boss.monster_name, boss.hits, boss.total_damage, boss.max_hp, int(boss.is_defeated))
        for boss in sorted(bosses, key=lambda boss: boss.monster_name)
    ]


def _attribute_rows(players: Mapping[int, Entity]) -> list[tuple[int, str]]:
    return [
        (actor, entity.attributes)
        for actor, entity in sorted(players.items())
        if entity.attributes is not None
    ]


def _ended_at_ms(fight: OpenEncounter, events: Events, ending: Ending) -> int:
    """The end as given, but not before the start or the last event."""
    last = statistics.last_time_ms(events)
    minimum = fight.started_at_ms if last is None else max(last, fight.started_at_ms)
    if ending.ended_at_ms >= minimum:
        return ending.ended_at_ms
    _logger.warning(
        "encounter %d: ended_at_ms %d is before its %s; %d is used instead",
        fight.id,
        ending.ended_at_ms,
        "start" if ending.ended_at_ms < fight.started_at_ms else "last event",
        minimum,
    )
    return minimum


def _clock_jumped(events: Events, ending: Ending, ended_at_ms: int) -> bool:
    """Whether the clock was set back while the fight went on."""
    if ending.clock_jumped is not None:
        return ending.clock_jumped
    return ended_at_ms > ending.ended_at_ms or statistics.clock_went_back(events)


def _listed_boss(boss: statistics.Boss) -> dict[str, object]:
    return {
        "monsterName": boss.monster_name,
        "maxHp": boss.max_hp,
        "isDefeated": boss.is_defeated,
    }


def _listed_players(
    fight: OpenEncounter, rows: Mapping[int, ActorRow], players: Mapping[int, Entity]
) -> list[dict[str, object]]:
    """The party, most damage first, then by id."""

    def most_damage(actor: int) -> tuple[int, int]:
        return -as_int(rows[actor][DEALT_TOTAL]), actor

    return [
        {
            "name": players[actor].name or f"#{actor}",
            "classId": players[actor].class_id,
            "isLocalPlayer": actor == fight.local_player_id,
        }
        for actor in sorted(players, key=most_damage)
    ]
