"""One fight: its summary, its actors; the fight being recorded."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, Final, TypeVar

import msgspec
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from sqlalchemy import Connection, Row, bindparam, select

from resonance_logs.commands.formulas import ratio, seconds
from resonance_logs.commands.models import (
    Arguments,
    EncounterArguments,
    NoArguments,
    RecorderName,
    Shape,
)
from resonance_logs.commands.registry import command
from resonance_logs.errors import DamagedDatabase, InvalidArgument, NotFound
from resonance_logs.store import marks
from resonance_logs.store.checksums import (
    CHECKED,
    FINGERPRINTED,
    FINGERPRINTED_LATER,
    IDENTIFIED,
    checksum,
    is_row_intact,
    stored_rows,
)
from resonance_logs.store.fight_lists import is_list_valid
from resonance_logs.store.schema import actor_encounter_stats, encounters
from resonance_logs.store.sqlite.connections import Store


class LiveArguments(Arguments):
    """A recorder."""

    recorder: RecorderName | None = Field(
        default=None, description="Its name; null: whichever began a fight last."
    )


class BossSummary(Shape):
    """A boss in a list of fights; ``max_hp`` is null if no hit reported it."""

    monster_name: str
    max_hp: int | None
    is_defeated: bool


class PlayerSummary(Shape):
    """A player in a list of fights; ``name`` is ``#<id>`` if unknown."""

    name: str
    class_id: int | None
    is_local_player: bool


class ActorEncounterStat(Shape):
    """One actor's statistics in one fight.

    ``dps`` is damage per second of the fight, ``active_dps`` per second of ``active_time_ms``. Each
    counter exists four times: dealt, heal, taken (from non-players), and dealt to bosses.
    """

    encounter_id: int
    actor_id: int
    name: str | None
    class_id: int | None
    class_spec: int | None
    ability_score: int | None
    level: int | None
    is_player: bool
    is_local_player: bool
    dps: float
    active_time_ms: int
    active_dps: float
    damage_dealt: int
    hits_dealt: int
    crit_hits_dealt: int
    lucky_hits_dealt: int
    crit_total_dealt: int
    lucky_total_dealt: int
    heal_dealt: int
    hits_heal: int
    crit_hits_heal: int
    lucky_hits_heal: int
    crit_total_heal: int
    lucky_total_heal: int
    damage_taken: int
    hits_taken: int
    crit_hits_taken: int
    lucky_hits_taken: int
    crit_total_taken: int
    lucky_total_taken: int
    boss_damage_dealt: int
    boss_hits_dealt: int
    boss_crit_hits_dealt: int
    boss_lucky_hits_dealt: int
    boss_crit_total_dealt: int
    boss_lucky_total_dealt: int


class EncounterSummary(Shape):
    """A fight; ``duration`` in seconds; ``ended_at_ms`` is null while it is being recorded.

    ``recorder`` is the name of the recorder that sent it, ``game`` the id of the game.

    ``dps`` is ``total_dmg`` per second of the fight; ``note`` and ``tags`` are set by users.

    ``actors`` are its players, most damage first; empty in lists. ``was_interrupted``: the
    recorder stopped before the fight's end came; ``rejected_events`` were wrong and set aside,
    ``lost_events`` damaged on disk; ``is_damaged``: what is shown here is not what was written;
    ``is_complete`` is true where it is none of these. ``clock_jumped``: the clock was set back
    while the fight went on, so that its times are not exact. ``unknown_dmg`` is the damage dealt to
    monsters by attackers that are neither players nor named monsters, which is not in
    ``total_dmg``; null where it is not known.
    """

    id: int
    recorder: str
    game: str
    started_at_ms: int
    ended_at_ms: int | None
    duration: float
    total_dmg: int
    total_heal: int
    dps: float
    scene_id: int | None
    scene_name: str | None
    is_favorite: bool
    note: str | None
    tags: list[str]
    bosses: list[BossSummary]
    players: list[PlayerSummary]
    actors: list[ActorEncounterStat]
    was_interrupted: bool
    rejected_events: int
    lost_events: int
    clock_jumped: bool
    unknown_dmg: int | None
    is_damaged: bool
    is_complete: bool


