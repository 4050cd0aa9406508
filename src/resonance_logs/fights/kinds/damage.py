"""Damage: one hit of an attacker on a defender, which may be a named monster."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from struct import Struct
from typing import ClassVar, Final, Self

import numpy as np

from resonance_logs.errors import InvalidTask
from resonance_logs.fights.arrays import Int32Array, Int64Array
from resonance_logs.fights.kinds.archive_section import (
    SectionReader,
    SectionWriter,
    check_limits,
    unzigzag,
    zigzag,
)
from resonance_logs.fights.kinds.gathering import Flags, Numbers, Ranges
from resonance_logs.fights.kinds.kind import EventColumns, Which, join_common
from resonance_logs.fights.kinds.sums import EventSums
from resonance_logs.fights.kinds.values import (
    AMOUNT,
    CRIT,
    INTEGER,
    INTEGER_OR_NULL,
    LUCKY,
    SKILL,
    Limits,
)
from resonance_logs.fights.text_limits import cut_name
from resonance_logs.tasks import MAX_AMOUNT, InsertDamageEvent

BOSS: Final = 4
"""The flag of a hit on a boss, beside CRIT and LUCKY."""

NO_NAME: Final = -1

_FLAGS: Final = Limits(0, CRIT | LUCKY | BOSS)
_DIFFERENCE: Final = Limits(0, 8 * MAX_AMOUNT)
_SHIELD_TAKES: Final = Struct("<B")


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


_COLUMNS: Final[Mapping[int, Limits]] = {
    DamageColumn.TIMESTAMP_MS: INTEGER,
    DamageColumn.ATTACKER_ID: INTEGER,
    DamageColumn.DEFENDER_ID: INTEGER_OR_NULL,
    DamageColumn.SKILL_ID: SKILL,
    DamageColumn.VALUE: AMOUNT,
    DamageColumn.HP_LOSS: AMOUNT,
    DamageColumn.SHIELD_LOSS: AMOUNT,
    DamageColumn.DEFENDER_MAX_HP: INTEGER_OR_NULL,
}

_RANGES: Final = Ranges(_COLUMNS)


@dataclass(frozen=True, slots=True)
class DamageEvents(EventColumns):
    """Hits as columns.

    ``defender_id`` and ``defender_max_hp`` hold UNKNOWN, ``skill_id`` UNKNOWN_SKILL for null;
    ``flags`` is a sum of CRIT, LUCKY and BOSS; ``monster`` holds indices into ``monster_names``,
    NO_NAME if the hit has none.
    """

    TASK: ClassVar[type] = InsertDamageEvent
    COLUMNS: ClassVar[Mapping[int, Limits]] = _COLUMNS
    ACTORS: ClassVar[tuple[int, ...]] = (DamageColumn.ATTACKER_ID, DamageColumn.DEFENDER_ID)
    IS_ALWAYS_KNOWN: ClassVar[bool] = True

    monster: Int32Array
    monster_names: tuple[str, ...]

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

    def sums(self) -> EventSums:
        """The hits summed by attacker, defender, skill and flags."""
        keys = (self.attacker_id, self.defender_id, self.skill_id)
        return EventSums.group(keys, self.flags, (self.value, self.hp_loss, self.shield_loss))

    @classmethod
    def _make_empty(cls) -> Self:
        none = np.zeros((len(DamageColumn), 0), dtype=np.int64)
        return cls(none, np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.int32), ())

    @classmethod
    def _join(cls, parts: Sequence[Self]) -> Self:
        """All parts joined; equal monster names share one index."""
        codes: dict[str, int] = {}
        monsters = []
        for part in parts:
            lookup = [codes.setdefault(name, len(codes)) for name in part.monster_names]
            # Index NO_NAME (-1) reads the last element.
            monsters.append(np.array([*lookup, NO_NAME], dtype=np.int32)[part.monster])
        return cls(*join_common(parts), np.concatenate(monsters), tuple(codes))

    def with_short_names(self) -> Self:
        """The hits with names that are not too long."""
        return replace(self, monster_names=tuple(map(cut_name, self.monster_names)))

    def select(self, which: Which) -> Self:
        """The hits selected by a mask, an index array or a slice."""
        return type(self)(
            self.numbers[:, which], self.flags[which], self.monster[which], self.monster_names
        )

    def freeze(self) -> None:
        """Make the arrays read-only."""
        for each in (self.numbers, self.flags, self.monster):
            each.setflags(write=False)

    @classmethod
    def gatherer(cls) -> DamageGatherer:
        """A new gatherer of hits."""
        return DamageGatherer()

    def write(self, section: SectionWriter) -> None:
        """Write all columns but the times."""
        section.names(self.monster_names)
        section.key(self.defender_id)
        section.column(self.monster.astype(np.int64))
        section.column(self.defender_max_hp, table=True)
        section.key(self.attacker_id)
        section.key(self.skill_id)
        section.key(self.flags.astype(np.int64))
        section.column(self.value)
        section.column(self.shield_loss)
        _write_losses(section, self)

    @classmethod
    def readers(cls) -> Sequence[Callable[[SectionReader, Int64Array], Self]]:
        """What reads each version of the section."""
        return (cls._read_v0,)

    @classmethod
    def _read_v0(cls, section: SectionReader, numbers: Int64Array) -> Self:
        names = section.names()
        monster = np.empty(section.count, dtype=np.int32)
        flags = np.empty(section.count, dtype=np.uint8)
        section.key(numbers[DamageColumn.DEFENDER_ID], INTEGER_OR_NULL)
        section.column(monster, Limits(NO_NAME, len(names) - 1))
        section.column(numbers[DamageColumn.DEFENDER_MAX_HP], INTEGER_OR_NULL)
        section.key(numbers[DamageColumn.ATTACKER_ID], INTEGER)
        section.key(numbers[DamageColumn.SKILL_ID], SKILL)
        section.key(flags, _FLAGS)
        section.column(numbers[DamageColumn.VALUE], AMOUNT)
        section.column(numbers[DamageColumn.SHIELD_LOSS], AMOUNT)
        _read_losses(section, numbers)
        return cls(numbers, flags, monster, names)


def _write_losses(section: SectionWriter, damage: DamageEvents) -> None:
    """Write hp_loss as its difference from the value, or from the value minus shield_loss."""
    plain = damage.value - damage.hp_loss
    shielded = plain - damage.shield_loss
    shield_takes = bool(np.count_nonzero(shielded) < np.count_nonzero(plain))
    section.pack(_SHIELD_TAKES, shield_takes)
    section.column(zigzag(shielded if shield_takes else plain))


def _read_losses(section: SectionReader, numbers: Int64Array) -> None:
    """Restore hp_loss in ``numbers`` from the value and shield_loss."""
    (shield_takes,) = section.unpack(_SHIELD_TAKES)
    losses = numbers[DamageColumn.HP_LOSS]
    section.column(losses, _DIFFERENCE)
    np.subtract(numbers[DamageColumn.VALUE], unzigzag(losses), out=losses)
    if shield_takes:
        losses -= numbers[DamageColumn.SHIELD_LOSS]
    check_limits(losses, AMOUNT)


class DamageGatherer:
    """Gathers hits, part by part."""

    def __init__(self) -> None:
        self._numbers = Numbers(_RANGES)
        self._flags = Flags(3)
        self._codes: dict[str | None, int] = {None: NO_NAME}
        self._names: dict[str, int] = {}
        self._monsters = array("i")

    def add(self, tasks: list[InsertDamageEvent]) -> None:
        """Add hits."""
        # One pass per field is twice as fast as one tuple per task, transposed by zip.
        self._numbers.add(
            [task.timestamp_ms for task in tasks],
            [task.attacker_id for task in tasks],
            [task.defender_id for task in tasks],
            [task.skill_id for task in tasks],
            [task.value for task in tasks],
            [task.hp_loss for task in tasks],
            [task.shield_loss for task in tasks],
            [task.defender_max_hp for task in tasks],
        )
        self._flags.add(
            [task.is_crit for task in tasks],
            [task.is_lucky for task in tasks],
            [task.is_boss for task in tasks],
        )
        self._add_names([task.monster_name for task in tasks])

    def _add_names(self, names: list[str | None]) -> None:
        codes = self._codes
        for name in dict.fromkeys(names):
            if name not in codes:
                short = _short_name(name)
                codes[name] = self._names.setdefault(short, len(self._names))
        self._monsters.fromlist([codes[name] for name in names])

    def columns(self) -> DamageEvents:
        """All hits added, as columns."""
        return DamageEvents(
            self._numbers.checked(),
            self._flags.packed(),
            np.frombuffer(self._monsters, dtype=np.int32),
            tuple(self._names),
        )


def _short_name(name: object) -> str:
    if not isinstance(name, str):
        raise InvalidTask(f"monster_name: expected text, got {name!r:.80}")
    name.encode()  # an unpaired surrogate cannot be stored
    return cut_name(name)
