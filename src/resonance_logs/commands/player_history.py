"""A player's ended fights as columns, with the bosses in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from resonance_logs.commands.models import Shape
from resonance_logs.commands.order_statistics import Float64Array, percentiles
from resonance_logs.fights.arrays import Int64Array


class FightBoss(Shape):
    """A boss in a player's fight; ``percentile`` (0 to 100) is among the player's kills of it.

    The percentile is the share of the other kills with less DPS, ties counting half; null if the
    boss was not defeated, or in no other fight.
    """

    monster_name: str
    is_defeated: bool
    percentile: float | None


_FIGHTS: Final = """
    SELECT e.id, e.started_at_ms, e.duration_ms, a.damage_dealt, a.heal_dealt, a.damage_taken,
        a.active_time_ms, e.clock_jumped, a.class_id, a.class_spec
    FROM actor_encounter_stats a CROSS JOIN encounters e ON e.id = a.encounter_id
    WHERE a.actor_id = ? AND a.is_player = 1 AND e.ended_at_ms IS NOT NULL AND e.game = ?
    ORDER BY e.started_at_ms, e.id
"""
_NUMBERS: Final = 8
"""This many leading columns are never null."""

_BOSSES: Final = """
    SELECT b.encounter_id, b.monster_name, b.is_defeated
    FROM actor_encounter_stats a CROSS JOIN encounter_bosses b ON b.encounter_id = a.encounter_id
    WHERE a.actor_id = ? AND a.is_player = 1
"""


@dataclass(frozen=True, slots=True)
class BossFights:
    """A player's fights with one boss: their indexes among all fights, and which were kills."""

    indexes: Int64Array
    is_kill: NDArray[np.bool_]

    @property
    def kills(self) -> Int64Array:
        """The indexes of the kills."""
        kills: Int64Array = self.indexes[self.is_kill]
        return kills


@dataclass(frozen=True, slots=True)
class Career:
    """One value per fight, ordered by start; ``dps`` is per second of the fight."""

    ids: Int64Array
    started_ms: Int64Array
    duration_ms: Int64Array
    damage: Int64Array
    heal: Int64Array
    taken: Int64Array
    active_ms: Int64Array
    is_timed: NDArray[np.bool_]
    """Whether the fight's times are exact: the clock was not set back."""
    classes: Sequence[tuple[int | None, int | None]]
    """Class and spec."""
    dps: Float64Array
    bosses: dict[str, BossFights]

    @classmethod
    def read(cls, connection: Connection, uid: int, game: str) -> Self:
        """Read all ended fights of a player of a game."""
        rows: Any = connection.exec_driver_sql(_FIGHTS, (uid, game)).all()
        numbers = np.array([row[:_NUMBERS] for row in rows], dtype=np.int64)
        columns = numbers.reshape(-1, _NUMBERS).T
        ids, started_ms, duration_ms, damage, heal, taken, active_ms, clock_jumped = columns
        lasted = np.where(duration_ms > 0, duration_ms / 1000, 1.0)
        return cls(
            ids=ids,
            started_ms=started_ms,
            duration_ms=duration_ms,
            damage=damage,
            heal=heal,
            taken=taken,
            active_ms=active_ms,
            is_timed=clock_jumped == 0,
            classes=[row[_NUMBERS:] for row in rows],
            dps=damage / lasted,
            bosses=_read_bosses(connection, uid, ids),
        )

    def bosses_of(self, indexes: Sequence[int]) -> dict[int, list[FightBoss]]:
        """The bosses of the fights at these indexes, by name."""
        found: dict[int, list[FightBoss]] = {index: [] for index in indexes}
        for name, met in sorted(self.bosses.items()):
            mine = np.flatnonzero(np.isin(met.indexes, indexes))
            if not len(mine):
                continue
            kills = self.timed(met.kills)
            standings = dict(zip(kills.tolist(), percentiles(self.dps[kills]), strict=True))
            for index, is_kill in zip(
                met.indexes[mine].tolist(), met.is_kill[mine].tolist(), strict=True
            ):
                boss = FightBoss(
                    monster_name=name, is_defeated=is_kill, percentile=standings.get(index)
                )
                found[index].append(boss)
        return found

    def timed(self, indexes: Int64Array) -> Int64Array:
        """Those of the places whose fights have exact times."""
        timed: Int64Array = indexes[self.is_timed[indexes]]
        return timed

    def with_boss(self, name: str | None) -> Int64Array:
        """The indexes of the fights with this boss (None: all)."""
        if name is None:
            return np.arange(len(self.ids))
        met = self.bosses.get(name)
        return np.zeros(0, dtype=np.int64) if met is None else met.indexes


def _read_bosses(connection: Connection, uid: int, ids: Int64Array) -> dict[str, BossFights]:
    """The bosses in these fights of a player."""
    indexes = {each: index for index, each in enumerate(ids.tolist())}
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for encounter_id, name, is_defeated in connection.exec_driver_sql(_BOSSES, (uid,)):
        index = indexes.get(encounter_id)
        if index is not None:
            found[name].append((index, is_defeated))
    bosses = {}
    for name, pairs in found.items():
        columns = np.array(sorted(pairs), dtype=np.int64).T
        bosses[name] = BossFights(columns[0], columns[1] != 0)
    return bosses
