"""A figure that is read is the figure that was written, or is reported as damaged."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs import Database, Unavailable
from resonance_logs.store.checksums import (
    FINGERPRINTED,
    FINGERPRINTED_LATER,
    IDENTIFIED,
    checksum,
    fingerprint,
)
from resonance_logs.store.schema import encounters
from tests.helpers.recording import fight, record, rows


@pytest.fixture
def recorded(path: Path) -> Path:
    """A file with two fights."""
    with Database.open(path) as db:
        record(db, fight())
        record(db, fight(started=60_000, hits=7))
    return path


def spoil(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


VALUES = st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=5)


LATER = dict.fromkeys(FINGERPRINTED_LATER) | {"recorder": "default", "game": "bpsr"}


@given(st.tuples(*[VALUES] * len(FINGERPRINTED)), st.sampled_from(FINGERPRINTED), VALUES)
def test_a_fingerprint_changes_with_every_value(
    values: tuple[object, ...], name: str, other: object
) -> None:
    fight = dict(zip(FINGERPRINTED, values, strict=True)) | LATER
    assert fingerprint(fight) == fingerprint(dict(reversed(fight.items())))
    is_same = type(fight[name]) is type(other) and fight[name] == other
    assert (fingerprint(fight) == fingerprint({**fight, name: other})) is is_same
    assert -(2**63) <= fingerprint(fight) < 2**63


@given(st.integers(0, 1), st.none() | st.integers(0, 2**53))
def test_a_value_of_a_later_schema_changes_the_fingerprint_only_where_it_is_set(
    clock_jumped: int, unknown_dmg: int | None
) -> None:
    fight = dict.fromkeys(FINGERPRINTED, 0) | LATER
    later = fight | {"clock_jumped": clock_jumped, "unknown_dmg": unknown_dmg}
    assert (fingerprint(later) == fingerprint(fight)) == (not clock_jumped and not unknown_dmg)


def test_a_recorder_and_a_game_change_the_fingerprint_unless_both_are_the_defaults() -> None:
    """The fingerprint of a default fight is that of the versions before."""
    fight = dict.fromkeys(FINGERPRINTED, 0) | LATER
    assert fingerprint(fight) == -4_607_182_694_020_338_776
    others = [fight | {"recorder": "second"}, fight | {"game": "wow"}, fight | {"recorder": "wow"}]
    swapped = fight | {"recorder": "bpsr", "game": "default"}
    assert len({fingerprint(each) for each in (fight, *others, swapped)}) == 5


def test_rows_are_summed_whatever_holds_them() -> None:
    assert checksum([(1, 2, "x")]) == checksum([[1, 2, "x"]])
    assert checksum([(1, 2), (3, 4)]) != checksum([(3, 4), (1, 2)])


def test_the_fingerprint_is_of_columns_that_there_are_and_users_marks_are_none() -> None:
    assert {*FINGERPRINTED, *FINGERPRINTED_LATER, *IDENTIFIED} < set(encounters.c.keys())
    assert not {"id", "is_favorite", "fingerprint"} & set(FINGERPRINTED)


def test_a_fight_recorded_twice_has_one_fingerprint(recorded: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with Database.open(other) as db:
        record(db, fight(started=60_000, hits=7))
    query = "SELECT fingerprint FROM encounters ORDER BY id"
    assert rows(other, query) == rows(recorded, query)[1:]


def test_a_favourite_stays_what_it_was(recorded: Path) -> None:
    with Database.open(recorded, record=False) as db:
        db.commands.toggle_favorite_encounter(id=1, is_favorite=True)
        assert not db.commands.get_encounter_by_id(1).is_damaged
        assert db.commands.check_database().is_sound


@pytest.mark.parametrize(
    "change",
    [
        "total_dmg = total_dmg + 1",
        "started_at_ms = started_at_ms + 1",
        "scene_name = 'Elsewhere'",
        "scene_name = CAST(X'ff41' AS TEXT)",
        "bosses = '[]'",
        'players = \'{"no": "list"}\'',
        "lost_events = 1",
        "fingerprint = 5",
    ],
)
def test_a_changed_row_of_the_list_is_marked_and_the_others_are_not(
    recorded: Path, change: str
) -> None:
    spoil(recorded, f"UPDATE encounters SET {change} WHERE id = 1")
    with Database.open(recorded, record=False) as db:
        page = db.commands.get_recent_encounters().rows
        assert [(each.id, each.is_damaged, each.is_complete) for each in page] == [
            (2, False, True),
            (1, True, False),
        ]
        assert db.commands.get_encounter_by_id(1).is_damaged


@pytest.mark.parametrize(
    ("statement", "commands"),
    [
        (
            "UPDATE actor_encounter_stats SET damage_dealt = 31 WHERE encounter_id = 1",
            ("get_encounter_by_id", "get_encounter_actor_stats", "skills", "range", "timeline"),
        ),
        (
            "DELETE FROM actor_encounter_stats WHERE actor_id = 900 AND encounter_id = 1",
            ("skills",),
        ),
        (
            "UPDATE damage_skill_stats SET skill_id = 6, hits = 3 WHERE encounter_id = 1",
            ("skills",),
        ),
        ("UPDATE encounter_archives SET payload = X'00' WHERE encounter_id = 1", ("range",)),
    ],
)
def test_figures_that_are_not_what_was_written_are_refused(
    recorded: Path, statement: str, commands: tuple[str, ...]
) -> None:
    spoil(recorded, statement)
    with Database.open(recorded, record=False) as db:
        ask: dict[str, Callable[[int], object]] = {
            "get_encounter_by_id": db.commands.get_encounter_by_id,
            "get_encounter_actor_stats": db.commands.get_encounter_actor_stats,
            "skills": lambda each: db.commands.get_encounter_player_skills(each, 7, "dps"),
            "range": db.commands.get_encounter_range,
            "timeline": db.commands.get_encounter_timeline,
        }
        for name in commands:
            ask[name](2)
            with pytest.raises(Unavailable, match="damaged"):
                ask[name](1)


def test_figures_from_before_there_were_checksums_are_shown(recorded: Path) -> None:
    names = ("actors", "damage", "heals", "bosses", "attributes")
    unknown = ", ".join(f"{name}_checksum = NULL" for name in names)
    spoil(recorded, f"UPDATE encounters SET fingerprint = NULL, {unknown}")
    with Database.open(recorded, record=False) as db:
        assert db.commands.check_database().is_sound
        assert db.commands.get_encounter_by_id(1).is_complete
        assert db.commands.get_encounter_player_skills(1, 7, "dps").skill_rows[0].hits == 3
