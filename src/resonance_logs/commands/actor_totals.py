"""Totals of a fight, or of a range of it: as stored, or added up from its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from sqlalchemy import Connection, Row

from resonance_logs.commands.encounter import ActorEncounterStat, figures, read_actors
from resonance_logs.commands.fight_part import Part
from resonance_logs.commands.formulas import seconds
from resonance_logs.commands.models import SkillType
from resonance_logs.commands.time_range import Window
from resonance_logs.errors import NotFound
from resonance_logs.fights.counters import COUNTERS
from resonance_logs.fights.event_sums import FightEventSums
from resonance_logs.fights.games import Game, find_game
from resonance_logs.fights.tally import SIX

SumRow = tuple[int, ...]
"""Actor, target, skill, and the six sums (more may follow)."""

WHO: Final = 0
WHOM: Final = 1
SKILL: Final = 2
_SUMS: Final = slice(3, 3 + SIX)

_COUNTERS_OF: Final = {
    SkillType.DPS: COUNTERS["dealt"],
    SkillType.HEAL: COUNTERS["heal"],
    SkillType.TANKED: COUNTERS["taken"],
}


@dataclass(frozen=True, slots=True)
class FightTotals:
    """The actors of a fight from ``from_ms`` to ``to_ms`` after its start, most damage first."""

    encounter_id: int
    game: Game
    from_ms: int
    to_ms: int
    actors: list[ActorEncounterStat]
    _rows: Callable[[SkillType], list[SumRow]]

    @classmethod
    def read(
        cls, connection: Connection, encounter: Row[Any], from_ms: int | None, to_ms: int | None
    ) -> Self:
        """Read what is stored for a whole ended fight; otherwise add up its events.

        Totals and hits of adjacent parts add up to those of the whole; active times do not.

        Raises:
            InvalidArgument: the range ends before it begins.
            NotFound: the events are needed but not stored.
        """
        part, game = Part.of(encounter, from_ms, to_ms), find_game(encounter.game)
        if part.is_whole and encounter.ended_at_ms is not None:
            actors = read_actors(connection, encounter)

            def stored(kind: SkillType) -> list[SumRow]:
                name = "heals_checksum" if kind is SkillType.HEAL else "damage_checksum"
                return figures(connection, encounter, name)

            return cls(encounter.id, game, 0, encounter.duration_ms, actors, stored)
        window = Window.read(connection, encounter, from_ms, to_ms)
        cells = FightEventSums.from_events(window.events)

        def added(kind: SkillType) -> list[SumRow]:
            return (cells.heals if kind is SkillType.HEAL else cells.damage).skill_rows()

        actors = window.actor_stats(cells)
        return cls(encounter.id, game, window.from_ms, window.to_ms, actors, added)

    @property
    def duration(self) -> float:
        """Seconds; 1.0 if not positive."""
        return seconds(self.to_ms - self.from_ms)

    def actor(self, actor_id: int) -> ActorEncounterStat:
        """One actor.

        Raises:
            NotFound: the actor is not in the fight.
        """
        for actor in self.actors:
            if actor.actor_id == actor_id:
                return actor
        raise NotFound(f"actor {actor_id} is not in fight {self.encounter_id}")

    def side(self, *, players: bool) -> list[ActorEncounterStat]:
        """The players, or all other actors."""
        return [actor for actor in self.actors if actor.is_player == players]

    def rows_for(self, actor: ActorEncounterStat, kind: SkillType) -> list[SumRow]:
        """What this actor dealt or healed; what the other side, and it itself, dealt to it."""
        if kind is SkillType.HEAL:
            return [row for row in self._rows(kind) if row[WHO] == actor.actor_id]
        if kind is SkillType.DPS:
            return [
                row
                for row in self._rows(kind)
                if row[WHO] == actor.actor_id and row[WHOM] != actor.actor_id
            ]
        return [
            row
            for row in self._taken_by_actor(players=actor.is_player)
            if row[WHOM] == actor.actor_id
        ]

    def sums_by_actor(self, kind: SkillType, *, players: bool) -> dict[int, list[int]]:
        """The six sums of every actor on a side, by actor."""
        actors = self.side(players=players)
        if kind is SkillType.TANKED and not players:
            # Counters of damage taken count hits by non-players, as known to the recorder.
            taken = sum_by(self._taken_by_actor(players=False), WHOM)
            return {each.actor_id: taken.get(each.actor_id, [0] * SIX) for each in actors}
        names = _COUNTERS_OF[kind]
        return {each.actor_id: [getattr(each, name) for name in names] for each in actors}

    def _taken_by_actor(self, *, players: bool) -> list[SumRow]:
        """What those of a side took from the other side, and each from itself."""
        side = {each.actor_id for each in self.actors if each.is_player}
        return [
            row
            for row in self._rows(SkillType.TANKED)
            if (row[WHOM] in side) == players
            and ((row[WHO] in side) != players or row[WHO] == row[WHOM])
        ]


def sum_by(rows: Iterable[SumRow], key: int) -> dict[int, list[int]]:
    """Add up the six sums by ``WHO``, ``WHOM`` or ``SKILL``."""
    sums: dict[int, list[int]] = {}
    for row in rows:
        before = sums.get(row[key])
        new = row[_SUMS]
        sums[row[key]] = (
            list(new) if before is None else [a + b for a, b in zip(before, new, strict=True)]
        )
    return sums


def by_total(item: tuple[int, list[int]]) -> tuple[int, int]:
    """Sort key for the rows of an answer: largest total first, then by id."""
    each, six = item
    return -six[0], each