SUMMARY_COLUMNS: Final = tuple(
    encounters.c[name]
    for name in (
        "id",
        *marks.COLUMNS,
        *FINGERPRINTED,
        *FINGERPRINTED_LATER,
        *IDENTIFIED,
        "fingerprint",
        *CHECKED,
    )
)

_one: Final = select(*SUMMARY_COLUMNS).where(encounters.c.id == bindparam("id"))

_open: Final = (
    select(*SUMMARY_COLUMNS)
    .where(encounters.c.ended_at_ms.is_(None))
    .order_by(encounters.c.id.desc())
)

_ACTOR_COLUMNS: Final = tuple(column.name for column in actor_encounter_stats.c)[1:]
_Named = TypeVar("_Named", BossSummary, PlayerSummary)

_WIRE: Final = {name: to_camel(name) for name in EncounterSummary.model_fields}

_summary: Final = TypeAdapter(EncounterSummary)

_PLAIN: Final = tuple(
    name
    for name in EncounterSummary.model_fields
    if name in encounters.c and name not in ("bosses", "players")
)
"""The columns of a fight's row that are fields of its summary, too."""

_read_plain: Final = itemgetter(*_PLAIN)

_bosses: Final = TypeAdapter(list[BossSummary])
_players: Final = TypeAdapter(list[PlayerSummary])
_actors: Final = TypeAdapter(list[ActorEncounterStat])


@command(is_quick=True)
def get_encounter_by_id(store: Store, arguments: EncounterArguments) -> EncounterSummary:
    """One fight with its players, most damage first; an open fight as it is so far."""
    with store.read_transaction() as connection:
        return _with_players(connection, find_encounter(connection, arguments.encounter_id))


@command(is_quick=True)
def get_encounter_actor_stats(
    store: Store, arguments: EncounterArguments
) -> list[ActorEncounterStat]:
    """Statistics of every player and monster in a fight, most damage first."""
    with store.read_transaction() as connection:
        row = find_encounter(connection, arguments.encounter_id)
        return read_actors(connection, row)


@command(is_quick=True)
def get_live_encounter(store: Store, arguments: LiveArguments) -> EncounterSummary | None:
    """The fight being recorded, or of several the one that began last; or null."""
    statement = _open.limit(1)
    if arguments.recorder is not None:
        statement = statement.where(encounters.c.recorder == arguments.recorder)
    with store.read_transaction() as connection:
        row = connection.execute(statement).one_or_none()
        return None if row is None else _with_players(connection, row)


@command(is_quick=True)
def get_live_encounters(store: Store, _arguments: NoArguments) -> list[EncounterSummary]:
    """All fights being recorded, as they are so far, the one that began last first."""
    with store.read_transaction() as connection:
        return [_with_players(connection, row) for row in connection.execute(_open).all()]


def find_encounter(connection: Connection, encounter_id: int) -> Row[Any]:
    """Find the fight's row.

    Raises:
        NotFound: there is no such fight.
    """
    row = connection.execute(_one, {"id": encounter_id}).one_or_none()
    if row is None:
        raise NotFound(f"there is no fight {encounter_id}")
    return row


def check_ended(connection: Connection, ids: Iterable[int], *, argument: str) -> None:
    """Check that these fights exist and have ended.

    Raises:
        NotFound: one of them does not exist.
        InvalidArgument: one of them is still being recorded; names the argument.
    """
    wanted = list(ids)
    statement = select(encounters.c.id, encounters.c.ended_at_ms).where(encounters.c.id.in_(wanted))
    ends = {row.id: row.ended_at_ms for row in connection.execute(statement)}
    unknown = [each for each in wanted if each not in ends]
    if unknown:
        raise NotFound(f"there is no fight {_numbers(unknown)}")
    still_open = [each for each in wanted if ends[each] is None]
    if still_open:
        raise InvalidArgument(argument, f"fight {_numbers(still_open)} is still being recorded")


def summary(row: Row[Any], actors: list[ActorEncounterStat]) -> EncounterSummary:
    """The fight as the commands show it.

    The names in an ended fight's row are final; for the open fight they come from its actors.
    """
    players = _listed(_players, row.players)
    return EncounterSummary(
        **_plain(row),
        bosses=_listed(_bosses, row.bosses),
        players=players if row.ended_at_ms is not None else [_in_list(each) for each in actors],
        actors=actors,
    )


