"""The sums of a fight per actor: of one batch, of the open fight so far, or of a whole fight."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from resonance_logs.fights.arrays import FlagArray, Int64Array
from resonance_logs.fights.event_sums import FightEventSums
from resonance_logs.fights.events import Events
from resonance_logs.fights.grouping import Column, group_sums
from resonance_logs.fights.kinds.damage import BOSS
from resonance_logs.fights.kinds.sums import six_columns
from resonance_logs.fights.kinds.values import UNKNOWN
from resonance_logs.fights.statistics import is_among

SIX: Final = 6
"""Total, hits, crit hits, lucky hits, crit total, lucky total."""

Counters = list[int]
"""An actor's 24 counters: six each of dealt, heal, taken, boss (COUNTERS)."""

_Groups = tuple[Int64Array, FlagArray, Int64Array, Int64Array]
"""Keys (one row per group), flags, totals and counts of groups of events."""

_DEALT, _HEAL, _TAKEN, _BOSS = (slice(start, start + SIX) for start in range(0, 4 * SIX, SIX))


@dataclass(frozen=True, slots=True)
class Tally:
    """Immutable sums: adding makes a new tally, so a rolled-back batch leaves no trace.

    Damage is kept by (attacker, defender), with 6 sums of all hits and 6 of those on bosses,
    because which hits count as taken is only known once it is known who is a player.
    """

    pairs: Int64Array
    damage: Int64Array
    healers: Int64Array
    heals: Int64Array

    @classmethod
    def empty(cls) -> Self:
        """Nothing summed yet."""
        return cls.from_events(Events.empty())

    @classmethod
    def from_events(cls, events: Events) -> Self:
        """The sums of these events."""
        hits, heals = events.damage, events.heals
        damage = _grouped((hits.attacker_id, hits.defender_id, hits.flags), hits.value)
        healed = _grouped((heals.healer_id, heals.flags), heals.value)
        return cls._combine(damage, healed)

    @classmethod
    def from_event_sums(cls, cells: FightEventSums) -> Self:
        """The sums of the events in these groups."""
        hits, heals = cells.damage, cells.heals
        damage = (hits.keys[:, :2], hits.flags, hits.value, hits.count)
        return cls._combine(damage, (heals.keys[:, :1], heals.flags, heals.value, heals.count))

    @classmethod
    def _combine(cls, damage: _Groups, healed: _Groups) -> Self:
        keys, flags, value, count = damage
        on_boss = (flags & BOSS) != 0
        of_bosses = six_columns(value * on_boss, flags, count * on_boss)
        columns = [*six_columns(value, flags, count), *of_bosses]
        pairs, sums = group_sums(list(keys.T), columns)
        keys, flags, value, count = healed
        healers, heals = group_sums(list(keys.T), six_columns(value, flags, count))
        return cls(pairs, sums, healers, heals)

    def adding(self, other: Self) -> Self:
        """The sums of both."""
        pairs, damage = _merge((self.pairs, self.damage), (other.pairs, other.damage))
        healers, heals = _merge((self.healers, self.heals), (other.healers, other.heals))
        return type(self)(pairs, damage, healers, heals)

    def equals(self, other: Self) -> bool:
        """Whether every sum is equal."""
        return all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("pairs", "damage", "healers", "heals")
        )

    def hit_as_bosses(self) -> set[int]:
        """The defenders that were hit with ``is_boss``."""
        on_boss = self.damage[:, SIX + 1] > 0
        return {*self.pairs[on_boss, 1].tolist()} - {UNKNOWN}

    def damage_of(
        self, attackers: Collection[int], *, but_to: Collection[int]
    ) -> tuple[set[int], int]:
        """The damage of each attacker to actors other than ``but_to`` and itself."""
        by, to = self.pairs[:, 0], self.pairs[:, 1]
        counted = is_among(by, attackers) & ~is_among(to, but_to) & (by != to)
        return {*by[counted].tolist()}, int(self.damage[counted, 0].sum())

    def actor_ids(self) -> set[int]:
        """Everyone who dealt, was hit or healed."""
        return ({*self.pairs.ravel().tolist()} | {*self.healers.ravel().tolist()}) - {UNKNOWN}

    def counters(self, players: Collection[int]) -> dict[int, Counters]:
        """Each actor's counters.

        Damage counts as taken if the attacker is not a player. Damage to oneself always counts as
        taken, never as dealt.
        """
        found: dict[int, Counters] = {actor: [0] * 4 * SIX for actor in self.actor_ids()}
        to_oneself = self.pairs[:, 0] == self.pairs[:, 1]
        others = ~to_oneself
        attackers, dealt = group_sums([self.pairs[others, 0]], list(self.damage[others].T))
        for (attacker,), sums in zip(attackers.tolist(), dealt.tolist(), strict=True):
            found[attacker][_DEALT] = sums[:SIX]
            found[attacker][_BOSS] = sums[SIX:]
        for (healer,), sums in zip(self.healers.tolist(), self.heals.tolist(), strict=True):
            found[healer][_HEAL] = sums
        by_players = is_among(self.pairs[:, 0], players)
        counted = (~by_players | to_oneself) & (self.pairs[:, 1] != UNKNOWN)
        defenders, taken = group_sums([self.pairs[counted, 1]], list(self.damage[counted, :SIX].T))
        for (defender,), sums in zip(defenders.tolist(), taken.tolist(), strict=True):
            found[defender][_TAKEN] = sums
        return found


def _merge(
    one: tuple[Int64Array, Int64Array], other: tuple[Int64Array, Int64Array]
) -> tuple[Int64Array, Int64Array]:
    keys = np.concatenate([one[0], other[0]])
    sums = np.concatenate([one[1], other[1]])
    return group_sums(list(keys.T), list(sums.T))


def _grouped(keys: Sequence[Column], value: Int64Array) -> _Groups:
    """Group events by ``keys``, the last of which are the flags.

    Few calls on the long columns; few rows remain to be summed (see EventColumns).
    """
    groups, sums = group_sums(keys, [value, np.ones(len(value), dtype=np.int64)])
    return groups[:, :-1], groups[:, -1].astype(np.uint8), sums[:, 0], sums[:, 1]
