"""The five tasks: the only way to record.

A task is one write. Times are milliseconds since the Unix epoch (UTC). On the wire a task is one
JSON object, identified by ``type``; in Python it is one of these classes, created with keywords.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from resonance_logs.errors import InvalidTask

MAX_INTEGER: Final = 2**53 - 1
"""Integers are within ±MAX_INTEGER, so that every JSON reader represents them exactly."""

MAX_AMOUNT: Final = 10**12
"""Maximum of value, hp_loss and shield_loss, so that no sum overflows 64 bits."""

Integer = Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]


class BeginEncounter(
    msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, tag="begin_encounter"
):
    """Begins a fight. If one is already open, it is ignored, counted and logged."""

    started_at_ms: Integer
    local_player_id: Integer | None = None
    scene_id: Integer | None = None
    scene_name: str | None = None


class EndEncounter(
    msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, tag="end_encounter"
):
    """Ends the open fight; if none is open, it is ignored, counted and logged."""

    ended_at_ms: Integer
    defeated_bosses: list[str] | None = None


class UpsertEntity(
    msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, tag="upsert_entity"
):
    """Inserts or updates a player. Nulls, blank names and numbers not above 0 change nothing."""

    entity_id: Integer
    seen_at_ms: Integer
    name: str | None = None
    class_id: Integer | None = None
    class_spec: Integer | None = None
    ability_score: Integer | None = None
    level: Integer | None = None
    attributes: str | None = None


class InsertDamageEvent(
    msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, tag="insert_damage_event"
):
    """One hit in the open fight; monster_name, defender_max_hp, is_boss describe the defender."""

    timestamp_ms: Integer
    attacker_id: Integer
    value: Amount
    defender_id: Integer | None = None
    monster_name: str | None = None
    skill_id: Integer | None = None
    is_crit: bool = False
    is_lucky: bool = False
    hp_loss: Amount = 0
    shield_loss: Amount = 0
    defender_max_hp: Integer | None = None
    is_boss: bool = False


class InsertHealEvent(
    msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, tag="insert_heal_event"
):
    """One heal in the open fight."""

    timestamp_ms: Integer
    healer_id: Integer
    value: Amount
    target_id: Integer | None = None
    skill_id: Integer | None = None
    is_crit: bool = False
    is_lucky: bool = False


Task = BeginEncounter | EndEncounter | UpsertEntity | InsertDamageEvent | InsertHealEvent

TASK_TYPES: Final[frozenset[type]] = frozenset(
    {BeginEncounter, EndEncounter, UpsertEntity, InsertDamageEvent, InsertHealEvent}
)


class SkippedLine:
    """Stands for a line of a stream that holds no valid task; it only counts in the position."""

    __slots__ = ()


SKIPPED_LINE: Final = SkippedLine()

StreamItem = Task | SkippedLine
"""What counts in the position of a stream."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Task] = msgspec.json.Decoder(Task)


def decode_task(line: bytes | str) -> Task:
    """Decode one task from its JSON object.

    Raises:
        InvalidTask: with the reason, and the field if there is one.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidTask(str(error)) from error


def encode_task(task: Task) -> bytes:
    """Encode one task as its JSON object, with all fields, without a line end."""
    return _encoder.encode(task)


def check_task(task: object) -> None:
    """Raise InvalidTask, naming the field, unless ``task`` is a valid task.

    Tasks created in Python are not validated at creation, for speed.
    """
    if not isinstance(task, Task):
        raise InvalidTask(f"expected a task, got {type(task).__name__}")
    try:
        msgspec.json.encode(task)
        fields = msgspec.structs.asdict(task)
        msgspec.convert(fields | {"type": type(task).__struct_config__.tag}, Task)
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidTask(str(error)) from error
