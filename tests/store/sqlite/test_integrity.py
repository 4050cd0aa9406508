"""A check of the file finds what is wrong with its pages, references and tables."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from resonance_logs import Database
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.integrity import Damage, find_damage
from tests.helpers.recording import fight, record


@pytest.fixture
def recorded(path: Path) -> Path:
    """A file with two fights of different figures."""
    with Database.open(path) as db:
        record(db, fight())
        record(db, fight(started=60_000, hits=7))
    return path


def check(path: Path, *, quick: bool = False) -> Damage:
    with closing(Store(path)) as store:
        return find_damage(store, quick=quick)


def spoil(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_nothing_is_found_in_an_intact_file(recorded: Path) -> None:
    assert check(recorded) == Damage([], 2)
    assert check(recorded, quick=True) == Damage([], 0)


@pytest.mark.parametrize(
    ("statement", "part", "message"),
    [
        (
            "INSERT INTO actor_attributes VALUES (77, 1, '{}')",
            "references",
            "a row of actor_attributes refers to a missing row of encounters",
        ),
        ("DROP INDEX ix_encounters_started", "tables", "ix_encounters_started is missing"),
        ("CREATE TABLE mine (x)", "tables", "table 'mine' is not ours"),
    ],
)
def test_references_and_tables_are_checked(
    recorded: Path, statement: str, part: str, message: str
) -> None:
    spoil(recorded, statement)
    findings, checked = check(recorded)
    assert any(each.part == part and message in each.message for each in findings)
    assert {each.encounter_id for each in findings} == {None}
    assert all(each.is_damage for each in findings) is ("not ours" not in message)
    assert checked == 2
    assert check(recorded, quick=True).findings == []


def test_damage_of_a_fight_is_found_with_the_file_intact(recorded: Path) -> None:
    spoil(recorded, "UPDATE encounters SET total_dmg = 1 WHERE id = 2")
    findings, checked = check(recorded)
    assert {(each.part, each.encounter_id) for each in findings} == {("figures", 2)}
    assert checked == 2


def test_damaged_pages_are_found_and_the_fights_left_alone(recorded: Path) -> None:
    connection = sqlite3.connect(recorded)
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'actor_encounter_stats'"
    ).fetchone()
    connection.close()
    content = bytearray(recorded.read_bytes())
    content[4096 * (page - 1) : 4096 * (page - 1) + 200] = b"\xff" * 200
    recorded.write_bytes(content)
    findings, checked = check(recorded)
    assert {each.part for each in findings} == {"pages"}
    assert checked == 0
    assert {each.part for each in check(recorded, quick=True).findings} == {"pages"}
