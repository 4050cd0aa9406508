"""The streams of two recorders as lines: equal for equal dice, whoever sends them.

They have what a resumed recorder could get wrong: strays, players without a hit, updates that
repeat the last one, attackers whose names arrive after the end of the fight, and invalid lines.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from resonance_logs import InsertDamageEvent, Task, UpsertEntity
from resonance_logs.fights.identity import Identity
from resonance_logs.tasks import encode_task
from torture.stream import (
    FIRST_MS,
    PLAYERS,
    make_begin,
    make_end,
    make_event,
    make_upsert,
    step_back,
)

GAMES: Final = ("bpsr", "other-game")
SHARED: Final = frozenset({1, 2, 3})
"""Players whom two recorders of one game meet, and of whom both tell the same."""

FIRST_GUEST: Final = 10_000
IDS: Final = frozenset(
    {"entity_id", "attacker_id", "defender_id", "healer_id", "target_id", "local_player_id"}
)

INVALID: Final = (
    b"no JSON at all",
    b'{"type":"insert_nonsense","timestamp_ms":1}',
    b'{"type":"insert_damage_event","timestamp_ms":1}',
    b'{"type":"insert_heal_event","timestamp_ms":1,"healer_id":"x","value":2}',
    b'{"type":"end_encounter","ended_at_ms":17',
    b"null",
)
JUNK: Final = (b"\0\0\0", b'{"type":"insert_dam', b"\xef\xbb\xbf")


@dataclass(frozen=True)
class RecordedStream:
    """The stream of one recorder."""

    identity: Identity
    tasks: Sequence[Task]
    lines: Sequence[bytes]
    """Those of the tasks and invalid ones; each counts in the recorder's position."""


def make_streams(dice: random.Random, fights: int, most: int) -> tuple[RecordedStream, ...]:
    """The streams of two recorders, of one game or of two, of up to ``most`` events a fight."""
    is_same_game = dice.random() < 0.5
    streams = []
    for number, game in enumerate((GAMES[0], GAMES[not is_same_game])):
        tasks = list(_Writer(dice, fights, most).tasks())
        if is_same_game:
            tasks = [_told_alike(task) for task in tasks]
        if number:
            tasks = [_renumbered(task, _apart if is_same_game else _swapped) for task in tasks]
        lines = list(_lines(dice, tasks))
        streams.append(RecordedStream(Identity(f"recorder {number}/ä", game), tasks, lines))
    return tuple(streams)


class _Writer:
    """Makes the tasks of one stream."""

    def __init__(self, dice: random.Random, fights: int, most: int) -> None:
        self._dice = dice
        self._fights = fights
        self._most = most
        self._now = FIRST_MS

    def tasks(self) -> Iterator[Task]:
        yield from (make_upsert(self._dice, player, self._now) for player in sorted(SHARED))
        for number in range(self._fights):
            self._now += self._dice.choice((4_000, 30_000, 70_000, 10_000_000))
            yield from self._fight([FIRST_GUEST + 3 * number + each for each in range(3)])

    def _fight(self, guests: list[int]) -> Iterator[Task]:
        dice, start = self._dice, self._now
        party = dice.sample(PLAYERS, dice.randint(1, len(PLAYERS)))
        fighters = [*party, *guests[: dice.randint(0, 3)]]
        last = [make_upsert(dice, player, start) for player in party]
        yield from last
        for _ in range(dice.choice((0, 1, 4))):
            yield make_event(dice, start + dice.randint(-3_000, 900), fighters)
        yield make_begin(dice, start, party)
        for _ in range(dice.randint(0, self._most)):
            self._now += dice.choice((0, 0, 1, 20, 300))
            yield make_event(dice, step_back(dice, self._now), fighters)
            if dice.random() < 0.05:
                yield make_upsert(dice, dice.choice(PLAYERS), self._now)
            if dice.random() < 0.1:
                yield msgspec.structs.replace(dice.choice(last), seen_at_ms=self._now)
        yield make_end(dice, start, self._now)
        yield from self._after_end(fighters)

    def _after_end(self, fighters: list[int]) -> Iterator[Task]:
        """Names in time and too late, and events outside any fight."""
        dice, ended = self._dice, self._now
        for fighter in fighters:
            if dice.random() < 0.1:
                yield make_event(dice, self._now, fighters)
            if fighter >= FIRST_GUEST and dice.random() < 0.7:
                seen = ended + dice.choice((100, 3_000, 50_000, 59_999, 66_000))
                named = make_upsert(dice, fighter, seen)
                yield msgspec.structs.replace(named, name=dice.choice(("Guest", "客", None)))


def _told_alike(task: Task) -> Task:
    """The task, with constant values if it updates a player whom both recorders meet."""
    if not isinstance(task, UpsertEntity) or task.entity_id not in SHARED:
        return task
    name = f"Shared {task.entity_id}"
    return UpsertEntity(
        entity_id=task.entity_id, seen_at_ms=task.seen_at_ms, name=name, class_id=1, level=60
    )


def _apart(actor: int) -> int:
    """Another player of the same game, except for those who are shared and the monsters."""
    is_other = actor in PLAYERS and actor not in SHARED
    return actor + 100 if is_other else actor + 5_000 if actor >= FIRST_GUEST else actor


def _swapped(actor: int) -> int:
    """In another game: players have the ids of monsters, and monsters those of players."""
    return actor + 899 if actor in PLAYERS else actor - 899 if actor < FIRST_GUEST else actor


def _renumbered(task: Task, renumber: Callable[[int], int]) -> Task:
    values = {name: getattr(task, name) for name in IDS & set(task.__struct_fields__)}
    known = {name: renumber(value) for name, value in values.items() if value is not None}
    return msgspec.structs.replace(task, **known)


def _lines(dice: random.Random, tasks: Sequence[Task]) -> Iterator[bytes]:
    for task in tasks:
        while dice.random() < 0.04:
            yield dice.choice(INVALID) + b"\n"
        line = encode_task(task) + b"\n"
        if isinstance(task, InsertDamageEvent) and dice.random() < 0.02:
            line = dice.choice(JUNK) + line
        yield dice.choice((b"", b"", b"", b"\n")) + line
