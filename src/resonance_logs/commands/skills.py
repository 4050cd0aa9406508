"""An actor's skills and targets in a fight, or in a range of it."""

from __future__ import annotations

from typing import Any

from resonance_logs.commands.actor_totals import SKILL, WHO, WHOM, FightTotals, by_total, sum_by
from resonance_logs.commands.encounter import ActorEncounterStat, find_encounter
from resonance_logs.commands.formulas import rates
from resonance_logs.commands.models import (
    EncounterArguments,
    FromMs,
    Integer,
    Shape,
    SkillType,
    ToMs,
)
from resonance_logs.commands.registry import command
from resonance_logs.commands.skill_names import skill_names
from resonance_logs.fights.games import Game
from resonance_logs.fights.kinds.values import UNKNOWN
from resonance_logs.store.sqlite.connections import Store


class PlayerSkillsArguments(EncounterArguments):
    """The skills of an actor, of one kind, in a range of the fight."""

    actor_id: Integer
    skill_type: SkillType
    from_ms: FromMs | None = None
    to_ms: ToMs | None = None


class SkillRow(Shape):
    """The figures of one skill: rates from 0 to 1, ``dmg_pct`` from 0 to 100."""

    skill_id: int
    name: str
    total_dmg: int
    dps: float
    dmg_pct: float
    crit_rate: float
    crit_dmg_rate: float
    lucky_rate: float
    lucky_dmg_rate: float
    hits: int
    hits_per_minute: float


class PlayerRow(Shape):
    """The same figures for a whole player; ``dmg_pct`` is the share of all players' total."""

    uid: int
    name: str | None
    class_name: str
    class_spec_name: str
    ability_score: int | None
    total_dmg: int
    dps: float
    dmg_pct: float
    crit_rate: float
    crit_dmg_rate: float
    lucky_rate: float
    lucky_dmg_rate: float
    hits: int
    hits_per_minute: float


class SkillsWindow(Shape):
    """One player's skills in one fight, largest first; ``curr_player`` holds one row."""

    curr_player: list[PlayerRow]
    skill_rows: list[SkillRow]


class TargetRow(Shape):
    """The figures of a SkillRow for one target (or source) of an actor, over all skills.

    ``actor_id`` and ``name`` are null if unknown; ``dmg_pct`` is the share of the actor's total.
    """

    actor_id: int | None
    name: str | None
    class_id: int | None
    is_player: bool
    total_dmg: int
    dps: float
    dmg_pct: float
    crit_rate: float
    crit_dmg_rate: float
    lucky_rate: float
    lucky_dmg_rate: float
    hits: int
    hits_per_minute: float


class TargetsWindow(Shape):
    """Whom one actor hit or healed, or who hit it, largest first."""

    target_rows: list[TargetRow]


@command(is_quick=True)
def get_encounter_player_skills(store: Store, arguments: PlayerSkillsArguments) -> SkillsWindow:
    """What an actor dealt, healed or took in a fight, by skill, largest first.

    Raises:
        NotFound: there is no such fight, the actor is not in it, or a range is requested and its
            events are not stored.
    """
    kind = arguments.skill_type
    with store.read_transaction() as connection:
        encounter = find_encounter(connection, arguments.encounter_id)
        totals = FightTotals.read(connection, encounter, arguments.from_ms, arguments.to_ms)
        actor = totals.actor(arguments.actor_id)
        sums = sum_by(totals.rows_for(actor, kind), SKILL)
        peers = totals.sums_by_actor(kind, players=actor.is_player)
        names = skill_names(connection, encounter.game, sums)
    six, total = peers[actor.actor_id], sum(peer[0] for peer in peers.values())
    return SkillsWindow(
        curr_player=[_player_row(totals.game, actor, rates(six, total, totals.duration))],
        skill_rows=[
            SkillRow(skill_id=skill, name=names[skill], **rates(values, six[0], totals.duration))
            for skill, values in sorted(sums.items(), key=by_total)
        ],
    )


@command()
def get_encounter_player_targets(store: Store, arguments: PlayerSkillsArguments) -> TargetsWindow:
    """Whom an actor hit or healed, or (for ``tanked``) who hit it, largest total first.

    Raises:
        NotFound: there is no such fight, the actor is not in it, or a range is requested and its
            events are not stored.
    """
    kind = arguments.skill_type
    with store.read_transaction() as connection:
        encounter = find_encounter(connection, arguments.encounter_id)
        totals = FightTotals.read(connection, encounter, arguments.from_ms, arguments.to_ms)
        actor = totals.actor(arguments.actor_id)
        other = WHO if kind is SkillType.TANKED else WHOM
        sums = sum_by(totals.rows_for(actor, kind), other)
    whole = sum(six[0] for six in sums.values())
    known = {each.actor_id: each for each in totals.actors}
    return TargetsWindow(
        target_rows=[
            _target_row(each, known.get(each), rates(six, whole, totals.duration))
            for each, six in sorted(sums.items(), key=by_total)
        ]
    )


def _player_row(game: Game, actor: ActorEncounterStat, shares: dict[str, Any]) -> PlayerRow:
    return PlayerRow(
        uid=actor.actor_id,
        name=actor.name,
        class_name=game.class_name(actor.class_id),
        class_spec_name=game.spec_name(actor.class_id, actor.class_spec),
        ability_score=actor.ability_score,
        **shares,
    )


def _target_row(
    actor_id: int, actor: ActorEncounterStat | None, shares: dict[str, Any]
) -> TargetRow:
    return TargetRow(
        actor_id=None if actor_id == UNKNOWN else actor_id,
        name=None if actor is None else actor.name,
        class_id=None if actor is None else actor.class_id,
        is_player=actor is not None and actor.is_player,
        **shares,
    )
