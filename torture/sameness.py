"""Differences between a stored fight and the model's, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection
from tests.helpers.model import COUNTERS, Actor, Boss, Fight, Pair, PairKey
from tests.helpers.stored import null, stored_events, stored_fight

from resonance_logs import InsertDamageEvent, InsertHealEvent
from resonance_logs.commands.time_range import EncounterRange
from resonance_logs.fights.events import Events
from resonance_logs.fights.kinds.damage import BOSS
from resonance_logs.fights.kinds.values import CRIT, LUCKY


def read_fight(connection: Connection, row: Any, expected: Fight) -> Fight:
    """The stored fight with the events of its archive."""
    events = stored_events(connection, row["id"])
    return replace(
        stored_fight(connection, row, expected),
        damage_events=_damage(events),
        heal_events=_heals(events),
    )


def _damage(events: Events) -> list[InsertDamageEvent]:
    hits = events.damage
    names = [None if code < 0 else hits.monster_names[code] for code in hits.monster.tolist()]
    return [
        InsertDamageEvent(
            timestamp_ms=at,
            attacker_id=who,
            defender_id=null(whom),
            skill_id=_skill(skill),
            value=value,
            hp_loss=hp_loss,
            shield_loss=shield_loss,
            defender_max_hp=null(max_hp),
            monster_name=name,
            is_crit=bool(flags & CRIT),
            is_lucky=bool(flags & LUCKY),
            is_boss=bool(flags & BOSS),
        )
        for (at, who, whom, skill, value, hp_loss, shield_loss, max_hp), flags, name in zip(
            hits.numbers.T.tolist(), hits.flags.tolist(), names, strict=True
        )
    ]


def _heals(events: Events) -> list[InsertHealEvent]:
    heals = events.heals
    return [
        InsertHealEvent(
            timestamp_ms=at,
            healer_id=who,
            target_id=null(whom),
            skill_id=_skill(skill),
            value=value,
            is_crit=bool(flags & CRIT),
            is_lucky=bool(flags & LUCKY),
        )
        for (at, who, whom, skill, value), flags in zip(
            heals.numbers.T.tolist(), heals.flags.tolist(), strict=True
        )
    ]


def _skill(code: int) -> int | None:
    return None if code == -1 else code


def fight_differences(stored: Fight, expected: Fight) -> Iterator[str]:
    """The fields of a stored fight that differ from the model's."""
    for each in fields(Fight):
        here, there = getattr(stored, each.name), getattr(expected, each.name)
        if here == there:
            continue
        if isinstance(there, Mapping):
            yield from _mapping_differences(each.name, here, there)
        elif isinstance(there, list):
            yield f"{each.name}: {len(here)} events differ from the model's {len(there)}"
        else:
            yield f"{each.name}: {here!r}, expected {there!r}"


def _mapping_differences(
    name: str, here: Mapping[Any, Any], there: Mapping[Any, Any]
) -> Iterator[str]:
    for key in here.keys() | there.keys():
        if here.get(key) != there.get(key):
            yield f"{name} {key}: {here.get(key)}, expected {there.get(key)}"


def range_differences(answer: EncounterRange, expected: Fight) -> Iterator[str]:
    """Differences between the whole range, computed again from the archive, and the model."""
    compared: tuple[tuple[str, Any, Any], ...] = (
        ("total_dmg", answer.total_dmg, expected.total_dmg),
        ("total_heal", answer.total_heal, expected.total_heal),
        ("actors", _counters(answer), {k: _numbers(a) for k, a in expected.actors.items()}),
        ("damage_pairs", _damage_pairs(answer), expected.damage_pairs),
        ("heal_pairs", _heal_pairs(answer), expected.heal_pairs),
        ("bosses", _bosses(answer), expected.bosses),
    )
    for name, here, there in compared:
        if isinstance(there, Mapping):
            yield from _mapping_differences(f"range, {name}", here, there)
        elif here != there:
            yield f"range, {name}: {here}, expected {there}"


def _counters(answer: EncounterRange) -> dict[int, list[int]]:
    return {each.actor_id: _numbers(each) for each in answer.actors}


def _numbers(actor: Any) -> list[int]:
    return [actor.active_time_ms, *(getattr(actor, name) for name in COUNTERS)]


def _pair(row: Any) -> Pair:
    return Pair(**{each.name: getattr(row, each.name, 0) for each in fields(Pair)})


def _damage_pairs(answer: EncounterRange) -> dict[PairKey, Pair]:
    return {(r.attacker_id, r.defender_id, r.skill_id): _pair(r) for r in answer.damage_skills}


def _heal_pairs(answer: EncounterRange) -> dict[PairKey, Pair]:
    return {(r.healer_id, r.target_id, r.skill_id): _pair(r) for r in answer.heal_skills}


def _bosses(answer: EncounterRange) -> dict[str, Boss]:
    return {
        each.monster_name: Boss(each.hits, each.total_damage, each.max_hp, each.is_defeated)
        for each in answer.bosses
    }


def without(actors: Mapping[int, Actor], ids: frozenset[int]) -> dict[int, Actor]:
    """The actors without some."""
    return {key: actor for key, actor in actors.items() if key not in ids}
