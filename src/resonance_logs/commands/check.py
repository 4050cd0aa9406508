"""Check the file for damage, and each fight's figures against its events."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Row, select

from resonance_logs.commands.answers import CheckReport, Finding
from resonance_logs.commands.arguments import CheckArguments
from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.counters import COUNTER_NAMES
from resonance_logs.fights.skill_sums import EventSums, FightEventSums
from resonance_logs.fights.tally import Tally
from resonance_logs.store import schema
from resonance_logs.store.checksums import (
    CHECKED,
    are_rows_intact,
    is_row_intact,
    stored_rows,
)
from resonance_logs.store.facets import find_encounters
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.integrity import page_faults, reference_faults, table_faults


def check_database(store: Store, arguments: CheckArguments) -> CheckReport:
    """Check for damage in the file and in each fight's figures.

    With ``quick`` only the file's pages are checked. Nothing is changed, and nobody is blocked:
    each fight is read separately.
    """
    with store.read_transaction() as connection:
        findings = list(_file_findings(connection, quick=arguments.quick))
    checked = 0
    if not arguments.quick and all(each.part != "pages" for each in findings):
        for encounter_id in _ended(store):
            with store.read_transaction() as connection:
                findings += _fight_findings(connection, encounter_id)
            checked += 1
    return CheckReport(is_sound=not findings, encounters_checked=checked, findings=findings)


def _file_findings(connection: Connection, *, quick: bool) -> Iterator[Finding]:
    damaged = page_faults(connection, quick=quick)
    yield from (Finding(part="pages", encounter_id=None, message=each) for each in damaged)
    if quick or damaged:
        return
    for each in reference_faults(connection):
        yield Finding(part="references", encounter_id=None, message=each)
    for fault in table_faults(connection):
        yield Finding(
            part="tables", encounter_id=None, message=fault.message, is_damage=fault.is_damage
        )
    for each in _facet_faults(connection):
        yield Finding(part="lists", encounter_id=None, message=each)


def _facet_faults(connection: Connection) -> list[str]:
    """Check that every ended fight is listed under its outcome, and that nothing else is."""
    encounters = schema.encounters
    ended = select(encounters.c.id).where(encounters.c.ended_at_ms.is_not(None))
    there = set(connection.execute(ended).scalars())
    listed = find_encounters(connection, schema.facet_values.c.kind == "outcome")
    found = set(listed)
    return [
        *(f"fight {each} is missing from the filter index" for each in sorted(there - found)),
        *(
            f"the filter index lists fight {each}, which does not exist"
            for each in sorted(found - there)
        ),
    ]


def _ended(store: Store) -> list[int]:
    encounters = schema.encounters
    statement = select(encounters.c.id).where(encounters.c.ended_at_ms.is_not(None))
    with store.read_transaction() as connection:
        return list(connection.execute(statement.order_by(encounters.c.id)).scalars())


def _fight_findings(connection: Connection, encounter_id: int) -> Iterator[Finding]:
    archives, encounters = schema.encounter_archives, schema.encounters
    fight = connection.execute(
        select(encounters).where(encounters.c.id == encounter_id)
    ).one_or_none()
    payload = connection.execute(
        select(archives.c.payload).where(archives.c.encounter_id == encounter_id)
    ).scalar_one_or_none()
    if fight is None:
        return  # deleted meanwhile
    differing = [*_differing(connection, fight)]
    yield from (
        _figures(encounter_id, f"its {each} do not match their checksum") for each in differing
    )
    if payload is None or _is_outdated(connection, encounter_id):
        return  # there is nothing to compare, or its figures follow an older rule
    try:
        events = decode_events(payload)
    except CorruptArchive as error:
        message = f"its individual hits cannot be read: {error}"
        yield Finding(part="archive", encounter_id=encounter_id, message=message)
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
    return Finding(part="figures", encounter_id=encounter_id, message=message)


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
