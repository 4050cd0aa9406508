"""Fights as tables for analysts: one row per fight, actor, skill or hit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

import numpy as np

from resonance_logs.commands.answering import answering, naming_arguments
from resonance_logs.commands.encounter import (
    ActorEncounterStat,
    EncounterSummary,
    find_encounter,
    read_actors,
    summary,
)
from resonance_logs.commands.filters import Filters
from resonance_logs.commands.listing import iterate_rows
from resonance_logs.commands.models import EncounterArguments
from resonance_logs.commands.skill_names import skill_names
from resonance_logs.commands.time_range import (
    DamageSkill,
    HealSkill,
    RangeArguments,
    Window,
    get_encounter_range,
)
from resonance_logs.exports.formats import Column, Kind, Table
from resonance_logs.fights.arrays import Int64Array
from resonance_logs.fights.counters import COUNTER_NAMES
from resonance_logs.fights.games import find_game
from resonance_logs.fights.kinds.damage import BOSS
from resonance_logs.fights.kinds.values import CRIT, LUCKY, UNKNOWN
from resonance_logs.store.sqlite.connections import Store


class TableKind(StrEnum):
    """What each row of a fight's table is."""

    ACTORS = "actors"
    SKILLS = "skills"
    HITS = "hits"


class TableArguments(EncounterArguments):
    """The fight, and what each row of its table is."""

    of: TableKind = TableKind.ACTORS


FIGHT_COLUMNS: Final = (
    Column("id", Kind.INTEGER),
    Column("started_at_ms", Kind.INTEGER),
    Column("ended_at_ms", Kind.INTEGER),
    Column("duration", Kind.FLOAT),
    Column("scene_id", Kind.INTEGER, is_nullable=True),
    Column("scene_name", Kind.TEXT, is_nullable=True),
    Column("total_dmg", Kind.INTEGER),
    Column("total_heal", Kind.INTEGER),
    Column("is_favorite", Kind.BOOLEAN),
    Column("note", Kind.TEXT, is_nullable=True),
    Column("is_complete", Kind.BOOLEAN),
    Column("is_damaged", Kind.BOOLEAN),
    Column("dps", Kind.FLOAT),
    Column("tags", Kind.TEXT),
    Column("bosses", Kind.TEXT),
    Column("defeated", Kind.TEXT),
    Column("players", Kind.TEXT),
    Column("recorder", Kind.TEXT),
    Column("game", Kind.TEXT),
)
"""One row per fight; times in ms since 1970 UTC, ``duration`` in seconds, lists joined by "; "."""

ACTOR_COLUMNS: Final = (
    Column("encounter_id", Kind.INTEGER),
    Column("actor_id", Kind.INTEGER),
    Column("name", Kind.TEXT, is_nullable=True),
    Column("class_id", Kind.INTEGER, is_nullable=True),
    Column("class_spec", Kind.INTEGER, is_nullable=True),
    Column("ability_score", Kind.INTEGER, is_nullable=True),
    Column("level", Kind.INTEGER, is_nullable=True),
    Column("is_player", Kind.BOOLEAN),
    Column("is_local_player", Kind.BOOLEAN),
    Column("dps", Kind.FLOAT),
    Column("active_time_ms", Kind.INTEGER),
    Column("active_dps", Kind.FLOAT),
    *(Column(name, Kind.INTEGER) for name in COUNTER_NAMES),
    Column("class_name", Kind.TEXT),
    Column("class_spec_name", Kind.TEXT),
)
"""One row per actor: the fields of ActorEncounterStat, and the names of class and spec."""

_SUMS: Final = ("total_value", "hits", "crit_hits", "lucky_hits", "crit_total", "lucky_total")
_LOSSES: Final = ("hp_loss_total", "shield_loss_total")

_WHO_AND_HOW: Final = (
    Column("actor_id", Kind.INTEGER),
    Column("actor_name", Kind.TEXT, is_nullable=True),
    Column("target_id", Kind.INTEGER, is_nullable=True),
    Column("target_name", Kind.TEXT, is_nullable=True),
    Column("skill_id", Kind.INTEGER),
    Column("skill_name", Kind.TEXT),
)