def summary_json(row: Row[Any]) -> bytes:
    """The summary of an ended fight, without its actors, as JSON.

    The lists in a row are JSON already; they are inserted as they are if they are valid.
    """
    plain = _plain(row)
    are_valid = is_list_valid("bosses", row.bosses) and is_list_valid("players", row.players)
    if row.fingerprint is None or plain["is_damaged"] or not are_valid:
        return _summary.dump_json(summary(row, []), by_alias=True)
    fields = {_WIRE[name]: value for name, value in plain.items()}
    fields["bosses"] = msgspec.Raw(row.bosses.encode())
    fields["players"] = msgspec.Raw(row.players.encode())
    return msgspec.json.encode(fields | {"actors": []})


def _plain(row: Row[Any]) -> dict[str, Any]:
    """The part of a summary that is in the row itself."""
    mapping = row._mapping
    values = dict(zip(_PLAIN, _read_plain(mapping), strict=True))
    is_damaged = row.ended_at_ms is not None and not is_row_intact(mapping)  # type: ignore[arg-type]
    is_interrupted = bool(values["was_interrupted"])
    is_whole = not (
        is_damaged or is_interrupted or values["rejected_events"] or values["lost_events"]
    )
    duration = seconds(row.duration_ms)
    return values | {
        "duration": duration,
        "dps": values["total_dmg"] / duration,
        "is_favorite": bool(values["is_favorite"]),
        "tags": marks.read_tags(values["tags"]),
        "was_interrupted": is_interrupted,
        "clock_jumped": bool(values["clock_jumped"]),
        "is_damaged": is_damaged,
        "is_complete": is_whole,
    }


def read_actors(connection: Connection, encounter: Row[Any]) -> list[ActorEncounterStat]:
    """All actors of a fight, most damage first, then by id.

    Raises:
        DamagedDatabase: the rows do not match their checksum.
    """
    duration = seconds(encounter.duration_ms)
    values = [
        _with_rates(
            dict(zip(_ACTOR_COLUMNS, row, strict=True), encounter_id=encounter.id), duration
        )
        for row in figures(connection, encounter, "actors_checksum")
    ]
    actors = _actors.validate_python(values, by_alias=False, by_name=True)
    return sorted(actors, key=lambda actor: (-actor.damage_dealt, actor.actor_id))


def figures(connection: Connection, encounter: Row[Any], name: str) -> list[tuple[int, ...]]:
    """A fight's rows of a table with a checksum, sorted by key.

    Raises:
        DamagedDatabase: the rows do not match their checksum.
    """
    rows = stored_rows(connection, CHECKED[name], encounter.id)
    expected = getattr(encounter, name)
    if encounter.ended_at_ms is not None and expected not in (None, checksum(rows)):
        raise DamagedDatabase(
            f"fight {encounter.id} is damaged: its {CHECKED[name].name} do not match their "
            "checksum; run resonance-logs check for details, resonance-logs salvage to repair it"
        )
    return rows


def actor_stat(values: dict[str, Any], duration: float) -> ActorEncounterStat:
    """An actor's row with its rates; ``duration`` in seconds."""
    return ActorEncounterStat.model_validate(_with_rates(values, duration), by_name=True)


def _with_rates(values: dict[str, Any], duration: float) -> dict[str, Any]:
    damage, active_ms = values["damage_dealt"], values["active_time_ms"]
    return {
        **values,
        "dps": damage / duration,
        "active_dps": ratio(damage, active_ms / 1000),
    }


def _with_players(connection: Connection, row: Row[Any]) -> EncounterSummary:
    return summary(row, [actor for actor in read_actors(connection, row) if actor.is_player])


def _listed(kind: TypeAdapter[list[_Named]], text: str) -> list[_Named]:
    """The list in a fight's row; empty if it is damaged."""
    try:
        return kind.validate_json(text, by_alias=True)
    except ValidationError:
        return []


def _in_list(actor: ActorEncounterStat) -> PlayerSummary:
    return PlayerSummary(
        name=actor.name or f"#{actor.actor_id}",
        class_id=actor.class_id,
        is_local_player=actor.is_local_player,
    )


def _numbers(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:10]))
    return shown if len(ids) <= 10 else f"{shown} and {len(ids) - 10:,} more"
