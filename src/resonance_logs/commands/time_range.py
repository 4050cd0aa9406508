"""A range of a fight: its events, and the figures recomputed from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection, Row, select

from resonance_logs.commands.encounter import (
    ActorEncounterStat,
    BossSummary,
    actor_stat,
    find_encounter,
    read_actors,
    summary,
)
from resonance_logs.commands.fight_part import Part
from resonance_logs.commands.formulas import seconds
from resonance_logs.commands.models import EncounterArguments, FromMs, Shape, ToMs
from resonance_logs.commands.registry import command
from resonance_logs.commands.skill_names import skill_names
from resonance_logs.errors import CorruptArchive, NotFound
from resonance_logs.fights import statistics
from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.counters import COUNTER_NAMES
from resonance_logs.fights.event_sums import FightEventSums
from resonance_logs.fights.events import Events
from resonance_logs.fights.kinds.values import UNKNOWN
from resonance_logs.fights.tally import Tally
from resonance_logs.store import journal
from resonance_logs.store.schema import encounter_archives
from resonance_logs.store.sqlite.connections import Store


class RangeArguments(EncounterArguments):
    """Which part of the fight.

    From ``from_ms`` (included) to ``to_ms`` (excluded); a part that reaches the fight's end
    includes the end, so that adjacent parts add up to the whole.
    """

    from_ms: FromMs | None = None
    to_ms: ToMs | None = None


class BossStat(Shape):
    """A boss within a range: the hits it took, and their total."""

    monster_name: str
    max_hp: int | None
    is_defeated: bool
    hits: int
    total_damage: int


class DamageSkill(Shape):
    """The hits of one skill of one attacker on one defender (null: unknown)."""

    attacker_id: int
    defender_id: int | None
    skill_id: int
    name: str
    total_value: int
    hits: int
    crit_hits: int
    lucky_hits: int
    crit_total: int
    lucky_total: int
    hp_loss_total: int
    shield_loss_total: int


class HealSkill(Shape):
    """The heals of one skill of one healer on one target (null: unknown)."""

    healer_id: int
    target_id: int | None
    skill_id: int
    name: str
    total_value: int
    hits: int
    crit_hits: int
    lucky_hits: int
    crit_total: int
    lucky_total: int


class EncounterRange(Shape):
    """All figures of a fight from ``from_ms`` (inclusive) to ``to_ms`` (exclusive)."""

    encounter_id: int
    from_ms: int
    to_ms: int
    duration: float
    total_dmg: int
    total_heal: int
    actors: list[ActorEncounterStat]
    bosses: list[BossStat]
    damage_skills: list[DamageSkill]
    heal_skills: list[HealSkill]


_SIX = ("total_value", "hits", "crit_hits", "lucky_hits", "crit_total", "lucky_total")
_LOSSES = ("hp_loss_total", "shield_loss_total")


@dataclass(frozen=True, slots=True)
class Window:
    """A fight with the events of a part of it.

    Totals and hits of adjacent parts add up to those of the whole fight. Active times do not:
    the gap between the last hit of one part and the first of the next belongs to neither.
    """

    encounter: Row[Any]
    actors: list[ActorEncounterStat]
    events: Events
    part: Part

    @classmethod
    def read(
        cls, connection: Connection, encounter: Row[Any], from_ms: int | None, to_ms: int | None
    ) -> Self:
        """The fight's events from ``from_ms`` to ``to_ms`` after its start, as ``Part`` has them.

        Raises:
            InvalidArgument: the range ends before it begins.
            NotFound: the fight's events are not stored.
        """
        part = Part.of(encounter, from_ms, to_ms)
        events = part.select(_read_events(connection, encounter), encounter.started_at_ms)
        return cls(encounter, read_actors(connection, encounter), events, part)

    @property
    def from_ms(self) -> int:
        """Where the part begins, after the fight's start."""
        return self.part.from_ms

    @property
    def to_ms(self) -> int:
        """Where it ends."""
        return self.part.to_ms

    @property
    def duration(self) -> float:
        """Seconds; 1.0 if not positive, as for a whole fight."""
        return seconds(self.to_ms - self.from_ms)

    @property
    def players(self) -> list[int]:
        """The ids of the fight's players."""
        return [actor.actor_id for actor in self.actors if actor.is_player]

    def actor_stats(self, cells: FightEventSums) -> list[ActorEncounterStat]:
        """Statistics of each actor within the window, most damage first."""
        counters = Tally.from_event_sums(cells).counters(self.players)
        active = statistics.active_times(self.events.damage)
        none = [0] * len(COUNTER_NAMES)
        stats = [
            actor_stat(
                {
                    **_identity(actor),
                    "active_time_ms": active.get(actor.actor_id, 0),
                    **dict(zip(COUNTER_NAMES, counters.get(actor.actor_id, none), strict=True)),
                },
                self.duration,
            )
            for actor in self.actors
        ]
        return sorted(stats, key=_by_damage)


