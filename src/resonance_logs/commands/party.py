"""The party table of a fight: every actor on one side, and what it did."""

from __future__ import annotations

from resonance_logs.commands.actor_totals import FightTotals
from resonance_logs.commands.encounter import ActorEncounterStat, find_encounter
from resonance_logs.commands.formulas import ratio
from resonance_logs.commands.models import EncounterArguments, FromMs, Shape, Side, SkillType, ToMs
from resonance_logs.commands.registry import command
from resonance_logs.store.sqlite.connections import Store


class PartyArguments(EncounterArguments):
    """One side of a fight, in a range of it."""

    kind: SkillType = SkillType.DPS
    side: Side = Side.PLAYERS
    from_ms: FromMs | None = None
    to_ms: ToMs | None = None


class PartyRow(Shape):
    """One actor's damage, healing or damage taken: ``share`` and rates from 0 to 1.

    ``share`` is of its side's total. ``active_per_second`` (damage per second of active time) and
    ``boss_total`` (damage to bosses) are null unless ``kind`` is ``dps``.
    """

    actor_id: int
    name: str | None
    class_id: int | None
    class_name: str
    class_spec: int | None
    class_spec_name: str
    is_player: bool
    is_local_player: bool
    total: int
    per_second: float
    share: float
    active_per_second: float | None
    hits: int
    hits_per_minute: float
    crit_rate: float
    lucky_rate: float
    boss_total: int | None


class EncounterParty(Shape):
    """One side of a fight from ``from_ms`` to ``to_ms`` after its start, largest first.

    ``duration`` is the length of the range in seconds; ``total`` and ``per_second`` are the side's.
    """

    encounter_id: int
    game: str
    kind: SkillType
    side: Side
    from_ms: int
    to_ms: int
    duration: float
    total: int
    per_second: float
    rows: list[PartyRow]


@command()
def get_encounter_party(store: Store, arguments: PartyArguments) -> EncounterParty:
    """What the players (or monsters) dealt, healed or took in a fight, or in a range of it.

    Raises:
        NotFound: there is no such fight, or a range is requested and its events are not stored.
    """
    kind, players = arguments.kind, arguments.side is Side.PLAYERS
    with store.read_transaction() as connection:
        encounter = find_encounter(connection, arguments.encounter_id)
        totals = FightTotals.read(connection, encounter, arguments.from_ms, arguments.to_ms)
        sums = totals.sums_by_actor(kind, players=players)
    whole = sum(six[0] for six in sums.values())
    rows = [
        party_row(totals, actor, sums[actor.actor_id], kind, whole)
        for actor in totals.side(players=players)
    ]
    return EncounterParty(
        encounter_id=totals.encounter_id,
        game=totals.game.id,
        kind=kind,
        side=arguments.side,
        from_ms=totals.from_ms,
        to_ms=totals.to_ms,
        duration=totals.duration,
        total=whole,
        per_second=whole / totals.duration,
        rows=sorted(rows, key=lambda row: (-row.total, row.actor_id)),
    )


def party_row(
    fight: FightTotals, actor: ActorEncounterStat, six: list[int], kind: SkillType, whole: int
) -> PartyRow:
    """One actor's figures in a fight from its six sums; ``whole`` is what its share is of."""
    total, hits, crit_hits, lucky_hits, *_ = six
    is_damage = kind is SkillType.DPS
    return PartyRow(
        actor_id=actor.actor_id,
        name=actor.name,
        class_id=actor.class_id,
        class_name=fight.game.class_name(actor.class_id),
        class_spec=actor.class_spec,
        class_spec_name=fight.game.spec_name(actor.class_id, actor.class_spec),
        is_player=actor.is_player,
        is_local_player=actor.is_local_player,
        total=total,
        per_second=total / fight.duration,
        share=ratio(total, whole),
        active_per_second=actor.active_dps if is_damage else None,
        hits=hits,
        hits_per_minute=hits / (fight.duration / 60),
        crit_rate=ratio(crit_hits, hits),
        lucky_rate=ratio(lucky_hits, hits),
        boss_total=actor.boss_damage_dealt if is_damage else None,
    )
