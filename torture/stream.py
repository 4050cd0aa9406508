"""A known stream of tasks: equal for equal seeds, in the recorder and in its judge."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Final, Self

from resonance_logs import (
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
)

FIRST_MS: Final = 1_750_000_000_000
APART_MS: Final = 10_000_000
"""From the begin of one fight to that of the next, so that its begin names a fight."""

PLAYERS: Final = tuple(range(1, 13))
MONSTERS: Final = {900: "Golem", 901: "Muku King", 902: "雷影のゴーレム", 903: None, 904: "Imp"}
BOSSES: Final = frozenset({900, 901, 902})
NAMES: Final = ("Aoi", "Bea", "Céline", "O'Neill", "Ísolde", "影", " ", None)


@dataclass(frozen=True)
class Stream:
    """A stream: its seed, the number of fights, and the number of events of each."""

    seed: int
    fights: int
    fewest: int
    most: int

    @classmethod
    def from_words(cls, words: list[str]) -> Self:
        """The stream that ``words`` names."""
        return cls(*map(int, words))

    def words(self) -> list[str]:
        """The stream as arguments of a command line."""
        return [str(each) for each in astuple(self)]

    def tasks(self) -> list[Task]:
        """All tasks of the stream."""
        dice = random.Random(self.seed)
        return [task for number in range(self.fights) for task in _fight(dice, number, self)]


def _fight(dice: random.Random, number: int, stream: Stream) -> Iterator[Task]:
    """One fight from its strays to its end, sometimes with a superfluous task."""
    start = FIRST_MS + APART_MS * number
    party = dice.sample(PLAYERS, dice.randint(1, len(PLAYERS)))
    yield from (make_upsert(dice, player, start) for player in party)
    for _ in range(dice.choice((0, 0, 3))):
        yield make_event(dice, start + dice.randint(0, 900), party)
    yield make_begin(dice, start, party)
    at = start
    for _ in range(dice.randint(stream.fewest, stream.most)):
        at += dice.choice((0, 0, 1, 20, 300, 7_000 if dice.random() < 0.01 else 5))
        yield make_event(dice, step_back(dice, at), party)
        if dice.random() < 0.02:
            yield make_upsert(dice, dice.choice(PLAYERS), at)
    if dice.random() < 0.1:
        yield BeginEncounter(started_at_ms=at)
    yield make_end(dice, start, at)
    if dice.random() < 0.1:
        yield EndEncounter(ended_at_ms=at)


def step_back(dice: random.Random, at: int) -> int:
    """Usually the time; clocks of games sometimes step back."""
    return at - dice.randint(1, 5_000) if dice.random() < 0.03 else at


def make_begin(dice: random.Random, start: int, party: list[int]) -> Task:
    """A begin, with or without a local player and a scene."""
    return BeginEncounter(
        started_at_ms=start,
        local_player_id=dice.choice((None, *party)),
        scene_id=dice.choice((None, 8, 9)),
        scene_name=dice.choice((None, "Tina's Court", "Tower of Echoes")),
    )


def make_end(dice: random.Random, start: int, at: int) -> Task:
    """The end; one in ten names a time before the begin."""
    ended = start - 5_000 if dice.random() < 0.1 else at + dice.randint(0, 3_000)
    defeated = dice.choice((None, ["Golem"], ["Golem", "Muku King"], ["Nobody"]))
    return EndEncounter(ended_at_ms=ended, defeated_bosses=defeated)


def make_upsert(dice: random.Random, player: int, at: int) -> UpsertEntity:
    """An update of a player, of whom some things are unknown."""
    return UpsertEntity(
        entity_id=player,
        seen_at_ms=at,
        name=dice.choice(NAMES),
        class_id=dice.choice((None, 0, 1, 2, 4)),
        class_spec=dice.choice((None, 1, 2)),
        ability_score=dice.choice((None, dice.randint(1, 30_000))),
        level=dice.choice((None, 59, 60)),
        attributes=dice.choice((None, None, '{"crit": 0.25}')),
    )


def make_event(dice: random.Random, at: int, party: list[int]) -> Task:
    """A heal, a hit on a monster, or a hit of one."""
    kind = dice.random()
    if kind < 0.15:
        return InsertHealEvent(
            timestamp_ms=at,
            healer_id=dice.choice(party),
            value=dice.randint(0, 90_000),
            target_id=dice.choice((None, *party)),
            skill_id=dice.choice((None, 31, 32)),
            is_crit=dice.random() < 0.3,
            is_lucky=dice.random() < 0.1,
        )
    monster, player = dice.choice(tuple(MONSTERS)), dice.choice(party)
    return _taken(dice, at, monster, player) if kind < 0.3 else _dealt(dice, at, player, monster)


def _dealt(dice: random.Random, at: int, player: int, monster: int) -> Task:
    value = dice.randint(0, 2_000_000)
    return InsertDamageEvent(
        timestamp_ms=at,
        attacker_id=player,
        value=value,
        defender_id=dice.choice((None, *[monster] * 20)),
        monster_name=MONSTERS[monster],
        skill_id=dice.choice((None, 5, 6, 7, 1_714)),
        is_crit=dice.random() < 0.3,
        is_lucky=dice.random() < 0.1,
        hp_loss=value // 3,
        shield_loss=value // 7,
        defender_max_hp=dice.choice((None, 50_000_000)),
        is_boss=monster in BOSSES,
    )


def _taken(dice: random.Random, at: int, monster: int, player: int) -> Task:
    return InsertDamageEvent(
        timestamp_ms=at,
        attacker_id=monster,
        value=dice.randint(0, 50_000),
        defender_id=player,
        skill_id=dice.choice((None, 99)),
        is_crit=dice.random() < 0.1,
        is_lucky=dice.random() < 0.1,
        hp_loss=dice.randint(0, 50_000),
    )
