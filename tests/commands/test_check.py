"""A check finds damage wherever it is, and nothing where there is none."""

import sqlite3
from pathlib import Path

import pytest

from resonance_logs import Database, Settings, decode_task
from resonance_logs.commands.answers import CheckReport
from tests.helpers.recording import fight, record


@pytest.fixture
def recorded(path: Path) -> Path:
    """A file with two fights of different figures."""
    with Database.open(path) as db:
        record(db, fight())
        record(db, fight(started=60_000, hits=7))
    return path


def check(path: Path, *, quick: bool = False) -> CheckReport:
    with Database.open(path, record=False) as db:
        return db.commands.check_database(quick=quick)


def spoil(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_an_intact_file_has_no_findings(recorded: Path) -> None:
    report = check(recorded)
    assert (report.is_sound, report.encounters_checked, report.findings) == (True, 2, [])
    assert check(recorded, quick=True).encounters_checked == 0


def test_the_fight_being_recorded_is_not_looked_at(recorded: Path) -> None:
    with Database.open(recorded) as db:
        record(db, fight(started=90_000)[:-1])
        assert db.commands.check_database().is_sound


def test_a_fight_kept_without_its_hits_is_no_fault(path: Path) -> None:
    with Database.open(path, settings=Settings(archive=False)) as db:
        record(db, fight())
    assert check(path).is_sound


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
        (
            "INSERT INTO actor_attributes VALUES (77, 1, '{}')",
            "references",
            "a row of actor_attributes refers to a missing row of encounters",
        ),
        ("DROP INDEX ix_encounters_started", "tables", "ix_encounters_started is missing"),
        ("CREATE TABLE mine (x)", "tables", "mine is not ours"),
    ],
)
def test_each_kind_of_damage_is_found(
    recorded: Path, statement: str, part: str, message: str
) -> None:
    spoil(recorded, statement)
    report = check(recorded)
    assert not report.is_sound
    assert any(each.part == part and message in each.message for each in report.findings)
    assert {each.encounter_id for each in report.findings} <= {2, None}
    assert all(each.is_damage for each in report.findings) is (message != "mine is not ours")


def test_damaged_pages_are_found_and_the_fights_left_alone(recorded: Path) -> None:
    connection = sqlite3.connect(recorded)
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'actor_encounter_stats'"
    ).fetchone()
    connection.close()
    content = bytearray(recorded.read_bytes())
    content[4096 * (page - 1) : 4096 * (page - 1) + 200] = b"\xff" * 200
    recorded.write_bytes(content)
    report = check(recorded)
    assert {finding.part for finding in report.findings} == {"pages"}
    assert report.encounters_checked == 0
    assert not check(recorded, quick=True).is_sound


SHARED = Path(__file__).parents[3] / "shared/data/malygos.ndjson"


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded fights are not here")
def test_real_fights_are_intact(path: Path) -> None:
    with Database.open(path) as db:
        db.enqueue_many([decode_task(line) for line in SHARED.read_bytes().splitlines()])
        db.flush(60)
        report = db.commands.check_database()
    assert report.findings == []
    assert report.encounters_checked > 20