SKILL_COLUMNS: Final = (
    Column("encounter_id", Kind.INTEGER),
    Column("kind", Kind.TEXT),
    *_WHO_AND_HOW,
    *(Column(name, Kind.INTEGER) for name in (*_SUMS, *_LOSSES)),
)
"""One row per skill of one actor on another; ``kind`` is damage or heal."""

HIT_COLUMNS: Final = (
    Column("encounter_id", Kind.INTEGER),
    Column("kind", Kind.TEXT),
    Column("timestamp_ms", Kind.INTEGER),
    *_WHO_AND_HOW,
    Column("value", Kind.INTEGER),
    Column("is_crit", Kind.BOOLEAN),
    Column("is_lucky", Kind.BOOLEAN),
    Column("is_boss", Kind.BOOLEAN),
    Column("hp_loss", Kind.INTEGER),
    Column("shield_loss", Kind.INTEGER),
)
"""One row per hit or heal; times in ms since 1970 UTC."""


def fights_table(store: Store, filters: Filters | None) -> Table:
    """One row per ended fight that matches the filters; bosses and players as text.

    Raises:
        CommandError: as for commands; the subclass says why.
    """
    with naming_arguments(camel=True):
        wanted = Filters() if filters is None else Filters.model_validate(filters)
    values: dict[str, list[Any]] = {column.name: [] for column in FIGHT_COLUMNS}
    with answering(store), store.read_transaction() as connection:
        for row in iterate_rows(connection, wanted):
            for name, value in _fight_row(summary(row, [])).items():
                values[name].append(value)
    return Table(FIGHT_COLUMNS, values)


def _fight_row(fight: EncounterSummary) -> dict[str, Any]:
    texts = {
        "tags": fight.tags,
        "bosses": [boss.monster_name for boss in fight.bosses],
        "defeated": [boss.monster_name for boss in fight.bosses if boss.is_defeated],
        "players": [player.name for player in fight.players],
    }
    return {
        column.name: "; ".join(texts[column.name])
        if column.name in texts
        else getattr(fight, column.name)
        for column in FIGHT_COLUMNS
    }


def encounter_table(store: Store, encounter_id: int, of: TableKind | str) -> Table:
    """The actors, skills or individual hits of a fight.

    Raises:
        NotFound: there is no such fight, or its individual hits are not stored.
        CommandError: as for commands; the subclass says why.
    """
    with naming_arguments(camel=True):
        wanted = TableArguments.model_validate({"encounter_id": encounter_id, "of": of})
    with answering(store):
        return _encounter_table(store, wanted)


def _encounter_table(store: Store, wanted: TableArguments) -> Table:
    encounter_id = wanted.encounter_id
    if wanted.of is TableKind.ACTORS:
        return Table(ACTOR_COLUMNS, _actors(store, encounter_id))
    is_skills = wanted.of is TableKind.SKILLS
    values = _skills(store, encounter_id) if is_skills else _hits(store, encounter_id)
    values["encounter_id"] = [encounter_id] * len(values["kind"])
    return Table(SKILL_COLUMNS if is_skills else HIT_COLUMNS, values)


def _actors(store: Store, encounter_id: int) -> dict[str, list[Any]]:
    with store.read_transaction() as connection:
        encounter = find_encounter(connection, encounter_id)
        actors, game = read_actors(connection, encounter), find_game(encounter.game)
    names = ActorEncounterStat.model_fields
    return {
        **{name: [getattr(each, name) for each in actors] for name in names},
        "class_name": [game.class_name(each.class_id) for each in actors],
        "class_spec_name": [game.spec_name(each.class_id, each.class_spec) for each in actors],
    }


def _skills(store: Store, encounter_id: int) -> dict[str, list[Any]]:
    answer = get_encounter_range(store, RangeArguments(encounter_id=encounter_id))
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
    for name in _SUMS:
        table[name] = [getattr(row, name) for *_, row in rows]
    for name in _LOSSES:
        table[name] = [getattr(row, name, 0) for *_, row in rows]
    return table


def _hits(store: Store, encounter_id: int) -> dict[str, list[Any]]:
    with store.read_transaction() as connection:
        encounter = find_encounter(connection, encounter_id)
        window = Window.read(connection, encounter, None, None)
        damage, heals = window.events.damage, window.events.heals
        skill = np.concatenate([damage.skill_id, heals.skill_id])
        skills = skill_names(connection, encounter.game, np.unique(skill).tolist())
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
