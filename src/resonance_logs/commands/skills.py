"""One actor's skills in a fight, or in a part of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row

from resonance_logs.cells import Cells, FightCells
from resonance_logs.commands.arguments import PlayerSkills, SkillType
from resonance_logs.commands.encounter import figures, find_encounter, read_actors
from resonance_logs.commands.figures import rates, seconds
from resonance_logs.commands.names import skill_names
from resonance_logs.commands.shapes import ActorEncounterStat, PlayerRow, SkillRow, SkillsWindow
from resonance_logs.commands.window import Window
from resonance_logs.errors import NotFound
from resonance_logs.game import class_name, spec_name
from resonance_logs.statistics import is_player
from resonance_logs.store.engine import Store
from resonance_logs.store.tables import COUNTERS
from resonance_logs.tally import SIX

_COUNTERS_OF: Final = {
    SkillType.DPS: COUNTERS["dealt"],
    SkillType.HEAL: COUNTERS["heal"],
    SkillType.TANKED: COUNTERS["taken"],
}

SumRow = tuple[int, ...]
"""Who, on whom, skill, and the six sums (more may follow)."""

_BY, _ON = 0, 1


def get_encounter_player_skills(store: Store, arguments: PlayerSkills) -> SkillsWindow:
    """What an actor dealt, healed or took in a fight, skill by skill, most first.

    Raises:
        NotFound: there is no such fight, or the actor is not in it, or a part of the fight is
            asked for and its single events are not stored.
    """
    with store.reading() as connection:
        encounter = find_encounter(connection, arguments.encounter_id)
        is_whole = arguments.from_ms is None and arguments.to_ms is None
        if is_whole and encounter.ended_at_ms is not None:
            duration = seconds(encounter.duration_ms)
            actors = read_actors(connection, encounter)
            actor = _find(actors, arguments)
            rows = _stored_rows(connection, encounter, actors, arguments)
        else:
            window = Window.read(connection, encounter, arguments.from_ms, arguments.to_ms)
            duration = window.duration
            actors = window.actor_stats(FightCells.of(window.events))
            actor = _find(actors, arguments)
            rows = _window_rows(window, arguments)
        sums = _by_skill(rows)
        names = skill_names(connection, sums)
    six = _six(actor, arguments.skill_type)
    peers = [
        _six(each, arguments.skill_type) for each in actors if each.is_player == actor.is_player
    ]
    return SkillsWindow(
        curr_player=[_player_row(actor, rates(six, sum(peer[0] for peer in peers), duration))],
        skill_rows=[
            SkillRow(skill_id=skill, name=names[skill], **rates(values, six[0], duration))
            for skill, values in sorted(sums.items(), key=_most)
        ],
    )


def _find(actors: Iterable[ActorEncounterStat], arguments: PlayerSkills) -> ActorEncounterStat:
    for actor in actors:
        if actor.actor_id == arguments.actor_id:
            return actor
    raise NotFound(f"actor {arguments.actor_id} is not in encounter {arguments.encounter_id}")


def _stored_rows(
    connection: Connection,
    encounter: Row[Any],
    actors: Iterable[ActorEncounterStat],
    arguments: PlayerSkills,
) -> list[SumRow]:
    actor = arguments.actor_id
    if arguments.skill_type is SkillType.HEAL:
        heals = figures(connection, encounter, "heals_checksum")
        return [row for row in heals if row[_BY] == actor]
    damage = figures(connection, encounter, "damage_checksum")
    if arguments.skill_type is SkillType.DPS:
        return [row for row in damage if row[_BY] == actor]
    players = {each.actor_id for each in actors if each.is_player}
    return [row for row in damage if row[_ON] == actor and row[_BY] not in players]


def _window_rows(window: Window, arguments: PlayerSkills) -> list[SumRow]:
    actor = arguments.actor_id
    if arguments.skill_type is SkillType.HEAL:
        heals = window.events.heals
        return Cells.of_heals(heals.select(heals.healer_id == actor)).skill_rows()
    damage = window.events.damage
    if arguments.skill_type is SkillType.DPS:
        mask = damage.attacker_id == actor
    else:
        mask = (damage.defender_id == actor) & ~is_player(damage.attacker_id, window.players)
    return Cells.of_damage(damage.select(mask)).skill_rows()


def _by_skill(rows: Iterable[SumRow]) -> dict[int, list[int]]:
    sums: defaultdict[int, list[int]] = defaultdict(lambda: [0] * SIX)
    for row in rows:
        sums[row[2]] = [old + new for old, new in zip(sums[row[2]], row[3 : 3 + SIX], strict=True)]
    return dict(sums)


def _six(actor: ActorEncounterStat, kind: SkillType) -> list[int]:
    return [getattr(actor, name) for name in _COUNTERS_OF[kind]]


def _player_row(actor: ActorEncounterStat, shares: dict[str, Any]) -> PlayerRow:
    return PlayerRow(
        uid=actor.actor_id,
        name=actor.name,
        class_name=class_name(actor.class_id),
        class_spec_name=spec_name(actor.class_spec),
        ability_score=actor.ability_score,
        **shares,
    )


def _most(item: tuple[int, list[int]]) -> tuple[int, int]:
    skill, six = item
    return -six[0], skill
