"""Totals per time bucket."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

import numpy as np
from pydantic import Field, Strict
from sqlalchemy import Connection

from resonance_logs.commands.encounter import find_encounter
from resonance_logs.commands.models import (
    EncounterArguments,
    FromMs,
    Integer,
    Shape,
    Side,
    SkillType,
    ToMs,
)
from resonance_logs.commands.registry import command
from resonance_logs.commands.skill_names import skill_names
from resonance_logs.commands.time_range import Window
from resonance_logs.errors import InvalidArgument
from resonance_logs.fights.arrays import Int64Array
from resonance_logs.fights.kinds.values import UNKNOWN
from resonance_logs.fights.statistics import is_among
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.tasks import MAX_INTEGER

MAX_BUCKETS: Final = 10_000

MAX_LINES: Final = 1_000


class GroupBy(StrEnum):
    """What each line of a timeline stands for.

    ``actor``: who dealt or healed (for ``tanked``: who was hit); ``target``: the other side.
    """

    ACTOR = "actor"
    SKILL = "skill"
    TARGET = "target"


class TimelineArguments(EncounterArguments):
    """A timeline: what is summed, its lines and its buckets."""

    group_by: GroupBy = GroupBy.ACTOR
    kind: SkillType = SkillType.DPS
    actor_id: Integer | None = Field(default=None, description="Only what this actor did or took.")
    bucket_ms: Annotated[int, Strict(), Field(ge=1, le=MAX_INTEGER)] | None = None
    points: Annotated[int, Strict(), Field(ge=1, le=MAX_BUCKETS)] | None = Field(
        default=None, description="Maximum number of buckets."
    )
    from_ms: FromMs | None = None
    to_ms: ToMs | None = None
    side: Side = Field(default=Side.PLAYERS, description="The side, if no actor is given.")
    most: Annotated[int, Strict(), Field(ge=1, le=MAX_LINES)] | None = Field(
        default=None, description="Maximum number of lines; the others are summed up."
    )
    smooth_ms: Annotated[int, Strict(), Field(ge=0, le=MAX_INTEGER)] | None = Field(
        default=None,
        description="Also give rates per second, averaged over this many ms; 0: over each bucket.",
    )


class TimelineSeries(Shape):
    """One line of a timeline; ``id`` is null for hits on unknown targets.

    ``values`` are the bucket totals. ``rates``, null unless ``smoothMs`` is given, are totals per
    second within ``smoothMs`` (at least one bucket) around the middle of each bucket, clipped to
    the window; a bucket's total counts as evenly spread.
    """

    id: int | None
    name: str | None
    total: int
    values: list[int]
    rates: list[float] | None


class Timeline(Shape):
    """Totals per bucket of ``bucket_ms``, from ``from_ms`` after the fight's start, largest first.

    ``rest`` is the sum of the lines beyond ``most``; null if there are none.
    """

    bucket_ms: int
    from_ms: int
    buckets: int
    series: list[TimelineSeries]
    rest: TimelineSeries | None


MAX_VALUES: Final = 2_000_000

DEFAULT_POINTS: Final = 120
"""Maximum number of buckets if the caller gives none."""

_SECOND, _MINUTE = 1_000, 60_000
ROUND_WIDTHS_MS: Final = (
    *(100, 200, 500),
    *(_SECOND * count for count in (1, 2, 5, 10, 15, 30)),
    *(_MINUTE * count for count in (1, 2, 5, 10, 15, 30, 60)),
)


@dataclass(frozen=True, slots=True)
class _Amounts:
    """Amounts as columns of equal length: time, value, actor, skill, the other side."""

    time_ms: Int64Array
    value: Int64Array
    actor: Int64Array
    skill: Int64Array
    target: Int64Array

    def keys(self, group_by: GroupBy) -> Int64Array:
        """The keys of the timeline's lines."""
        return {
            GroupBy.ACTOR: self.actor,
            GroupBy.SKILL: self.skill,
            GroupBy.TARGET: self.target,
        }[group_by]


