"""Hypothesis strategies: sequences of tasks that reach the edge cases of the spec.

Ids come from one small pool, so that players, monsters, healers and targets overlap and the same
pair meets often; times are around the limits of 2, 5 and 0 seconds, and may go backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from hypothesis import strategies as st

from resonance_logs.tasks import (
    MAX_AMOUNT,
    MAX_INTEGER,
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
)

T0: Final = 1_700_000_000_000
"""The moment around which nearly everything happens."""

_COMMON_IDS: Final = (1, 2, 3, 4)
_ODD_IDS: Final = (0, -1, -2, MAX_INTEGER, -MAX_INTEGER)
_STEPS: Final = (-7000, -2001, -2000, -1999, -1, 0, 1, 999, 1000, 2000, 2001, 4999, 5000, 5001)
_EXTREMES: Final = (-MAX_INTEGER, -1, 0, 1, MAX_INTEGER)
_TIMES: Final = (*(T0 + a + b for a in _STEPS for b in _STEPS), *_EXTREMES * 5)
_AMOUNTS: Final = (0, 1, 2, 3, 10, 999, 12_345, MAX_AMOUNT - 1, MAX_AMOUNT)

ODD_NAMES: Final = (
    "",
    " \t\n",
    "Golem",
    "golem",
    "Golem ",
    "O'Neill",
    '"quoted"; DROP TABLE entities; --',
    "100%_done\\",
    "nul\x00inside",
    "\x00",
    "\x1b[31mred\r\n",
    "\u202egnihtemos\u202c",
    "\u200f",
    "\ufeffbom",
    "雷影のゴーレム",
    "👩‍👩‍👧‍👦🔥",
    "e\u0301 and é",
    "<script>alert(1)</script>",
    "long " * 50,
)
"""Names that must be stored and shown unchanged; the first two are blank."""

LONG_NAME: Final = "x" * 10_000
"""For tests of its own: Hypothesis warns (an error here) of examples above 30 kB."""


def ids() -> st.SearchStrategy[int]:
    """Ids of a small pool; sometimes 0, -1 (not a sentinel here) or a limit of the range."""
    return st.sampled_from(_COMMON_IDS * 3 + _ODD_IDS)


def times() -> st.SearchStrategy[int]:
    """Times near each other, in any order; sometimes a limit of the range."""
    return st.sampled_from(_TIMES)


def amounts() -> st.SearchStrategy[int]:
    """Amounts from 0 to the largest."""
    return st.sampled_from(_AMOUNTS)


def names() -> st.SearchStrategy[str]:
    """Odd names, and any text that can be written as UTF-8."""
    odd = st.sampled_from(ODD_NAMES)
    return st.one_of(odd, odd, odd, st.text(st.characters(codec="utf-8"), max_size=8))


def numbers() -> st.SearchStrategy[int]:
    """Numbers of a player: some unknown (not above 0), some large."""
    return st.sampled_from((1, 2, 3, 60, *_EXTREMES))


def skills() -> st.SearchStrategy[int]:
    """Skills; -1 stands for an unknown skill, 0 is an ordinary one."""
    return st.sampled_from((7, 8, 0, -1, MAX_INTEGER, -MAX_INTEGER))


def begins() -> st.SearchStrategy[Task]:
    return st.builds(
        BeginEncounter,
        started_at_ms=times(),
        local_player_id=st.none() | ids(),
        scene_id=st.none() | numbers(),
        scene_name=st.none() | names(),
    )


def ends() -> st.SearchStrategy[Task]:
    few = st.sampled_from((["Golem"], ["Golem", "Muku"], ["Muku", "Muku"]))
    return st.builds(
        EndEncounter,
        ended_at_ms=times(),
        defeated_bosses=st.none() | few | st.lists(monster_names(), max_size=3),
    )


def upserts() -> st.SearchStrategy[Task]:
    return st.builds(
        UpsertEntity,
        entity_id=ids(),
        seen_at_ms=times(),
        name=st.none() | names(),
        class_id=st.none() | numbers(),
        class_spec=st.none() | numbers(),
        ability_score=st.none() | numbers(),
        level=st.none() | numbers(),
        attributes=st.sampled_from((None, "", " ", "{}", '{"crit": 0.25}', "{")),
    )


def monster_names() -> st.SearchStrategy[str]:
    """Few names, so that hits on a boss and its defeat coincide; or an odd name."""
    return st.sampled_from(("Golem", "Muku") * 8 + ODD_NAMES)


def damage_events() -> st.SearchStrategy[Task]:
    return st.builds(
        InsertDamageEvent,
        timestamp_ms=times(),
        attacker_id=ids(),
        value=amounts(),
        defender_id=st.none() | ids(),
        monster_name=st.none() | monster_names(),
        skill_id=st.none() | skills(),
        is_crit=st.booleans(),
        is_lucky=st.booleans(),
        hp_loss=amounts(),
        shield_loss=amounts(),
        defender_max_hp=st.none() | numbers(),
        is_boss=st.booleans(),
    )


def heal_events() -> st.SearchStrategy[Task]:
    return st.builds(
        InsertHealEvent,
        timestamp_ms=times(),
        healer_id=ids(),
        value=amounts(),
        target_id=st.none() | ids(),
        skill_id=st.none() | skills(),
        is_crit=st.booleans(),
        is_lucky=st.booleans(),
    )


def events() -> st.SearchStrategy[Task]:
    """Hits, and half as many heals."""
    return st.one_of(damage_events(), damage_events(), heal_events())


def single_tasks() -> st.SearchStrategy[Task]:
    """Any one task."""
    return st.one_of(begins(), ends(), upserts(), damage_events(), heal_events())


@st.composite
def whole_fights(draw: st.DrawFn) -> list[Task]:
    """A fight from its strays to its end, with events just before and after its begin."""
    inside = st.lists(st.one_of(events(), events(), upserts()), max_size=10)
    return [
        *draw(st.lists(events(), max_size=3)),
        draw(begins()),
        *draw(inside),
        draw(ends()),
    ]


def tasks(max_parts: int = 6) -> st.SearchStrategy[list[Task]]:
    """Sequences of whole fights, of loose tasks in any order, and of both.

    Loose tasks cover what whole fights do not: a begin while a fight is open, an end with none,
    strays that no begin takes, a fight left open, a repeated task.
    """
    loose = st.lists(single_tasks(), max_size=8)
    repeated = st.builds(lambda task, times: [task] * times, single_tasks(), st.integers(2, 3))
    parts = st.lists(st.one_of(whole_fights(), loose, repeated), max_size=max_parts)
    return parts.map(lambda lists: [task for part in lists for task in part])


@st.composite
def cuts(draw: st.DrawFn, sequence: Sequence[Task]) -> list[list[Task]]:
    """The sequence, in order, split into non-empty batches of any size."""
    places = st.integers(1, len(sequence) - 1) if len(sequence) > 1 else st.nothing()
    middle = sorted(draw(st.sets(places)))
    borders = [0, *middle, len(sequence)]
    batches = [list(sequence[a:b]) for a, b in pairwise(borders)]
    return [batch for batch in batches if batch]


@st.composite
def tasks_in_batches(draw: st.DrawFn) -> list[list[Task]]:
    """A sequence of tasks, already cut into batches."""
    return draw(cuts(draw(tasks())))
