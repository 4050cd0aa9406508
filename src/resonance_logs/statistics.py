"""Exact sums over the columns of a fight: by skill, by boss, by time. Whole numbers throughout."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from resonance_logs.events import (
    BOSS,
    CRIT,
    LUCKY,
    NO_NAME,
    UNKNOWN,
    DamageEvents,
    Events,
    FlagArray,
    HealEvents,
    Int64Array,
)

ACTIVE_GAP_MS: Final = 5_000
"""A longer pause between two damage events is not active time (spec: Figures)."""

LEAST_ACTIVE_MS: Final = 1_000

SIX: Final = 6
"""Columns of ``six_columns``: total, hits, crit hits, lucky hits, crit total, lucky total."""


def group_sums(
    keys: Sequence[Int64Array | FlagArray], columns: Sequence[Int64Array]
) -> tuple[Int64Array, Int64Array]:
    """Sum ``columns`` (each of length n) over rows with equal ``keys`` (each of length n).

    Returns the distinct keys, ascending, as an array of shape (groups, len(keys)), and the sums,
    of shape (groups, len(columns)).
    """
    size = len(keys[0])
    if size == 0:
        return _empty(len(keys)), _empty(len(columns))
    order = np.lexsort(tuple(reversed(keys)))
    ordered = [key[order] for key in keys]
    first = np.ones(size, dtype=np.bool_)
    first[1:] = False
    for key in ordered:
        first[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(first)
    sums = [np.add.reduceat(column[order], starts) for column in columns]
    return np.stack([key[starts] for key in ordered], axis=1), np.stack(sums, axis=1)


def sums_by_flags(
    keys: Sequence[Int64Array], value: Int64Array, flags: FlagArray
) -> tuple[Int64Array, FlagArray, Int64Array, Int64Array]:
    """Group by ``keys`` and ``flags``; the keys, flags, totals and counts of the groups.

    A few calls on the long columns; what remains to be summed is short (see DamageEvents).
    """
    ones = np.ones(len(value), dtype=np.int64)
    groups, sums = group_sums([*keys, flags], [value, ones])
    return groups[:, :-1], groups[:, -1].astype(np.uint8), sums[:, 0], sums[:, 1]


def six_columns(
    value: Int64Array, flags: FlagArray, count: Int64Array | None = None
) -> list[Int64Array]:
    """The columns to sum, in the order of SIX, of events or of groups of ``count`` alike ones."""
    hits = np.ones(len(value), dtype=np.int64) if count is None else count
    crit = (flags & CRIT) != 0
    lucky = (flags & LUCKY) != 0
    return [value, hits, hits * crit, hits * lucky, value * crit, value * lucky]


def damage_skill_rows(damage: DamageEvents) -> list[tuple[int, ...]]:
    """Rows (attacker, defender, skill, the six sums, hp loss, shield loss), ascending by key."""
    keys, sums = group_sums(
        (damage.attacker_id, damage.defender_id, damage.skill_id),
        [*six_columns(damage.value, damage.flags), damage.hp_loss, damage.shield_loss],
    )
    return _rows(keys, sums)


def heal_skill_rows(heals: HealEvents) -> list[tuple[int, ...]]:
    """Rows (healer, target, skill, the six sums), ascending by key."""
    keys, sums = group_sums(
        (heals.healer_id, heals.target_id, heals.skill_id), six_columns(heals.value, heals.flags)
    )
    return _rows(keys, sums)


@dataclass(frozen=True, slots=True)
class Boss:
    """A boss of a fight; ``max_hp`` is the highest maximum seen, None where none was given."""

    monster_name: str
    hits: int
    total_damage: int
    max_hp: int | None
    is_defeated: bool


def bosses(damage: DamageEvents, defeated: Collection[str]) -> list[Boss]:
    """The named defenders of hits with ``is_boss``, by name."""
    marked = ((damage.flags & BOSS) != 0) & (damage.monster != NO_NAME)
    found = []
    for code in np.unique(damage.monster[marked]):
        hits = marked & (damage.monster == code)
        name = damage.monster_names[code]
        max_hp = int(damage.defender_max_hp[hits].max())
        found.append(
            Boss(
                monster_name=name,
                hits=int(hits.sum()),
                total_damage=int(damage.value[hits].sum()),
                max_hp=None if max_hp == UNKNOWN else max_hp,
                is_defeated=name in defeated,
            )
        )
    return sorted((boss for boss in found if boss.monster_name.strip()), key=_boss_name)


def active_times(damage: DamageEvents) -> dict[int, int]:
    """Active time in ms of each attacker: the gaps of at most 5 s between its hits, at least 1 s.

    An actor without a hit is not in the answer.
    """
    if not len(damage):
        return {}
    order = np.lexsort((damage.timestamp_ms, damage.attacker_id))
    attacker, time = damage.attacker_id[order], damage.timestamp_ms[order]
    gaps = np.zeros(len(time), dtype=np.int64)
    gaps[1:] = time[1:] - time[:-1]
    counted = np.zeros(len(time), dtype=np.bool_)
    counted[1:] = (attacker[1:] == attacker[:-1]) & (gaps[1:] <= ACTIVE_GAP_MS)
    keys, sums = group_sums([attacker], [gaps * counted])
    return {
        actor: max(total, LEAST_ACTIVE_MS)
        for (actor,), (total,) in zip(keys.tolist(), sums.tolist(), strict=True)
    }


def monster_names(damage: DamageEvents) -> dict[int, str]:
    """The name last given of each defender that was given one that is not blank."""
    names = np.array([bool(name.strip()) for name in damage.monster_names] + [False])
    named = np.flatnonzero(names[damage.monster]) if len(damage) else np.zeros(0, dtype=np.int64)
    backwards = named[::-1]
    defenders, last = np.unique(damage.defender_id[backwards], return_index=True)
    codes = damage.monster[backwards[last]]
    return {
        defender: damage.monster_names[code]
        for defender, code in zip(defenders.tolist(), codes.tolist(), strict=True)
        if defender != UNKNOWN
    }


def actor_ids(events: Events) -> set[int]:
    """Everyone who deals, heals, is hit or is healed in these events."""
    columns = (
        events.damage.attacker_id,
        events.damage.defender_id,
        events.heals.healer_id,
        events.heals.target_id,
    )
    return {int(actor) for column in columns for actor in np.unique(column)} - {UNKNOWN}


def last_time_ms(events: Events) -> int | None:
    """The latest timestamp, None without events."""
    latest = [
        int(times.max())
        for times in (events.damage.timestamp_ms, events.heals.timestamp_ms)
        if len(times)
    ]
    return max(latest, default=None)


def is_player(ids: Int64Array, players: Iterable[int]) -> NDArray[np.bool_]:
    """A mask of the ids that are players."""
    return np.isin(ids, np.fromiter(players, dtype=np.int64))


def _boss_name(boss: Boss) -> str:
    return boss.monster_name


def _empty(width: int) -> Int64Array:
    return np.zeros((0, width), dtype=np.int64)


def _rows(keys: Int64Array, sums: Int64Array) -> list[tuple[int, ...]]:
    return [(*key, *row) for key, row in zip(keys.tolist(), sums.tolist(), strict=True)]
