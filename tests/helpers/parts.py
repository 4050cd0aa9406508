"""What must add up over the parts of a fight: every total and count of every command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from pydantic import BaseModel

from resonance_logs.commands import Commands, GroupBy, Side, SkillType
from resonance_logs.fights.counters import COUNTER_NAMES

Figures = Counter[tuple[Any, ...]]
"""Figures by what they are of; those that are 0 are left out."""

_SUMS: Final = ("total_value", "hits", "crit_hits", "lucky_hits", "crit_total", "lucky_total")
_LOSSES: Final = ("hp_loss_total", "shield_loss_total")
_ROW: Final = ("total_dmg", "hits")


def figures_of(
    commands: Commands, encounter_id: int, from_ms: int | None = None, to_ms: int | None = None
) -> Figures:
    """Every total and count that the commands give for a part of a fight (None: no bound)."""
    found: Figures = Counter()
    _add_range(found, commands, encounter_id, from_ms, to_ms)
    for kind in SkillType:
        _add_party(found, commands, encounter_id, kind, from_ms, to_ms)
        _add_actors(found, commands, encounter_id, kind, from_ms, to_ms)
        _add_timelines(found, commands, encounter_id, kind, from_ms, to_ms)
    return +found


def parts_of(cuts: Sequence[int]) -> list[tuple[int | None, int | None]]:
    """The adjacent parts between ascending cuts, the first and the last without a bound."""
    return list(pairwise([None, *cuts, None]))


def sum_of_parts(
    commands: Commands, encounter_id: int, parts: Sequence[tuple[int | None, int | None]]
) -> Figures:
    """The figures of all parts, added up."""
    total: Figures = Counter()
    for part in parts:
        total.update(figures_of(commands, encounter_id, *part))
    return +total


def _add(found: Figures, row: BaseModel, names: Sequence[str], *key: Any) -> None:
    for name in names:
        found[*key, name] += getattr(row, name)


def _add_range(found: Figures, commands: Commands, fight: int, *part: int | None) -> None:
    answer = commands.get_encounter_range(fight, *part)
    _add(found, answer, ("total_dmg", "total_heal"), "range")
    for actor in answer.actors:
        _add(found, actor, COUNTER_NAMES, "range actor", actor.actor_id)
    for boss in answer.bosses:
        _add(found, boss, ("hits", "total_damage"), "range boss", boss.monster_name)
    for hit in answer.damage_skills:
        key = ("range damage", hit.attacker_id, hit.defender_id, hit.skill_id)
        _add(found, hit, (*_SUMS, *_LOSSES), *key)
    for heal in answer.heal_skills:
        _add(found, heal, _SUMS, "range heal", heal.healer_id, heal.target_id, heal.skill_id)


def _add_party(
    found: Figures, commands: Commands, fight: int, kind: SkillType, *part: int | None
) -> None:
    for side in Side:
        party = commands.get_encounter_party(fight, kind, side, *part)
        found["party", kind, side] += party.total
        for row in party.rows:
            _add(found, row, ("total", "hits"), "party row", kind, row.actor_id)
            found["party bosses", kind, row.actor_id] += row.boss_total or 0


def _add_actors(
    found: Figures, commands: Commands, fight: int, kind: SkillType, *part: int | None
) -> None:
    for actor in commands.get_encounter_actor_stats(fight):
        key = (kind, actor.actor_id)
        skills = commands.get_encounter_player_skills(fight, actor.actor_id, kind, *part)
        for player in skills.curr_player:
            _add(found, player, _ROW, "skills", *key)
        for skill in skills.skill_rows:
            _add(found, skill, _ROW, "skill", *key, skill.skill_id)
        targets = commands.get_encounter_player_targets(fight, actor.actor_id, kind, *part)
        for target in targets.target_rows:
            _add(found, target, _ROW, "target", *key, target.actor_id)


def _add_timelines(
    found: Figures, commands: Commands, fight: int, kind: SkillType, *part: int | None
) -> None:
    from_ms, to_ms = part
    for side in Side:
        for group in GroupBy:
            timeline = commands.get_encounter_timeline(
                fight, group, kind, side=side, from_ms=from_ms, to_ms=to_ms
            )
            for line in timeline.series:
                assert line.total == sum(line.values)
                found["timeline", kind, side, group, line.id] += line.total
