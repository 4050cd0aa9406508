"""What a check finds is reported; a file without damage is sound."""

import sqlite3
from pathlib import Path

import pytest

from resonance_logs import Database, Settings, decode_task
from resonance_logs.commands.check import CheckReport
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


def test_what_is_found_is_reported_with_its_fight(recorded: Path) -> None:
    spoil(recorded, "UPDATE encounters SET total_dmg = 1 WHERE id = 2", "CREATE TABLE mine (x)")
    report = check(recorded)
    assert (report.is_sound, report.encounters_checked) == (False, 2)
    assert {(each.part, each.encounter_id, each.is_damage) for each in report.findings} == {
        ("tables", None, False),
        ("figures", 2, True),
    }
    assert report.findings[0].message == "table 'mine' is not ours"


SHARED = Path(__file__).parents[3] / "shared/data/malygos.ndjson"


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded fights are not here")
def test_real_fights_are_intact(path: Path) -> None:
    with Database.open(path) as db:
        db.enqueue_many([decode_task(line) for line in SHARED.read_bytes().splitlines()])
        db.flush(60)
        report = db.commands.check_database()
    assert report.findings == []
    assert report.encounters_checked > 20
