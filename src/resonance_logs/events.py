"""The single hits and heals of a fight as columns: what journal, tally and archive work on."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
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

_damage_fields = attrgetter(
    "timestamp_ms",
    "attacker_id",
    "value",
    "hp_loss",
    "shield_loss",
    "defender_id",
    "skill_id",
    "defender_max_hp",
    "monster_name",
    "is_crit",
    "is_lucky",
    "is_boss",
)
_heal_fields = attrgetter(
    "timestamp_ms", "healer_id", "value", "target_id", "skill_id", "is_crit", "is_lucky"
)


@dataclass(frozen=True, slots=True)
class DamageEvents:
    """Hits as columns of one length, in the order in which they were enqueued.

    ``monster`` holds indices into ``monster_names``, NO_NAME where the hit names none;
    ``defender_id`` and ``defender_max_hp`` hold UNKNOWN, ``skill_id`` UNKNOWN_SKILL for null;
    ``flags`` is a sum of CRIT, LUCKY and BOSS.
    """

    timestamp_ms: Int64Array
    attacker_id: Int64Array
    defender_id: Int64Array
    skill_id: Int64Array
    value: Int64Array
    hp_loss: Int64Array
    shield_loss: Int64Array
    defender_max_hp: Int64Array
    flags: FlagArray
    monster: Int32Array
    monster_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.timestamp_ms)

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
        rows = zip(*map(_damage_fields, tasks), strict=True) if tasks else [()] * 12
        (time, attacker, value, hp, shield, defender, skill, max_hp, names, crit, lucky, boss) = rows
        codes = {name: code for code, name in enumerate(_distinct_names(names))}
        return cls(
            timestamp_ms=_integers(time),
            attacker_id=_integers(attacker),
            defender_id=_integers(_or_unknown(defender), known_only=False),
            skill_id=_integers([UNKNOWN_SKILL if s is None else s for s in skill]),
            value=_amounts(value),
            hp_loss=_amounts(hp),
            shield_loss=_amounts(shield),
            defender_max_hp=_integers(_or_unknown(max_hp), known_only=False),
            flags=_flags(crit) * CRIT + _flags(lucky) * LUCKY + _flags(boss) * BOSS,
            monster=np.array(
                [NO_NAME if name is None else codes[name] for name in names], dtype=np.int32
            ),
            monster_names=tuple(codes),
        )

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
            **{name: np.concatenate([getattr(p, name) for p in parts]) for name in _DAMAGE_COLUMNS},
            monster=np.concatenate(monsters),
            monster_names=tuple(codes),
        )

    def select(self, which: NDArray[np.bool_] | Int64Array | slice) -> Self:
        """Those hits that a mask, an index array or a slice picks."""
        return type(self)(
            **{name: getattr(self, name)[which] for name in _DAMAGE_COLUMNS},
            monster=self.monster[which],
            monster_names=self.monster_names,
        )


@dataclass(frozen=True, slots=True)
class HealEvents:
    """Heals as columns of one length; sentinels and flags as in DamageEvents."""

    timestamp_ms: Int64Array
    healer_id: Int64Array
    target_id: Int64Array
    skill_id: Int64Array
    value: Int64Array
    flags: FlagArray

    def __len__(self) -> int:
        return len(self.timestamp_ms)

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
        rows = zip(*map(_heal_fields, tasks), strict=True) if tasks else [()] * 7
        time, healer, value, target, skill, crit, lucky = rows
        return cls(
            timestamp_ms=_integers(time),
            healer_id=_integers(healer),
            target_id=_integers(_or_unknown(target), known_only=False),
            skill_id=_integers([UNKNOWN_SKILL if s is None else s for s in skill]),
            value=_amounts(value),
            flags=_flags(crit) * CRIT + _flags(lucky) * LUCKY,
        )

    @classmethod
    def concatenate(cls, parts: Iterable[Self]) -> Self:
        """The heals of all parts, in order."""
        parts = [part for part in parts if len(part)]
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        return cls(
            **{name: np.concatenate([getattr(p, name) for p in parts]) for name in _HEAL_COLUMNS}
        )

    def select(self, which: NDArray[np.bool_] | Int64Array | slice) -> Self:
        """Those heals that a mask, an index array or a slice picks."""
        return type(self)(**{name: getattr(self, name)[which] for name in _HEAL_COLUMNS})


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


_DAMAGE_COLUMNS: Final = (
    "timestamp_ms",
    "attacker_id",
    "defender_id",
    "skill_id",
    "value",
    "hp_loss",
    "shield_loss",
    "defender_max_hp",
    "flags",
)
_HEAL_COLUMNS: Final = ("timestamp_ms", "healer_id", "target_id", "skill_id", "value", "flags")


def _within(times: Int64Array, from_ms: int | None, to_ms: int | None) -> NDArray[np.bool_]:
    mask = np.ones(len(times), dtype=np.bool_)
    if from_ms is not None:
        mask &= times >= from_ms
    if to_ms is not None:
        mask &= times < to_ms
    return mask


def _or_unknown(column: Iterable[int | None]) -> list[int]:
    return [UNKNOWN if item is None else item for item in column]


def _column(items: Iterable[int]) -> Int64Array:
    # array("q") takes whole numbers only; numpy would cut a float down without a word.
    try:
        return np.frombuffer(array("q", items), dtype=np.int64)
    except (TypeError, OverflowError) as error:
        raise InvalidTask(str(error)) from error


def _bounded(column: Int64Array, lowest: int, highest: int) -> Int64Array:
    if len(column) and (column.min() < lowest or column.max() > highest):
        raise InvalidTask(f"expected integers from {lowest} to {highest}")
    return column


def _integers(items: Iterable[int], *, known_only: bool = True) -> Int64Array:
    return _bounded(_column(items), -MAX_INTEGER if known_only else UNKNOWN, MAX_INTEGER)


def _amounts(items: Iterable[int]) -> Int64Array:
    return _bounded(_column(items), 0, MAX_AMOUNT)


def _flags(items: Iterable[bool]) -> FlagArray:
    try:
        flags = np.frombuffer(bytes(items), dtype=np.uint8)
    except (TypeError, ValueError) as error:
        raise InvalidTask(str(error)) from error
    if len(flags) and flags.max() > 1:
        raise InvalidTask("expected true or false")
    return flags


def _distinct_names(names: Iterable[str | None]) -> list[str]:
    try:
        distinct = [name for name in dict.fromkeys(names) if name is not None]
        for name in distinct:
            name.encode()
    except (AttributeError, TypeError, UnicodeError) as error:
        raise InvalidTask(f"monster_name: {error}") from error
    return distinct
