"""The single hits and heals of a fight as columns: what journal, tally and archive work on."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from resonance_logs.errors import InvalidTask
from resonance_logs.tasks import MAX_AMOUNT, MAX_INTEGER, InsertDamageEvent, InsertHealEvent

Int64Array = NDArray[np.int64]
Int32Array = NDArray[np.int32]
FlagArray = NDArray[np.uint8]

CRIT: Final = 1
LUCKY: Final = 2
BOSS: Final = 4

UNKNOWN: Final = -(2**53)
"""Stands for a null actor or maximum; no task can carry it, being past the range of integers."""

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
    """Hits as columns, in the order in which they were enqueued.

    ``numbers`` has shape (8, hits), its rows as in DamageColumn: one array, because numpy gives
    up the interpreter lock at every call, and each time may wait 5 ms to get it back.
    ``defender_id`` and ``defender_max_hp`` hold UNKNOWN, ``skill_id`` UNKNOWN_SKILL for null;
    ``flags`` is a sum of CRIT, LUCKY and BOSS; ``monster`` holds indices into ``monster_names``,
    NO_NAME where the hit names none.
    """

    numbers: Int64Array
    flags: FlagArray
    monster: Int32Array
    monster_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.flags)

    @property
    def timestamp_ms(self) -> Int64Array:
        """When, in epoch milliseconds."""
        return self._row(DamageColumn.TIMESTAMP_MS)

    @property
    def attacker_id(self) -> Int64Array:
        """Who hit."""
        return self._row(DamageColumn.ATTACKER_ID)

    @property
    def defender_id(self) -> Int64Array:
        """Who was hit."""
        return self._row(DamageColumn.DEFENDER_ID)

    @property
    def skill_id(self) -> Int64Array:
        """With what."""
        return self._row(DamageColumn.SKILL_ID)

    @property
    def value(self) -> Int64Array:
        """How hard."""
        return self._row(DamageColumn.VALUE)

    @property
    def hp_loss(self) -> Int64Array:
        """Hit points lost to it."""
        return self._row(DamageColumn.HP_LOSS)

    @property
    def shield_loss(self) -> Int64Array:
        """Shield lost to it."""
        return self._row(DamageColumn.SHIELD_LOSS)

    @property
    def defender_max_hp(self) -> Int64Array:
        """The most hit points the defender can have."""
        return self._row(DamageColumn.DEFENDER_MAX_HP)

    def _row(self, column: DamageColumn) -> Int64Array:
        row: Int64Array = self.numbers[column]
        return row

    @classmethod
    def empty(cls) -> Self:
        """No hits."""
        return cls.from_tasks(())

    @classmethod
    def from_tasks(cls, tasks: Sequence[InsertDamageEvent]) -> Self:
        """Columns of these tasks.

        Raises:
            InvalidTask: a field of one of them has a wrong type or is out of range.
        """
        # One comprehension a column: twice as fast as one tuple a task, turned around by zip.
        defenders = [task.defender_id for task in tasks]
        maxima = [task.defender_max_hp for task in tasks]
        numbers = _numbers(
            [
                [task.timestamp_ms for task in tasks],
                [task.attacker_id for task in tasks],
                _or_else(defenders, UNKNOWN),
                _or_else([task.skill_id for task in tasks], UNKNOWN_SKILL),
                [task.value for task in tasks],
                [task.hp_loss for task in tasks],
                [task.shield_loss for task in tasks],
                _or_else(maxima, UNKNOWN),
            ],
            _DAMAGE_LOWEST,
            _DAMAGE_HIGHEST,
            unknown=defenders.count(None) + maxima.count(None),
        )
        flags = _flags(
            [
                [task.is_crit for task in tasks],
                [task.is_lucky for task in tasks],
                [task.is_boss for task in tasks],
            ]
        )
        names = [task.monster_name for task in tasks]
        codes = {name: code for code, name in enumerate(_distinct_names(names))}
        return cls(numbers, flags, _codes(names, codes), tuple(codes))

    @classmethod
    def concatenate(cls, parts: Iterable[Self]) -> Self:
        """The hits of all parts, in order; equal monster names share one index."""
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
        """Those hits that a mask, an index array or a slice picks."""
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
        """When, in epoch milliseconds."""
        return self._row(HealColumn.TIMESTAMP_MS)

    @property
    def healer_id(self) -> Int64Array:
        """Who healed."""
        return self._row(HealColumn.HEALER_ID)

    @property
    def target_id(self) -> Int64Array:
        """Who was healed."""
        return self._row(HealColumn.TARGET_ID)

    @property
    def skill_id(self) -> Int64Array:
        """With what."""
        return self._row(HealColumn.SKILL_ID)

    @property
    def value(self) -> Int64Array:
        """How much."""
        return self._row(HealColumn.VALUE)

    def _row(self, column: HealColumn) -> Int64Array:
        row: Int64Array = self.numbers[column]
        return row

    @classmethod
    def empty(cls) -> Self:
        """No heals."""
        return cls.from_tasks(())

    @classmethod
    def from_tasks(cls, tasks: Sequence[InsertHealEvent]) -> Self:
        """Columns of these tasks.

        Raises:
            InvalidTask: a field of one of them has a wrong type or is out of range.
        """
        targets = [task.target_id for task in tasks]
        numbers = _numbers(
            [
                [task.timestamp_ms for task in tasks],
                [task.healer_id for task in tasks],
                _or_else(targets, UNKNOWN),
                _or_else([task.skill_id for task in tasks], UNKNOWN_SKILL),
                [task.value for task in tasks],
            ],
            _HEAL_LOWEST,
            _HEAL_HIGHEST,
            unknown=targets.count(None),
        )
        flags = _flags([[task.is_crit for task in tasks], [task.is_lucky for task in tasks]])
        return cls(numbers, flags)

    @classmethod
    def concatenate(cls, parts: Iterable[Self]) -> Self:
        """The heals of all parts, in order."""
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
        """Those heals that a mask, an index array or a slice picks."""
        return type(self)(self.numbers[:, which], self.flags[which])


@dataclass(frozen=True, slots=True)
class Events:
    """All single events of a fight, or of one batch of it."""

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
        """The events of all parts, in order within each kind."""
        return cls(
            DamageEvents.concatenate([part.damage for part in parts]),
            HealEvents.concatenate([part.heals for part in parts]),
        )

    def between(self, from_ms: int | None, to_ms: int | None) -> Self:
        """The events at or after ``from_ms`` and before ``to_ms`` (epoch ms; None is no bound)."""
        return type(self)(
            self.damage.select(_within(self.damage.timestamp_ms, from_ms, to_ms)),
            self.heals.select(_within(self.heals.timestamp_ms, from_ms, to_ms)),
        )


_DAMAGE_LOWEST: Final = [-MAX_INTEGER] * 2 + [UNKNOWN, -MAX_INTEGER, 0, 0, 0, UNKNOWN]
_DAMAGE_HIGHEST: Final = [MAX_INTEGER] * 4 + [MAX_AMOUNT] * 3 + [MAX_INTEGER]
_HEAL_LOWEST: Final = [-MAX_INTEGER] * 2 + [UNKNOWN, -MAX_INTEGER, 0]
_HEAL_HIGHEST: Final = [MAX_INTEGER] * 4 + [MAX_AMOUNT]


def _within(times: Int64Array, from_ms: int | None, to_ms: int | None) -> NDArray[np.bool_]:
    mask = np.ones(len(times), dtype=np.bool_)
    if from_ms is not None:
        mask &= times >= from_ms
    if to_ms is not None:
        mask &= times < to_ms
    return mask


def _or_else(items: list[int | None], missing: int) -> list[int]:
    """The items with ``missing`` in the place of each None."""
    if None not in items:
        return items  # type: ignore[return-value]
    return [missing if item is None else item for item in items]


def _numbers(
    columns: list[list[int]], lowest: list[int], highest: list[int], *, unknown: int
) -> Int64Array:
    """The columns as one array; ``unknown`` of their numbers stand for null, and no others may."""
    # array("q") takes whole numbers only; numpy would cut a float down without a word.
    flat = array("q")
    try:
        for column in columns:
            flat.fromlist(column)
    except (TypeError, OverflowError) as error:
        raise InvalidTask(str(error)) from error
    numbers = np.frombuffer(flat, dtype=np.int64).reshape(len(columns), -1)
    if numbers.size and (
        (numbers.min(axis=1) < lowest).any() or (numbers.max(axis=1) > highest).any()
    ):
        raise InvalidTask("an integer is out of range")
    if np.count_nonzero(numbers == UNKNOWN) != unknown:
        raise InvalidTask(f"expected integers from {-MAX_INTEGER} to {MAX_INTEGER}")
    return numbers


def _flags(columns: list[list[bool]]) -> FlagArray:
    """The bits of CRIT, LUCKY and BOSS, in this order."""
    try:
        flat = b"".join(map(bytes, columns))
    except (TypeError, ValueError) as error:
        raise InvalidTask(str(error)) from error
    bits = np.frombuffer(flat, dtype=np.uint8).reshape(len(columns), -1)
    if bits.size and bits.max() > 1:
        raise InvalidTask("expected true or false")
    packed: FlagArray = np.packbits(bits, axis=0, bitorder="little").reshape(-1)
    return packed


def _codes(names: Sequence[str | None], codes: dict[str, int]) -> Int32Array:
    if len(codes) == 1 and None not in names:
        return np.zeros(len(names), dtype=np.int32)
    lookup: dict[str | None, int] = dict(codes.items())
    lookup[None] = NO_NAME
    return np.array([lookup[name] for name in names], dtype=np.int32)


def _distinct_names(names: Iterable[str | None]) -> list[str]:
    try:
        distinct = [name for name in dict.fromkeys(names) if name is not None]
        for name in distinct:
            name.encode()
    except (AttributeError, TypeError, UnicodeError) as error:
        raise InvalidTask(f"monster_name: {error}") from error
    return distinct
