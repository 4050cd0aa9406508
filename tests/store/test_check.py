"""A check of ended fights finds figures that differ, and nothing where there is no damage."""

from pathlib import Path

import pytest
from sqlalchemy import delete, update

from resonance_logs import Database
from resonance_logs.store import schema
from resonance_logs.store.check import Finding, check_fight, check_index, find_ended
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.recording import fight, record


@pytest.fixture
def recorded(path: Path, store: Store) -> Store:
    """A store with two fights of different figures."""
    with Database.open(path) as db:
        record(db, fight())
        record(db, fight(started=60_000, hits=7))
    return store


def check(store: Store) -> list[Finding]:
    """Everything found in the index and the fights."""
    with store.read_transaction() as connection:
        ended = find_ended(connection)
        of_fights = [found for each in ended for found in check_fight(connection, each)]
        return [*check_index(connection), *of_fights]


def spoil(store: Store, statement: str) -> None:
    with store.write_transaction() as connection:
        connection.exec_driver_sql(statement)


def test_nothing_is_found_in_intact_fights(recorded: Store) -> None:
    assert check(recorded) == []


@pytest.mark.parametrize(
    ("statement", "part", "message"),
    [
        (
            "UPDATE damage_skill_stats SET total_value = total_value + 1 WHERE encounter_id = 2",
            "figures",
            "its damage by skill differ from its individual hits",
        ),
        (
            "UPDATE actor_encounter_stats SET crit_hits_dealt = 9 WHERE encounter_id = 2",
            "figures",
            "its sums of its actors differ",
        ),
        ("UPDATE encounters SET total_dmg = 1 WHERE id = 2", "figures", "its sums of its actors"),
        ("UPDATE encounters SET heal_events = 5 WHERE id = 2", "figures", "its numbers of events"),
        (
            "INSERT INTO heal_skill_stats (encounter_id, healer_id, target_id, skill_id) "
            "VALUES (2, 1, 1, 1)",
            "figures",
            "its heals by skill differ",
        ),
        (
            "UPDATE encounter_archives SET payload = X'0102' WHERE encounter_id = 2",
            "archive",
            "its individual hits cannot be read",
        ),
        (
            "UPDATE encounter_bosses SET hits = hits + 1 WHERE encounter_id = 2",
            "figures",
            "its encounter_bosses do not match their checksum",
        ),
        (
            "UPDATE encounters SET started_at_ms = 5 WHERE id = 2",
            "figures",
            "its start, end, names or totals do not match their checksum",
        ),
        ("DELETE FROM facet_encounters", "lists", "fight 1 is missing from the filter index"),
    ],
)
def test_each_kind_of_damage_is_found(
    recorded: Store, statement: str, part: str, message: str
) -> None:
    spoil(recorded, statement)
    findings = check(recorded)
    assert any(each.part == part and message in each.message for each in findings)
    assert {each.encounter_id for each in findings} <= {2, None}
    assert all(each.is_damage for each in findings)


def test_a_fight_listed_that_is_not_there_is_found(recorded: Store) -> None:
    with recorded.write_transaction() as connection:
        connection.execute(delete(schema.encounters).where(schema.encounters.c.id == 2))
    assert check(recorded) == [
        Finding("lists", "the filter index lists fight 2, which does not exist")
    ]


def test_a_fight_that_is_not_there_or_not_ended_is_not_looked_at(recorded: Store) -> None:
    with recorded.write_transaction() as connection:
        assert list(check_fight(connection, 77)) == []
        row = schema.encounters.c
        connection.execute(update(schema.encounters).where(row.id == 2).values(ended_at_ms=None))
        assert find_ended(connection) == [1]
