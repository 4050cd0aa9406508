"""The five tasks and their JSON form, which is strict."""

import pytest
from hypothesis import given

from resonance_logs.errors import InvalidTask
from resonance_logs.tasks import (
    MAX_AMOUNT,
    MAX_INTEGER,
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
    check_task,
    decode_task,
    encode_task,
)
from tests.helpers.strategies import single_tasks

HIT = b'{"type":"insert_damage_event","timestamp_ms":1,"attacker_id":2,"value":3'


@given(single_tasks())
def test_a_task_comes_back_from_its_json_form_as_it_was(task: Task) -> None:
    assert decode_task(encode_task(task)) == task


@given(single_tasks())
def test_a_task_that_the_json_form_takes_passes_the_check(task: Task) -> None:
    check_task(task)


def test_optional_fields_may_be_left_out_or_null() -> None:
    bare = decode_task(HIT + b"}")
    assert bare == InsertDamageEvent(timestamp_ms=1, attacker_id=2, value=3)
    assert decode_task(HIT + b',"defender_id":null,"monster_name":null,"skill_id":null}') == bare


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "truncated"),
        (b"hello", "malformed"),
        (b"[]", "Expected `object`"),
        (b"{}", "missing required field `type`"),
        (b'{"type":"fly"}', "Invalid value 'fly'"),
        (b'{"type":"end_encounter"}', "missing required field `ended_at_ms`"),
        (b'{"type":"end_encounter","ended_at_ms":1,"oops":2}', "unknown field `oops`"),
        (b'{"type":"end_encounter","ended_at_ms":"1"}', "$.ended_at_ms"),
        (b'{"type":"end_encounter","ended_at_ms":1.5}', "$.ended_at_ms"),
        (b'{"type":"end_encounter","ended_at_ms":true}', "$.ended_at_ms"),
        (b'{"type":"end_encounter","ended_at_ms":null}', "$.ended_at_ms"),
        (b'{"type":"end_encounter","ended_at_ms":9007199254740992}', "$.ended_at_ms"),
        (b'{"type":"end_encounter","ended_at_ms":1,"defeated_bosses":[1]}', "$.defeated_bosses"),
        (HIT + b',"is_crit":1}', "$.is_crit"),
        (HIT + b',"hp_loss":null}', "$.hp_loss"),
        (HIT + b',"hp_loss":-1}', "$.hp_loss"),
        (HIT + b',"hp_loss":1000000000001}', "$.hp_loss"),
        (HIT + b',"monster_name":"\xff"}', "utf-8"),
        (HIT + b"} {}", "trailing"),
        (b"[" * 100_000, "Expected `object`"),
        (HIT + b"," + b"''" + b"}", "malformed"),
    ],
)
def test_a_wrong_line_is_refused_with_its_reason(line: bytes, reason: str) -> None:
    with pytest.raises(InvalidTask) as refusal:
        decode_task(line)
    assert reason.lower() in str(refusal.value).lower()


def test_the_largest_numbers_are_taken() -> None:
    for task in (
        InsertDamageEvent(
            timestamp_ms=MAX_INTEGER,
            attacker_id=-MAX_INTEGER,
            value=MAX_AMOUNT,
            hp_loss=MAX_AMOUNT,
            shield_loss=MAX_AMOUNT,
        ),
        BeginEncounter(started_at_ms=-MAX_INTEGER),
    ):
        check_task(task)
        assert decode_task(encode_task(task)) == task


@pytest.mark.parametrize(
    ("task", "field"),
    [
        (BeginEncounter(started_at_ms=1.5), "started_at_ms"),  # type: ignore[arg-type]
        (BeginEncounter(started_at_ms=0, scene_name=3), "scene_name"),  # type: ignore[arg-type]
        (EndEncounter(ended_at_ms=0, defeated_bosses="Boss"), "defeated_bosses"),  # type: ignore[arg-type]
        (UpsertEntity(entity_id=MAX_INTEGER + 1, seen_at_ms=0), "entity_id"),
        (InsertDamageEvent(timestamp_ms=0, attacker_id=0, value=-1), "value"),
        (InsertHealEvent(timestamp_ms=0, healer_id=0, value=MAX_AMOUNT + 1), "value"),
        (InsertHealEvent(timestamp_ms=0, healer_id=0, value=0, is_lucky=1), "is_lucky"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_field_of_a_task_made_in_python_is_named(task: Task, field: str) -> None:
    with pytest.raises(InvalidTask, match=field):
        check_task(task)


def test_what_is_not_a_task_fails_the_check() -> None:
    with pytest.raises(InvalidTask, match="expected a task, got dict"):
        check_task({"type": "end_encounter", "ended_at_ms": 1})
