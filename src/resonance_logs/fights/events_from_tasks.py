"""Collect events from tasks into columns: every recorded hit passes through here."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

import numpy as np

from resonance_logs.errors import InvalidTask
from resonance_logs.fights.events import (
    NO_NAME,
    UNKNOWN,
    UNKNOWN_SKILL,
    DamageEvents,
    Events,
    FlagArray,
    HealEvents,
    Int64Array,
)
from resonance_logs.tasks import (
    MAX_AMOUNT,
    MAX_INTEGER,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
)

CHUNK_TASKS: Final = 4_000
"""Tasks processed at a time: about as many as fit the processor's cache."""

_REQUIRED: Final = None
_DAMAGE_MISSING: Final = (
    *(_REQUIRED, _REQUIRED, UNKNOWN, UNKNOWN_SKILL),
    *(_REQUIRED, _REQUIRED, _REQUIRED, UNKNOWN),
)
_DAMAGE_LOWEST: Final = [-MAX_INTEGER] * 2 + [UNKNOWN, -MAX_INTEGER, 0, 0, 0, UNKNOWN]
_DAMAGE_HIGHEST: Final = [MAX_INTEGER] * 4 + [MAX_AMOUNT] * 3 + [MAX_INTEGER]
_HEAL_MISSING: Final = (_REQUIRED, _REQUIRED, UNKNOWN, UNKNOWN_SKILL, _REQUIRED)
_HEAL_LOWEST: Final = [-MAX_INTEGER] * 2 + [UNKNOWN, -MAX_INTEGER, 0]
_HEAL_HIGHEST: Final = [MAX_INTEGER] * 4 + [MAX_AMOUNT]


def collect_events(tasks: Sequence[Task]) -> Events:
    """The damage and heal events of the tasks, in order.

    Raises:
        InvalidTask: a field has a wrong type or is out of range.
    """
    hits, heals = _Hits(), _Heals()
    try:
        for start in range(0, len(tasks), CHUNK_TASKS):
            part = tasks[start : start + CHUNK_TASKS]
            hits.add([task for task in part if type(task) is InsertDamageEvent])
            heals.add([task for task in part if type(task) is InsertHealEvent])
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise InvalidTask(str(error)) from error
    return Events(hits.events(), heals.events())


class _Hits:
    """Damage events, collected chunk by chunk."""

    def __init__(self) -> None:
        self._numbers = _Numbers(_DAMAGE_MISSING)
        self._flags = _Flags(3)
        self._codes: dict[str | None, int] = {None: NO_NAME}
        self._monsters = array("i")

    def add(self, tasks: list[InsertDamageEvent]) -> None:
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
                _check_name(name)
                codes[name] = len(codes) - 1
        self._monsters.fromlist([codes[name] for name in names])

    def events(self) -> DamageEvents:
        return DamageEvents(
            self._numbers.within(_DAMAGE_LOWEST, _DAMAGE_HIGHEST),
            self._flags.packed(),
            np.frombuffer(self._monsters, dtype=np.int32),
            tuple(name for name in self._codes if name is not None),
        )


class _Heals:
    """Heal events, collected chunk by chunk."""

    def __init__(self) -> None:
        self._numbers = _Numbers(_HEAL_MISSING)
        self._flags = _Flags(2)

    def add(self, tasks: list[InsertHealEvent]) -> None:
        self._numbers.add(
            [task.timestamp_ms for task in tasks],
            [task.healer_id for task in tasks],
            [task.target_id for task in tasks],
            [task.skill_id for task in tasks],
            [task.value for task in tasks],
        )
        self._flags.add([task.is_crit for task in tasks], [task.is_lucky for task in tasks])

    def events(self) -> HealEvents:
        numbers = self._numbers.within(_HEAL_LOWEST, _HEAL_HIGHEST)
        return HealEvents(numbers, self._flags.packed())


class _Numbers:
    """Integer columns; ``missing`` has the value for null of each nullable column.

    array("q") accepts only integers, whereas numpy would silently truncate floats; and it keeps the
    interpreter lock, which numpy releases at every call.
    """

    def __init__(self, missing: Sequence[int | None]) -> None:
        self._missing = missing
        self._columns = [array("q") for _ in missing]
        self._unknown = 0

    def add(self, *columns: Sequence[int | None]) -> None:
        for column, items, missing in zip(self._columns, columns, self._missing, strict=True):
            if missing is not _REQUIRED and None in items:
                if missing == UNKNOWN:
                    self._unknown += items.count(None)
                items = [missing if item is None else item for item in items]
            column.fromlist(items)  # type: ignore[arg-type]  # a None left is a TypeError

    def within(self, lowest: list[int], highest: list[int]) -> Int64Array:
        """All columns as one array, one row per column.

        Raises:
            InvalidTask: a number is out of range for its column.
        """
        numbers = np.frombuffer(b"".join(self._columns), dtype=np.int64)
        numbers = numbers.reshape(len(self._columns), -1)
        if numbers.size and (
            (numbers.min(axis=1) < lowest).any() or (numbers.max(axis=1) > highest).any()
        ):
            raise InvalidTask("an integer is out of range")
        if np.count_nonzero(numbers == UNKNOWN) != self._unknown:
            raise InvalidTask(f"expected integers from {-MAX_INTEGER} to {MAX_INTEGER}")
        return numbers


class _Flags:
    """Boolean columns, to be packed into the CRIT, LUCKY and BOSS bits."""

    def __init__(self, count: int) -> None:
        self._columns = [bytearray() for _ in range(count)]

    def add(self, *columns: list[bool]) -> None:
        for column, items in zip(self._columns, columns, strict=True):
            column += bytes(items)

    def packed(self) -> FlagArray:
        """One byte per event.

        Raises:
            InvalidTask: a value is a number other than 0 and 1.
        """
        bits = np.frombuffer(b"".join(self._columns), dtype=np.uint8)
        bits = bits.reshape(len(self._columns), -1)
        if bits.size and bits.max() > 1:
            raise InvalidTask("expected true or false")
        packed: FlagArray = np.packbits(bits, axis=0, bitorder="little").reshape(-1)
        return packed


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise InvalidTask(f"monster_name: expected text, got {name!r:.80}")
    name.encode()  # an unpaired surrogate cannot be stored
