"""Simulate a raid night as tasks: seeded, realistic, of any size.

A party of mixed classes goes through scenes: packs of trash, then a boss until it is defeated. Hits
are critical, lucky, both or neither, and several share a millisecond; players die and do nothing
until they are revived; entity updates repeat, two per hit; the first hits of some fights arrive
before their begin. Real recorders send all of this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import Final

from resonance_logs.sources.simulation.fight import CRIT_CHANCE, LUCKY_CHANCE, Fight, Monster, Pull
from resonance_logs.sources.simulation.kits import skill_names
from resonance_logs.sources.simulation.party import ACTION_MS, Player, make_party
from resonance_logs.sources.simulation.scenes import SCENES, Scene
from resonance_logs.tasks import (
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
)

__all__ = ["Night", "simulate", "skill_names", "stream_time_ms"]

PLAYERS: Final = (5, 20)
FIGHTS: Final = (1, 100_000)
SECONDS: Final = (1, 86_400)
UPDATES: Final = (0, 10)


@dataclass(frozen=True, slots=True)
class Night:
    """What to simulate; equal nights give equal tasks.

    ``seconds`` is the approximate length of a boss fight (trash takes a quarter of it), ``updates``
    the number of entity updates per hit; ``attributes`` says whether players send theirs, 1 kB at
    the start of each fight.

    Raises:
        ValueError: a value is out of bounds; the message gives the bounds.
    """

    seed: int = 1
    players: int = 12
    fights: int = 8
    seconds: float = 180
    started_at_ms: int = 1_795_203_000_000
    updates: float = 2.0
    attributes: bool = True

    def __post_init__(self) -> None:
        for name, (minimum, maximum) in (
            ("players", PLAYERS),
            ("fights", FIGHTS),
            ("seconds", SECONDS),
            ("updates", UPDATES),
        ):
            if not minimum <= getattr(self, name) <= maximum:
                raise ValueError(
                    f"{name} must be {minimum:,} to {maximum:,}, not {getattr(self, name):,}"
                )


def simulate(night: Night) -> Iterator[Task]:
    """The night's tasks, one after another, in the order a recorder sends them."""
    random = Random(night.seed)
    party = make_party(random, night.players, attributes=night.attributes)
    now = night.started_at_ms
    pulls = _Pulls(random, party, night)
    for _ in range(night.fights):
        fight = Fight(random, party, pulls.next(now), night.updates)
        yield from fight.tasks()
        pulls.over(fight)
        now = fight.now + random.randrange(20_000, 120_000)
        yield from _between(random, party, fight.now, now, night.updates)


def stream_time_ms(task: Task) -> int:
    """When the task was sent, milliseconds since the Unix epoch."""
    match task:
        case BeginEncounter():
            return task.started_at_ms
        case EndEncounter():
            return task.ended_at_ms
        case UpsertEntity():
            return task.seen_at_ms
        case InsertDamageEvent() | InsertHealEvent():
            return task.timestamp_ms


def _between(
    random: Random, party: Sequence[Player], start_ms: int, end_ms: int, updates: float
) -> Iterator[Task]:
    """The updates that a recorder sends on the way to the next fight."""
    for at_ms in sorted(random.randrange(start_ms, end_ms) for _ in range(round(10 * updates))):
        yield random.choice(party).seen(at_ms)


class _Pulls:
    """The way through the scenes: trash, then a boss until it is defeated, again and again."""

    def __init__(self, random: Random, party: Sequence[Player], night: Night) -> None:
        self._random = random
        self._party = party
        self._length_ms = int(1_000 * night.seconds)
        self._stops = cycle(_stops())
        self._scene, self._boss = next(self._stops)
        self._tries = 0
        self._next_id = 900_001

    def next(self, started_at_ms: int) -> Pull:
        """The next fight's pull."""
        if self._boss is None:
            return self._pull(started_at_ms, self._pack(), self._length_ms // 4, None)
        # Each attempt goes better than the previous one; some bosses are killed at the first.
        is_lost = self._random.random() < 0.7 / (1 + self._tries)
        lost_after = int(self._length_ms * self._random.uniform(0.3, 0.8)) if is_lost else None
        boss = self._monster(self._boss, self._length_ms, is_boss=True)
        return self._pull(started_at_ms, (boss,), self._length_ms, lost_after)

    def over(self, fight: Fight) -> None:
        """Continue to the next stop, or repeat this one."""
        self._tries += 1
        if fight.is_won:
            self._scene, self._boss = next(self._stops)
            self._tries = 0

    def _pull(
        self,
        started_at_ms: int,
        monsters: tuple[Monster, ...],
        length_ms: int,
        lost_after_ms: int | None,
    ) -> Pull:
        self._next_id += 1_000_000  # room for the adds
        scene = self._scene
        adds = scene.trash if self._boss else ()
        return Pull(started_at_ms, scene.id, scene.name, monsters, adds, length_ms, lost_after_ms)

    def _pack(self) -> tuple[Monster, ...]:
        names = self._random.choices(self._scene.trash, k=self._random.randrange(3, 7))
        # Skills with several targets kill a pack faster than one monster with as much hp.
        share = int(self._length_ms / 4 / len(names) * 1.6)
        return tuple(self._monster(name, share, is_boss=False) for name in names)

    def _monster(self, name: str, length_ms: int, *, is_boss: bool) -> Monster:
        """A monster that the party kills in about this many milliseconds."""
        strength = sum(each.attack * each.kit.power() for each in self._party) / ACTION_MS
        strong = (1 + 0.8 * CRIT_CHANCE) * (1 + LUCKY_CHANCE)
        hp = max(1, int(strength * strong * length_ms * 0.9))
        self._next_id += 1
        attack = self._party[0].max_hp // (5 if is_boss else 20)
        every_ms = max(1, min(1_400, self._length_ms // 8))
        return Monster(self._next_id, name, hp, hp, is_boss, attack, every_ms)


def _stops() -> list[tuple[Scene, str | None]]:
    """Scene and boss, or None for a pack of trash."""
    return [(scene, stop) for scene in SCENES for boss in scene.bosses for stop in (None, boss)]
