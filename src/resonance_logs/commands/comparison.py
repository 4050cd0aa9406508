"""Fights or players side by side: figures, skills, curves over one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from resonance_logs.commands.arguments import (
    ComparisonOf,
    OneEncounter,
    PlayerSkills,
    SideOf,
    SkillType,
    TimelineOf,
)
from resonance_logs.commands.encounter import find_encounter, read_actors, summary
from resonance_logs.commands.figures import ratio
from resonance_logs.commands.shapes import (
    ActorEncounterStat,
    ComparedSide,
    ComparedSkill,
    Comparison,
    EncounterSummary,
    SkillRow,
)
from resonance_logs.commands.skills import get_encounter_player_skills, party_skills, six_of
from resonance_logs.commands.timeline import get_encounter_timeline, nice_width
from resonance_logs.errors import NotFound
from resonance_logs.game import class_name, spec_name
from resonance_logs.store.engine import Store

_SIX: Final = 6


@dataclass(frozen=True, slots=True)
class _Side:
    """What is known of a side but for its curve."""

    fight: EncounterSummary
    actor: ActorEncounterStat | None
    players: list[ActorEncounterStat]
    skills: list[SkillRow]


def compare_encounters(store: Store, arguments: ComparisonOf) -> Comparison:
    """Two to eight fights, or actors of fights, side by side: figures, skills, curves.

    All curves have buckets of one width, chosen for the longest fight.

    Raises:
        NotFound: a fight is not there, or an actor is not in it.
    """
    kind = arguments.kind
    sides = [_read(store, each, kind) for each in arguments.sides]
    width = nice_width(round(max(side.fight.duration for side in sides) * 1_000), arguments.points)
    return Comparison(
        kind=kind,
        bucket_ms=width,
        sides=[_compared(side, kind, _curve(store, side, kind, width)) for side in sides],
        skills=_skills([side.skills for side in sides]),
    )


def _read(store: Store, side: SideOf, kind: SkillType) -> _Side:
    one = OneEncounter(encounter_id=side.encounter_id)
    with store.reading() as connection:
        row = find_encounter(connection, one.encounter_id)
        actors = read_actors(connection, row)
        fight = summary(row, [])
        players = [actor for actor in actors if actor.is_player]
        if side.actor_id is None:
            return _Side(fight, None, players, party_skills(connection, row, actors, kind))
    actor = next((each for each in actors if each.actor_id == side.actor_id), None)
    if actor is None:
        raise NotFound(f"actor {side.actor_id} is not in encounter {side.encounter_id}")
    asked = PlayerSkills(encounter_id=side.encounter_id, actor_id=actor.actor_id, skill_type=kind)
    return _Side(fight, actor, players, get_encounter_player_skills(store, asked).skill_rows)


def _curve(store: Store, side: _Side, kind: SkillType, width: int) -> list[float] | None:
    asked = TimelineOf(
        encounter_id=side.fight.id,
        kind=kind,
        actor_id=None if side.actor is None else side.actor.actor_id,
        bucket_ms=width,
    )
    try:
        timeline = get_encounter_timeline(store, asked)
    except NotFound:
        return None
    lines = [line.values for line in timeline.series] or [[0] * timeline.buckets]
    return [sum(values) * 1_000 / width for values in zip(*lines, strict=True)]


def _compared(side: _Side, kind: SkillType, values: list[float] | None) -> ComparedSide:
    fight, actor = side.fight, side.actor
    counted = side.players if actor is None else [actor]
    sums = [six_of(each, kind) for each in counted] or [[0] * _SIX]
    total, hits, crits, luckies, *_ = (sum(column) for column in zip(*sums, strict=True))
    return ComparedSide(
        encounter_id=fight.id,
        started_at_ms=fight.started_at_ms,
        duration=fight.duration,
        scene_name=fight.scene_name,
        bosses=fight.bosses,
        actor_id=None if actor is None else actor.actor_id,
        name=None if actor is None else actor.name,
        class_id=None if actor is None else actor.class_id,
        class_name="" if actor is None else class_name(actor.class_id),
        class_spec_name="" if actor is None else spec_name(actor.class_spec),
        total=total,
        per_second=total / fight.duration,
        active_dps=actor.active_dps if actor is not None and kind is SkillType.DPS else None,
        hits=hits,
        crit_rate=ratio(crits, hits),
        lucky_rate=ratio(luckies, hits),
        values=values,
    )


def _skills(sides: list[list[SkillRow]]) -> list[ComparedSkill]:
    """Every skill of any side, that with the greatest sum first."""
    by_id = [{row.skill_id: row for row in rows} for rows in sides]
    names = {row.skill_id: row.name for rows in sides for row in rows}
    compared = [
        ComparedSkill(skill_id=skill, name=name, sides=[rows.get(skill) for rows in by_id])
        for skill, name in names.items()
    ]
    return sorted(
        compared,
        key=lambda each: (-sum(row.total_dmg for row in each.sides if row), each.skill_id),
    )