@command()
def get_encounter_timeline(store: Store, arguments: TimelineArguments) -> Timeline:
    """Totals per time bucket, one line per actor, skill or target, largest first.

    Without ``actor_id`` what all of a side did or took counts, with it what this actor did or took.
    The first bucket of a fight includes the events from before its start, the last one those at
    and after its end, so that the buckets of adjacent parts add up to those of the whole fight.

    Raises:
        InvalidArgument: both widths are given, or there would be more than 10,000 buckets.
        NotFound: there is no such fight, or its events are not stored.
    """
    with store.read_transaction() as connection:
        encounter = find_encounter(connection, arguments.encounter_id)
        window = Window.read(connection, encounter, arguments.from_ms, arguments.to_ms)
        span = window.to_ms - window.from_ms
        width = _width(arguments, span)
        ids, values = _lines(window, arguments, width, max(1, -(-span // width)))
        names = _names(connection, window, arguments.group_by, ids)
    totals = values.sum(axis=1).tolist()
    order = sorted(range(len(ids)), key=lambda line: (-totals[line], ids[line]))
    shown, others = order[: arguments.most], order[len(order[: arguments.most]) :]
    ends = np.minimum(np.arange(values.shape[1] + 1) * width, span)
    ends[-1] = span or 1_000

    def series(each: int | None, name: str | None, row: Int64Array) -> TimelineSeries:
        smooth = arguments.smooth_ms
        return TimelineSeries(
            id=each,
            name=name,
            total=int(row.sum()),
            values=row.tolist(),
            rates=None if smooth is None else _rates(row, ends, smooth),
        )

    return Timeline(
        bucket_ms=width,
        from_ms=window.from_ms,
        buckets=values.shape[1],
        series=[
            series(None if ids[line] == UNKNOWN else ids[line], names.get(ids[line]), values[line])
            for line in shown
        ],
        rest=series(None, None, values[others].sum(axis=0)) if others else None,
    )


def _lines(
    window: Window, arguments: TimelineArguments, width: int, buckets: int
) -> tuple[list[int], Int64Array]:
    """The keys of the lines, and their totals, of shape (lines, buckets)."""
    amounts = _select(_amounts(window, arguments.kind), window, arguments)
    ids, line = np.unique(amounts.keys(arguments.group_by), return_inverse=True)
    if len(ids) * buckets > MAX_VALUES:
        raise InvalidArgument(
            "bucketMs",
            f"would give {buckets:,} buckets for {len(ids):,} lines; use wider buckets, or one "
            "actor",
        )
    offsets = amounts.time_ms - (window.encounter.started_at_ms + window.from_ms)
    values = np.zeros((len(ids), buckets), dtype=np.int64)
    np.add.at(values, (line, np.clip(offsets // width, 0, buckets - 1)), amounts.value)
    return ids.tolist(), values


def _rates(row: Int64Array, ends: Int64Array, smooth_ms: int) -> list[float]:
    """Rates per second around the middle of each bucket; ``ends`` (ms) are the bucket boundaries.

    The running sum grows evenly within a bucket, so that any interval can be cut out of it.
    """
    widths = np.diff(ends)
    half = np.maximum(widths, smooth_ms) / 2
    middle = ends[:-1] + widths / 2
    first, last = np.maximum(middle - half, 0), np.minimum(middle + half, ends[-1])
    until = np.concatenate(([0], np.cumsum(row)))
    amount = np.interp(last, ends, until) - np.interp(first, ends, until)
    rates: list[float] = (1_000 * amount / (last - first)).tolist()
    return rates


def _amounts(window: Window, kind: SkillType) -> _Amounts:
    heals, damage = window.events.heals, window.events.damage
    if kind is SkillType.HEAL:
        return _Amounts(
            heals.timestamp_ms, heals.value, heals.healer_id, heals.skill_id, heals.target_id
        )
    to_oneself = damage.attacker_id == damage.defender_id
    if kind is SkillType.TANKED:
        players = window.players
        by_player, to_player = (
            is_among(ids, players) for ids in (damage.attacker_id, damage.defender_id)
        )
        damage = damage.select((by_player != to_player) | to_oneself)
        actor, target = damage.defender_id, damage.attacker_id
    else:
        damage = damage.select(~to_oneself)
        actor, target = damage.attacker_id, damage.defender_id
    return _Amounts(damage.timestamp_ms, damage.value, actor, damage.skill_id, target)


def _select(amounts: _Amounts, window: Window, arguments: TimelineArguments) -> _Amounts:
    players = arguments.side is Side.PLAYERS
    side = [actor.actor_id for actor in window.actors if actor.is_player == players]
    wanted = side if arguments.actor_id is None else [arguments.actor_id]
    mask = np.isin(amounts.actor, np.array(wanted, dtype=np.int64))
    return _Amounts(
        amounts.time_ms[mask],
        amounts.value[mask],
        amounts.actor[mask],
        amounts.skill[mask],
        amounts.target[mask],
    )


def _width(arguments: TimelineArguments, span: int) -> int:
    """The width of a bucket in ms."""
    if arguments.points is not None:
        if arguments.bucket_ms is not None:
            raise InvalidArgument("points", "give either bucketMs or points")
        return max(1, -(-span // arguments.points))
    if arguments.bucket_ms is not None:
        if span > arguments.bucket_ms * MAX_BUCKETS:
            raise InvalidArgument("bucketMs", f"would give more than {MAX_BUCKETS:,} buckets")
        return arguments.bucket_ms
    return round_width(span, DEFAULT_POINTS)


def round_width(span: int, points: int) -> int:
    """The smallest round width for which at most ``points`` buckets cover ``span``; all in ms."""
    for width in ROUND_WIDTHS_MS:
        if span <= width * points:
            return width
    return -(-span // points)


def _names(
    connection: Connection, window: Window, group_by: GroupBy, ids: list[int]
) -> dict[int, str]:
    if group_by is GroupBy.SKILL:
        return skill_names(connection, window.encounter.game, ids)
    return {actor.actor_id: actor.name for actor in window.actors if actor.name is not None}
