"""Events collected into columns: exact and strict, for any number of tasks."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resonance_logs.errors import InvalidTask
from resonance_logs.fights import events_from_tasks
from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.kinds.damage import BOSS, NO_NAME
from resonance_logs.fights.kinds.values import CRIT, LUCKY, UNKNOWN, UNKNOWN_SKILL
from resonance_logs.tasks import (
    MAX_AMOUNT,
    MAX_INTEGER,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
    check_task,
)
from tests.helpers.strategies import events


def told(tasks: Sequence[Task]) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Hits and heals of the tasks, with the sentinels for null."""
    hits: list[tuple[object, ...]] = []
    heals: list[tuple[object, ...]] = []
    for task in tasks:
        skill = UNKNOWN_SKILL if getattr(task, "skill_id", None) is None else task.skill_id  # type: ignore[union-attr]
        if isinstance(task, InsertDamageEvent):
            defender = UNKNOWN if task.defender_id is None else task.defender_id
            most = UNKNOWN if task.defender_max_hp is None else task.defender_max_hp
            flags = CRIT * task.is_crit + LUCKY * task.is_lucky + BOSS * task.is_boss
            numbers = (task.timestamp_ms, task.attacker_id, defender, skill, task.value)
            losses = (task.hp_loss, task.shield_loss, most)
            hits.append((*numbers, *losses, flags, task.monster_name))
        elif isinstance(task, InsertHealEvent):
            target = UNKNOWN if task.target_id is None else task.target_id
            flags = CRIT * task.is_crit + LUCKY * task.is_lucky
            heals.append((task.timestamp_ms, task.healer_id, target, skill, task.value, flags))
    return hits, heals


def collected(found: Events) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """The same from the columns."""
    names = [*found.damage.monster_names, None]
    assert NO_NAME == -1
    hits = [
        (*numbers, flags, names[monster])
        for numbers, flags, monster in zip(
            found.damage.numbers.T.tolist(),
            found.damage.flags.tolist(),
            found.damage.monster.tolist(),
            strict=True,
        )
    ]
    heals = [
        (*numbers, flags)
        for numbers, flags in zip(
            found.heals.numbers.T.tolist(), found.heals.flags.tolist(), strict=True
        )
    ]
    return hits, heals


@settings(deadline=None)
@given(st.lists(events(), max_size=40), st.integers(1, 12))
def test_the_columns_say_what_the_tasks_say_however_they_are_cut(
    tasks: list[Task], at_a_time: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events_from_tasks, "CHUNK_TASKS", at_a_time)
        assert collected(collect_events(tasks)) == told(tasks)


def test_tasks_that_are_no_events_are_passed_over() -> None:
    assert len(collect_events([UpsertEntity(entity_id=1, seen_at_ms=1)])) == 0
    assert len(collect_events([])) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": -1},
        {"value": MAX_AMOUNT + 1},
        {"value": 2.0},
        {"value": "9"},
        {"value": None},
        {"hp_loss": None},
        {"shield_loss": 2**70},
        {"timestamp_ms": MAX_INTEGER + 1},
        {"attacker_id": -MAX_INTEGER - 1},
        {"attacker_id": [1]},
        {"defender_id": UNKNOWN},
        {"defender_max_hp": UNKNOWN},
        {"skill_id": UNKNOWN},
        {"is_crit": None},
        {"is_crit": 2},
        {"is_lucky": "yes"},
        {"is_boss": -1},
        {"monster_name": 7},
        {"monster_name": ["Boss"]},
        {"monster_name": b"Boss"},
        {"monster_name": "\ud800"},
    ],
)
def test_a_wrong_field_is_refused_as_the_check_of_a_single_task_refuses_it(
    wrong: dict[str, Any],
) -> None:
    fields: dict[str, Any] = {"timestamp_ms": 1, "attacker_id": 2, "value": 3}
    task = InsertDamageEvent(**(fields | wrong))
    with pytest.raises(InvalidTask):
        check_task(task)
    with pytest.raises(InvalidTask):
        collect_events([InsertDamageEvent(**fields), task])


@pytest.mark.parametrize("wrong", [{"target_id": UNKNOWN}, {"healer_id": None}, {"is_lucky": 3}])
def test_a_wrong_field_of_a_heal_is_refused(wrong: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"timestamp_ms": 1, "healer_id": 2, "value": 3}
    with pytest.raises(InvalidTask):
        collect_events([InsertHealEvent(**(fields | wrong))])
