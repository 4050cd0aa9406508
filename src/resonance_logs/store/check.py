"""Check ended fights: each against its checksums and its single events, and the filter index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Row, select

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.counters import COUNTER_NAMES
from resonance_logs.fights.event_sums import FightEventSums
from resonance_logs.fights.kinds.sums import EventSums
from resonance_logs.fights.tally import Tally
from resonance_logs.store import schema
from resonance_logs.store.checksums import (
    CHECKED,
    are_rows_intact,
    is_row_intact,
    stored_rows,
)
from resonance_logs.store.facets import find_encounters


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault: in which part of the file, or in which fight, and what it is."""

    part: str
    """``pages``, ``references``, ``tables``, ``lists``, ``figures`` or ``archive``."""
    message: str
    encounter_id: int | None = None
    is_damage: bool = True
    """False for a table that somebody added: nothing of ours is lost."""


def check_index(connection: Connection) -> list[Finding]:
    """Check that every ended fight is listed under its outcome, and that nothing else is."""
    there = set(find_ended(connection))
    listed = find_encounters(connection, schema.facet_values.c.kind == "outcome")
    found = set(listed)
    messages = [
        *(f"fight {each} is missing from the filter index" for each in sorted(there - found)),
        *(
            f"the filter index lists fight {each}, which does not exist"
            for each in sorted(found - there)
        ),
    ]
    return [Finding("lists", each) for each in messages]


def find_ended(connection: Connection) -> list[int]:
    """The ids of all ended fights, in order."""
    encounters = schema.encounters
    statement = select(encounters.c.id).where(encounters.c.ended_at_ms.is_not(None))
    return list(connection.execute(statement.order_by(encounters.c.id)).scalars())


def check_fight(connection: Connection, encounter_id: int) -> Iterator[Finding]:
    """Check one ended fight; nothing is found where it was deleted meanwhile."""
    archives, encounters = schema.encounter_archives, schema.encounters
    fight = connection.execute(
        select(encounters).where(encounters.c.id == encounter_id)
    ).one_or_none()
    archive = connection.execute(
        select(archives.c.events, archives.c.payload).where(archives.c.encounter_id == encounter_id)
    ).one_or_none()
    if fight is None:
        return
    differing = [*_differing(connection, fight)]
    yield from (
        _figures(encounter_id, f"its {each} do not match their checksum") for each in differing
    )
    if archive is None or _is_outdated(connection, encounter_id):
        return  # there is nothing to compare, or its figures follow an older rule
    try:
        events = decode_events(archive.payload, expected=archive.events)
    except CorruptArchive as error:
        yield Finding("archive", f"its individual hits cannot be read: {error}", encounter_id)
        return
    cells = FightEventSums.from_events(events)
    counts = (len(events.damage), len(events.heals))
    for what, agrees in (
        ("numbers of events", counts == (fight.damage_events, fight.heal_events)),
        (
            "damage by skill",
            _sums_agree(connection, encounter_id, "damage_skill_stats", cells.damage),
        ),
        ("heals by skill", _sums_agree(connection, encounter_id, "heal_skill_stats", cells.heals)),
        ("sums of its actors", _actors_agree(connection, fight, Tally.from_event_sums(cells))),
    ):
        if not agrees:
            yield _figures(encounter_id, f"its {what} differ from its individual hits")


def _is_outdated(connection: Connection, encounter_id: int) -> bool:
    outdated = schema.outdated_figures
    statement = select(outdated).where(outdated.c.encounter_id == encounter_id)
    return connection.execute(statement).first() is not None


def _figures(encounter_id: int, message: str) -> Finding:
    return Finding("figures", message, encounter_id)


def _differing(connection: Connection, fight: Row[tuple[object, ...]]) -> Iterator[str]:
    """What differs from the fight's checksums, if it has any."""
    values = fight._mapping
    if not is_row_intact(values):  # type: ignore[arg-type]
        yield "start, end, names or totals"
    for name, table in CHECKED.items():
        rows = stored_rows(connection, table, fight.id)
        if not are_rows_intact(values, name, rows):  # type: ignore[arg-type]
            yield table.name


def _sums_agree(connection: Connection, encounter_id: int, name: str, cells: EventSums) -> bool:
    return stored_rows(connection, schema.metadata.tables[name], encounter_id) == cells.skill_rows()


def _actors_agree(connection: Connection, fight: Row[tuple[object, ...]], tally: Tally) -> bool:
    """Whether the actors' counters, and the players' totals, agree with the events."""
    table = schema.actor_encounter_stats
    rows = connection.execute(select(table).where(table.c.encounter_id == fight.id)).all()
    counters = tally.counters([row.actor_id for row in rows if row.is_player])
    none = [0] * len(COUNTER_NAMES)
    agree = all(
        [getattr(row, name) for name in COUNTER_NAMES] == counters.pop(row.actor_id, none)
        for row in rows
    )
    players = [row for row in rows if row.is_player]
    return (
        agree
        and all(each == none for each in counters.values())
        and fight.total_dmg == sum(row.damage_dealt for row in players)
        and fight.total_heal == sum(row.heal_dealt for row in players)
    )
