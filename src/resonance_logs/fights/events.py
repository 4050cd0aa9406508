"""The events of a fight as columns: the data of journal, tally and archive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
Int32Array = NDArray[np.int32]
FlagArray = NDArray[np.uint8]

CRIT: Final = 1
LUCKY: Final = 2
BOSS: Final = 4

UNKNOWN: Final = -(2**53)
"""Stands for a null actor or maximum; no task can contain it, as it exceeds all integers."""

UNKNOWN_SKILL: Final = -1
NO_NAME: Final = -1


class DamageColumn(IntEnum):
    """The rows of ``DamageEvents.numbers``."""

    TIMESTAMP_MS = 0
    ATTACKER_ID = 1
    DEFENDER_ID = 2
    SKILL_ID = 3
    VALUE = 4
    HP_LOSS = 5
    SHIELD_LOSS = 6
    DEFENDER_MAX_HP = 7


class HealColumn(IntEnum):
    """The rows of ``HealEvents.numbers``."""

    TIMESTAMP_MS = 0
    HEALER_ID = 1
    TARGET_ID = 2
    SKILL_ID = 3
    VALUE = 4


@dataclass(frozen=True, slots=True)
class DamageEvents:
    """Hits as columns, in the order they were enqueued.

    ``numbers`` has shape (8, hits), its rows as in DamageColumn: one array, because numpy releases
    the interpreter lock at every call, and getting it back may take 5 ms. ``defender_id`` and
    ``defender_max_hp`` hold UNKNOWN, ``skill_id`` UNKNOWN_SKILL for null; ``flags`` is a sum of
    CRIT, LUCKY and BOSS; ``monster`` holds indices into ``monster_names``, NO_NAME if the hit has
    none.
    """

    numbers: Int64Array
    flags: FlagArray
    monster: Int32Array
    monster_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.flags)

    @property
    def timestamp_ms(self) -> Int64Array:
        """Times, in epoch milliseconds."""
        return self._row(DamageColumn.TIMESTAMP_MS)

    @property
    def attacker_id(self) -> Int64Array:
        """Attackers."""
        return self._row(DamageColumn.ATTACKER_ID)

    @property
    def defender_id(self) -> Int64Array:
        """Defenders."""
        return self._row(DamageColumn.DEFENDER_ID)

    @property
    def skill_id(self) -> Int64Array:
        """Skills."""
        return self._row(DamageColumn.SKILL_ID)

    @property
    def value(self) -> Int64Array:
        """Amounts."""
        return self._row(DamageColumn.VALUE)

    @property
    def hp_loss(self) -> Int64Array:
        """Hit points lost."""
        return self._row(DamageColumn.HP_LOSS)

    @property
    def shield_loss(self) -> Int64Array:
        """Shield lost."""
        return self._row(DamageColumn.SHIELD_LOSS)

    @property
    def defender_max_hp(self) -> Int64Array:
        """The defender's maximum hit points."""
        return self._row(DamageColumn.DEFENDER_MAX_HP)

    def _row(self, column: DamageColumn) -> Int64Array:
        row: Int64Array = self.numbers[column]
        return row

    @classmethod
    def empty(cls) -> Self:
        """No hits."""
        none = np.zeros((len(DamageColumn), 0), dtype=np.int64)
        return cls(none, np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.int32), ())

    @classmethod
    def concatenate(cls, parts: Iterable[Self]) -> Self:
        """All parts joined, in order; equal monster names share one index."""
        parts = [part for part in parts if len(part)]
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        codes: dict[str, int] = {}
        monsters = []
        for part in parts:
            lookup = [codes.setdefault(name, len(codes)) for name in part.monster_names]
            # Index NO_NAME (-1) reads the last element.
            monsters.append(np.array([*lookup, NO_NAME], dtype=np.int32)[part.monster])
        return cls(
            np.concatenate([part.numbers for part in parts], axis=1),
            np.concatenate([part.flags for part in parts]),
            np.concatenate(monsters),
            tuple(codes),
        )

    def select(self, which: NDArray[np.bool_] | Int64Array | slice) -> Self:
        """The hits selected by a mask, an index array or a slice."""
        return type(self)(
            self.numbers[:, which], self.flags[which], self.monster[which], self.monster_names
        )


@dataclass(frozen=True, slots=True)
class HealEvents:
    """Heals as columns, rows as in HealColumn; sentinels and flags as in DamageEvents."""

    numbers: Int64Array
    flags: FlagArray

    def __len__(self) -> int:
        return len(self.flags)

    @property
    def timestamp_ms(self) -> Int64Array:
        """Times, in epoch milliseconds."""
        return self._row(HealColumn.TIMESTAMP_MS)

    @property
    def healer_id(self) -> Int64Array:
        """Healers."""
        return self._row(HealColumn.HEALER_ID)

    @property
    def target_id(self) -> Int64Array:
        """Targets."""
        return self._row(HealColumn.TARGET_ID)

    @property
    def skill_id(self) -> Int64Array:
        """Skills."""
        return self._row(HealColumn.SKILL_ID)

    @property
    def value(self) -> Int64Array:
        """Amounts."""
        return self._row(HealColumn.VALUE)

    def _row(self, column: HealColumn) -> Int64Array:
        row: Int64Array = self.numbers[column]
        return row

    @classmethod
    def empty(cls) -> Self:
        """No heals."""
        none = np.zeros((len(HealColumn), 0), dtype=np.int64)
        return cls(none, np.zeros(0, dtype=np.uint8))

    @classmethod
    def concatenate(cls, parts: Iterable[Self]) -> Self:
        """All parts joined, in order."""
        parts = [part for part in parts if len(part)]
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        return cls(
            np.concatenate([part.numbers for part in parts], axis=1),
            np.concatenate([part.flags for part in parts]),
        )

    def select(self, which: NDArray[np.bool_] | Int64Array | slice) -> Self:
        """The heals selected by a mask, an index array or a slice."""
        return type(self)(self.numbers[:, which], self.flags[which])


@dataclass(frozen=True, slots=True)
class Events:
    """All events of a fight, or of one batch of it."""

    damage: DamageEvents
    heals: HealEvents

    def __len__(self) -> int:
        return len(self.damage) + len(self.heals)

    @classmethod
    def empty(cls) -> Self:
        """No events."""
        return cls(DamageEvents.empty(), HealEvents.empty())

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All parts joined, in order within each kind."""
        return cls(
            DamageEvents.concatenate([part.damage for part in parts]),
            HealEvents.concatenate([part.heals for part in parts]),
        )

    def between(self, from_ms: int | None, to_ms: int | None) -> Self:
        """The events from ``from_ms`` (inclusive) to ``to_ms`` (exclusive), epoch ms; None: no
        bound.
        """
        if from_ms is None and to_ms is None:
            return self
        return type(self)(
            self.damage.select(_within(self.damage.timestamp_ms, from_ms, to_ms)),
            self.heals.select(_within(self.heals.timestamp_ms, from_ms, to_ms)),
        )


def _within(times: Int64Array, from_ms: int | None, to_ms: int | None) -> NDArray[np.bool_]:
    mask = np.ones(len(times), dtype=np.bool_)
    if from_ms is not None:
        mask &= times >= from_ms
    if to_ms is not None:
        mask &= times < to_ms
    return mask
