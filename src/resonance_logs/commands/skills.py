"""One actor's skills in a fight, or in a part of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
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
    kind = arguments.skill_type
    with store.reading() as connection:
        encounter = find_encounter(connection, arguments.encounter_id)
        is_whole = arguments.from_ms is None and arguments.to_ms is None
        if is_whole and encounter.ended_at_ms is not None:
            duration = seconds(encounter.duration_ms)
            actors = read_actors(connection, encounter)
            actor = _find(actors, arguments)
            rows = _stored_rows(connection, encounter, actors, kind, {arguments.actor_id})
        else:
            window = Window.read(connection, encounter, arguments.from_ms, arguments.to_ms)
            duration = window.duration
            actors = window.actor_stats(FightCells.of(window.events))
            actor = _find(actors, arguments)
            rows = _window_rows(window, kind, [arguments.actor_id])
        sums = _by_skill(rows)
        names = skill_names(connection, sums)
    six = six_of(actor, kind)
    peers = [six_of(each, kind) for each in actors if each.is_player == actor.is_player]
    return SkillsWindow(
        curr_player=[_player_row(actor, rates(six, sum(peer[0] for peer in peers), duration))],
        skill_rows=_skill_rows(sums, names, six[0], duration),
    )


def party_skills(
    connection: Connection,
    encounter: Row[Any],
    actors: Sequence[ActorEncounterStat],
    kind: SkillType,
) -> list[SkillRow]:
    """What all players of a fight dealt, healed or took, skill by skill, most first."""
    players = {actor.actor_id for actor in actors if actor.is_player}
    if encounter.ended_at_ms is None:
        window = Window.read(connection, encounter, None, None)
        sums = _by_skill(_window_rows(window, kind, sorted(players)))
    else:
        sums = _by_skill(_stored_rows(connection, encounter, actors, kind, players))
    whole = sum(values[0] for values in sums.values())
    names = skill_names(connection, sums)
    return _skill_rows(sums, names, whole, seconds(encounter.duration_ms))


def _find(actors: Iterable[ActorEncounterStat], arguments: PlayerSkills) -> ActorEncounterStat:
    for actor in actors:
        if actor.actor_id == arguments.actor_id:
            return actor
    raise NotFound(f"actor {arguments.actor_id} is not in encounter {arguments.encounter_id}")


def _stored_rows(
    connection: Connection,
    encounter: Row[Any],
    actors: Iterable[ActorEncounterStat],
    kind: SkillType,
    wanted: Collection[int],
) -> list[SumRow]:
    if kind is SkillType.HEAL:
        heals = figures(connection, encounter, "heals_checksum")
        return [row for row in heals if row[_BY] in wanted]
    damage = figures(connection, encounter, "damage_checksum")
    if kind is SkillType.DPS:
        return [row for row in damage if row[_BY] in wanted]
    players = {each.actor_id for each in actors if each.is_player}
    return [row for row in damage if row[_ON] in wanted and row[_BY] not in players]


def _window_rows(window: Window, kind: SkillType, wanted: Sequence[int]) -> list[SumRow]:
    if kind is SkillType.HEAL:
        heals = window.events.heals
        return Cells.of_heals(heals.select(is_player(heals.healer_id, wanted))).skill_rows()
    damage = window.events.damage
    if kind is SkillType.DPS:
        mask = is_player(damage.attacker_id, wanted)
    else:
        by_players = is_player(damage.attacker_id, window.players)
        mask = is_player(damage.defender_id, wanted) & ~by_players
    return Cells.of_damage(damage.select(mask)).skill_rows()


def _skill_rows(
    sums: dict[int, list[int]], names: dict[int, str], whole: int, duration: float
) -> list[SkillRow]:
    return [
        SkillRow(skill_id=skill, name=names[skill], **rates(values, whole, duration))
        for skill, values in sorted(sums.items(), key=_most)
    ]


def _by_skill(rows: Iterable[SumRow]) -> dict[int, list[int]]:
    sums: defaultdict[int, list[int]] = defaultdict(lambda: [0] * SIX)
    for row in rows:
        sums[row[2]] = [old + new for old, new in zip(sums[row[2]], row[3 : 3 + SIX], strict=True)]
    return dict(sums)


def six_of(actor: ActorEncounterStat, kind: SkillType) -> list[int]:
    """Total, hits, crit hits, lucky hits, crit total, lucky total of an actor."""
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