@command()
def get_encounter_range(store: Store, arguments: RangeArguments) -> EncounterRange:
    """All figures of a fight, recomputed for a range of it.

    The whole range gives what is stored. Adjacent parts add up to the whole, active times excepted.
    """
    with store.read_transaction() as connection:
        encounter = find_encounter(connection, arguments.encounter_id)
        window = Window.read(connection, encounter, arguments.from_ms, arguments.to_ms)
        cells = FightEventSums.from_events(window.events)
        damage, heals = cells.damage.skill_rows(), cells.heals.skill_rows()
        names = skill_names(connection, encounter.game, [row[2] for row in (*damage, *heals)])
    actors = window.actor_stats(cells)
    players = [actor for actor in actors if actor.is_player]
    return EncounterRange(
        encounter_id=encounter.id,
        from_ms=window.from_ms,
        to_ms=window.to_ms,
        duration=window.duration,
        total_dmg=sum(actor.damage_dealt for actor in players),
        total_heal=sum(actor.heal_dealt for actor in players),
        actors=actors,
        bosses=_bosses(window, summary(encounter, []).bosses),
        damage_skills=[
            DamageSkill(**_skill(row, ("attacker_id", "defender_id"), (*_SIX, *_LOSSES), names))
            for row in sorted(damage, key=_by_total)
        ],
        heal_skills=[
            HealSkill(**_skill(row, ("healer_id", "target_id"), _SIX, names))
            for row in sorted(heals, key=_by_total)
        ],
    )


def _read_events(connection: Connection, encounter: Row[Any]) -> Events:
    if encounter.ended_at_ms is None:
        return journal.read(connection, encounter.id).events
    archives = encounter_archives.c
    statement = select(archives.events, archives.payload).where(
        archives.encounter_id == encounter.id
    )
    archive = connection.execute(statement).one_or_none()
    if archive is not None:
        try:
            return decode_events(archive.payload, expected=archive.events)
        except CorruptArchive as error:
            raise CorruptArchive(
                f"fight {encounter.id} is damaged: its individual hits cannot be read: {error}"
            ) from error
    if encounter.damage_events or encounter.heal_events:
        raise NotFound(f"fight {encounter.id} was stored without its individual hits")
    return Events()


def _identity(actor: ActorEncounterStat) -> dict[str, Any]:
    """The fields that no event changes."""
    kept = (
        "encounter_id",
        "actor_id",
        "name",
        "class_id",
        "class_spec",
        "ability_score",
        "level",
        "is_player",
        "is_local_player",
    )
    return {name: getattr(actor, name) for name in kept}


def _bosses(window: Window, listed: list[BossSummary]) -> list[BossStat]:
    defeated = [boss.monster_name for boss in listed if boss.is_defeated]
    return [
        BossStat(
            monster_name=boss.monster_name,
            max_hp=boss.max_hp,
            is_defeated=boss.is_defeated,
            hits=boss.hits,
            total_damage=boss.total_damage,
        )
        for boss in statistics.bosses(window.events.damage, defeated)
        if boss.hits or window.part.is_whole
    ]


def _skill(
    row: tuple[int, ...], who: tuple[str, str], sums: tuple[str, ...], names: dict[int, str]
) -> dict[str, Any]:
    one, other, skill, *values = row
    return {
        who[0]: one,
        who[1]: None if other == UNKNOWN else other,
        "skill_id": skill,
        "name": names[skill],
        **dict(zip(sums, values, strict=True)),
    }


def _by_total(row: tuple[int, ...]) -> tuple[int, ...]:
    """Sort key: largest total first, then by actor and skill."""
    return -row[3], *row[:3]


def _by_damage(actor: ActorEncounterStat) -> tuple[int, int]:
    return -actor.damage_dealt, actor.actor_id
