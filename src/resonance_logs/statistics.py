"""What is told of a fight besides its sums by skill: bosses, active times, names, who was in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from resonance_logs.events import (
    BOSS,
    NO_NAME,
    UNKNOWN,
    DamageEvents,
    Events,
    Int64Array,
)
from resonance_logs.grouping import number_values

ACTIVE_GAP_MS: Final = 5_000
"""A longer pause between two damage events is not active time (spec: Figures)."""

LEAST_ACTIVE_MS: Final = 1_000


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
    actors, codes = number_values(damage.attacker_id)
    order = _by_actor_and_time(codes, damage.timestamp_ms)
    actor, time = codes[order], damage.timestamp_ms[order]
    gaps = np.diff(time)
    counted = (actor[1:] == actor[:-1]) & (gaps <= ACTIVE_GAP_MS)
    totals = np.zeros(len(actors), dtype=np.int64)
    np.add.at(totals, actor[1:][counted], gaps[counted])
    return dict(zip(actors.tolist(), np.maximum(totals, LEAST_ACTIVE_MS).tolist(), strict=True))


def _by_actor_and_time(codes: Int64Array, time: Int64Array) -> Int64Array:
    if codes.max() < 2**16 and (time[1:] >= time[:-1]).all():
        # As recorders send it: in order of time, and short numbers sort in one pass.
        return np.argsort(codes.astype(np.uint16), kind="stable")
    return np.lexsort((time, codes))


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


def first_time_ms(events: Events) -> int | None:
    """The earliest timestamp, None without events."""
    return min((int(times.min()) for times in _times(events)), default=None)


def last_time_ms(events: Events) -> int | None:
    """The latest timestamp, None without events."""
    return max((int(times.max()) for times in _times(events)), default=None)


def _times(events: Events) -> list[Int64Array]:
    both = (events.damage.timestamp_ms, events.heals.timestamp_ms)
    return [times for times in both if len(times)]


def is_player(ids: Int64Array, players: Iterable[int]) -> NDArray[np.bool_]:
    """A mask of the ids that are players."""
    return np.isin(ids, np.fromiter(players, dtype=np.int64))


def _boss_name(boss: Boss) -> str:
    return boss.monster_name
