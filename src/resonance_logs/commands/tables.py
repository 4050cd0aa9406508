"""Fights as tables for analysts: a row a fight, an actor, a skill, or a single hit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import numpy as np
from pydantic import BaseModel

from resonance_logs.commands.arguments import Filters, OneEncounter, Range
from resonance_logs.commands.encounter import find_encounter, get_encounter_actor_stats, summary
from resonance_logs.commands.listing import iterate_rows
from resonance_logs.commands.names import skill_names
from resonance_logs.commands.shapes import DamageSkill, EncounterSummary, HealSkill
from resonance_logs.commands.window import Window, get_encounter_range
from resonance_logs.events import BOSS, CRIT, LUCKY, UNKNOWN, Int64Array
from resonance_logs.game import class_name, spec_name
from resonance_logs.store.engine import Store

Table = Mapping[str, Sequence[Any]]
"""Columns of one length by their names, in snake_case."""


class TableOf(StrEnum):
    """What a row of a fight's table is."""

    ACTORS = "actors"
    SKILLS = "skills"
    HITS = "hits"


_FIGHT_COLUMNS: Final = (
    "id",
    "started_at_ms",
    "ended_at_ms",
    "duration",
    "scene_id",
    "scene_name",
    "total_dmg",
    "total_heal",
    "is_favorite",
    "note",
    "is_complete",
    "is_damaged",
    "dps",
    "tags",
    "bosses",
    "defeated",
    "players",
)


def fights_table(store: Store, filters: Filters) -> Table:
    """A row for each ended fight that passes the filters; bosses and players as texts."""
    columns: dict[str, list[Any]] = {name: [] for name in _FIGHT_COLUMNS}
    with store.reading() as connection:
        for row in iterate_rows(connection, filters):
            for name, value in _fight_row(summary(row, [])).items():
                columns[name].append(value)
    return columns


def _fight_row(fight: EncounterSummary) -> dict[str, Any]:
    texts = {
        "tags": fight.tags,
        "bosses": [boss.monster_name for boss in fight.bosses],
        "defeated": [boss.monster_name for boss in fight.bosses if boss.is_defeated],
        "players": [player.name for player in fight.players],
    }
    return {
        name: "; ".join(texts[name]) if name in texts else getattr(fight, name)
        for name in _FIGHT_COLUMNS
    }


def encounter_table(store: Store, encounter_id: int, of: TableOf) -> Table:
    """The actors, skills or single hits of a fight.

    Raises:
        NotFound: there is no such fight, or its single hits are not stored.
    """
    if of is TableOf.ACTORS:
        actors = get_encounter_actor_stats(store, OneEncounter(encounter_id=encounter_id))
        return {
            **_columns(actors),
            "class_name": [class_name(each.class_id) for each in actors],
            "class_spec_name": [spec_name(each.class_spec) for each in actors],
        }
    table = _skills(store, encounter_id) if of is TableOf.SKILLS else _hits(store, encounter_id)
    return {"encounter_id": [encounter_id] * len(table["kind"]), **table}


def _columns(rows: Sequence[BaseModel]) -> Table:
    names = type(rows[0]).model_fields if rows else ()
    return {name: [getattr(row, name) for row in rows] for name in names}


def _skills(store: Store, encounter_id: int) -> Table:
    answer = get_encounter_range(store, Range(encounter_id=encounter_id))
    names = {actor.actor_id: actor.name for actor in answer.actors}
    rows: list[tuple[str, int, int | None, DamageSkill | HealSkill]] = [
        *(("damage", row.attacker_id, row.defender_id, row) for row in answer.damage_skills),
        *(("heal", row.healer_id, row.target_id, row) for row in answer.heal_skills),
    ]
    table: dict[str, list[Any]] = {
        "kind": [kind for kind, *_ in rows],
        "actor_id": [actor for _, actor, _, _ in rows],
        "actor_name": [names.get(actor) for _, actor, _, _ in rows],
        "target_id": [target for *_, target, _ in rows],
        "target_name": [None if target is None else names.get(target) for *_, target, _ in rows],
        "skill_id": [row.skill_id for *_, row in rows],
        "skill_name": [row.name for *_, row in rows],
    }
    for name in ("total_value", "hits", "crit_hits", "lucky_hits", "crit_total", "lucky_total"):
        table[name] = [getattr(row, name) for *_, row in rows]
    for name in ("hp_loss_total", "shield_loss_total"):
        table[name] = [getattr(row, name, 0) for *_, row in rows]
    return table


def _hits(store: Store, encounter_id: int) -> Table:
    with store.reading() as connection:
        encounter = find_encounter(connection, encounter_id)
        window = Window.read(connection, encounter, None, None)
        damage, heals = window.events.damage, window.events.heals
        skill = np.concatenate([damage.skill_id, heals.skill_id])
        skills = skill_names(connection, np.unique(skill).tolist())
    names = {actor.actor_id: actor.name for actor in window.actors}
    actor = np.concatenate([damage.attacker_id, heals.healer_id])
    target = np.concatenate([damage.defender_id, heals.target_id])
    flags = np.concatenate([damage.flags, heals.flags])
    none = np.zeros(len(heals), dtype=np.int64)
    columns: dict[str, Any] = {
        "kind": ["damage"] * len(damage) + ["heal"] * len(heals),
        "timestamp_ms": np.concatenate([damage.timestamp_ms, heals.timestamp_ms]).tolist(),
        "actor_id": actor.tolist(),
        "actor_name": _named(actor, names),
        "target_id": [None if each == UNKNOWN else each for each in target.tolist()],
        "target_name": _named(target, names),
        "skill_id": skill.tolist(),
        "skill_name": _named(skill, skills),
        "value": np.concatenate([damage.value, heals.value]).tolist(),
        **{
            name: ((flags & flag) != 0).tolist()
            for name, flag in (("is_crit", CRIT), ("is_lucky", LUCKY), ("is_boss", BOSS))
        },
        "hp_loss": np.concatenate([damage.hp_loss, none]).tolist(),
        "shield_loss": np.concatenate([damage.shield_loss, none]).tolist(),
    }
    order = np.argsort(columns["timestamp_ms"], kind="stable").tolist()
    return {name: [values[place] for place in order] for name, values in columns.items()}


def _named(ids: Int64Array, names: Mapping[int, str | None]) -> list[str | None]:
    distinct, codes = np.unique(ids, return_inverse=True)
    known: Iterable[str | None] = [names.get(each) for each in distinct.tolist()]
    found = list(known)
    return [found[code] for code in codes.tolist()]
