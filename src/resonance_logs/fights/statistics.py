"""Statistics of a fight other than its sums by skill: bosses, active times, names, actors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from resonance_logs.fights.arrays import Int64Array
from resonance_logs.fights.events import Events
from resonance_logs.fights.grouping import number_values
from resonance_logs.fights.kinds.damage import BOSS, DamageEvents
from resonance_logs.fights.kinds.values import UNKNOWN
from resonance_logs.fights.name_folding import fold_name

ACTIVE_GAP_MS: Final = 5_000
"""Longer pauses between two damage events are not active time (spec: Figures)."""

MIN_ACTIVE_MS: Final = 1_000

MAX_DISORDER_MS: Final = 2_000
"""Maximum disorder of events; if the time steps back further, the clock was set back."""


@dataclass(frozen=True, slots=True)
class Boss:
    """A boss of a fight; ``max_hp`` is the highest maximum seen, None if there was none."""

    monster_name: str
    hits: int
    total_damage: int
    max_hp: int | None
    is_defeated: bool


def boss_key(name: str) -> str:
    """The key of equal boss names: NFKC, case-folded, without surrounding blanks."""
    return fold_name(name).strip()


def bosses(damage: DamageEvents, defeated: Iterable[str]) -> list[Boss]:
    """The bosses of a fight, by name.

    A boss is a named defender of hits with ``is_boss``, or is in ``defeated``; the latter includes
    hits that name it without ``is_boss``, and may have none. Names that differ only in case,
    Unicode form or surrounding blanks are one boss, under the first of these names.
    """
    codes: dict[str, list[int]] = {}
    for code, name in enumerate(damage.monster_names):
        codes.setdefault(boss_key(name), []).append(code)
    codes.pop("", None)
    names = {key: name for name in reversed(list(defeated)) if (key := boss_key(name))}
    is_boss = (damage.flags & BOSS) != 0
    boss_codes = {*np.unique(damage.monster[is_boss]).tolist()}
    found = []
    for key in dict.fromkeys([*codes, *names]):
        own = codes.get(key, [])
        is_marked = not boss_codes.isdisjoint(own)
        if is_marked or key in names:
            hits = np.isin(damage.monster, np.array(own, dtype=np.int32))
            hits = hits & is_boss if is_marked else hits
            found.append(_boss(damage, hits, names.get(key, ""), is_defeated=key in names))
    return sorted(found, key=_boss_name)


def _boss(
    damage: DamageEvents, hits: NDArray[np.bool_], otherwise: str, *, is_defeated: bool
) -> Boss:
    """The boss of these hits, named as in its first hit; without hits ``otherwise``."""
    places = np.flatnonzero(hits)
    if not len(places):
        return Boss(otherwise, 0, 0, None, is_defeated)
    max_hp = int(damage.defender_max_hp[places].max())
    return Boss(
        monster_name=damage.monster_names[damage.monster[places[0]]],
        hits=len(places),
        total_damage=int(damage.value[places].sum()),
        max_hp=None if max_hp == UNKNOWN else max_hp,
        is_defeated=is_defeated,
    )


def active_times(damage: DamageEvents) -> dict[int, int]:
    """Active time of each attacker in ms: gaps of at most 5 s between its hits, at least 1 s.

    Hits on oneself do not count. Actors without a hit are not included.
    """
    to_oneself = damage.attacker_id == damage.defender_id
    if to_oneself.any():
        damage = damage.select(~to_oneself)
    if not len(damage):
        return {}
    actors, codes = number_values(damage.attacker_id)
    order = _by_actor_and_time(codes, damage.timestamp_ms)
    actor, time = codes[order], damage.timestamp_ms[order]
    gaps = np.diff(time)
    counted = (actor[1:] == actor[:-1]) & (gaps <= ACTIVE_GAP_MS)
    totals = np.zeros(len(actors), dtype=np.int64)
    np.add.at(totals, actor[1:][counted], gaps[counted])
    return dict(zip(actors.tolist(), np.maximum(totals, MIN_ACTIVE_MS).tolist(), strict=True))


def _by_actor_and_time(codes: Int64Array, time: Int64Array) -> Int64Array:
    if codes.max() < 2**16 and (time[1:] >= time[:-1]).all():
        # Recorders send events in order of time; small integers sort in one pass.
        return np.argsort(codes.astype(np.uint16), kind="stable")
    return np.lexsort((time, codes))


def monster_names(damage: DamageEvents) -> dict[int, str]:
    """The last name of each defender that is not blank."""
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


def clock_went_back(events: Events) -> bool:
    """Whether the time steps back by more than MAX_DISORDER_MS from one event to the next."""
    return any(
        len(times) > 1 and np.diff(times).min() < -MAX_DISORDER_MS for times in _times(events)
    )


def actor_ids(events: Events) -> set[int]:
    """Everyone who takes part in these events, on either side."""
    columns = [column for each in events.kinds if len(each) for column in each.actors()]
    return {int(actor) for column in columns for actor in np.unique(column)} - {UNKNOWN}


def first_time_ms(events: Events) -> int | None:
    """The earliest timestamp; None without events."""
    return min((int(times.min()) for times in _times(events)), default=None)


def last_time_ms(events: Events) -> int | None:
    """The latest timestamp; None without events."""
    return max((int(times.max()) for times in _times(events)), default=None)


def _times(events: Events) -> list[Int64Array]:
    return [each.timestamp_ms for each in events.kinds if len(each)]


def is_among(ids: Int64Array, wanted: Iterable[int]) -> NDArray[np.bool_]:
    """A mask of those ids that are wanted."""
    return np.isin(ids, np.fromiter(wanted, dtype=np.int64))


def _boss_name(boss: Boss) -> str:
    return boss.monster_name
