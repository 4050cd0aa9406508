"""Rejected tasks that are now valid are applied; the others stay, with the reason."""

import json
from pathlib import Path

import pytest

from resonance_logs import (
    BeginEncounter,
    Database,
    EndEncounter,
    InsertDamageEvent,
    InvalidArgument,
    NotFound,
    UpsertEntity,
)
from resonance_logs.commands.rejects import RetryReport
from resonance_logs.recording.retry import retry_tasks
from resonance_logs.store.rejects import read_rejected
from resonance_logs.store.retention import prune_rejected
from tests.helpers.recording import fight, record, rows


def hit(started: int, value: object, **fields: object) -> InsertDamageEvent:
    return InsertDamageEvent(timestamp_ms=started + 50, attacker_id=7, value=value, **fields)  # type: ignore[arg-type]


def mended(path: Path, **changes: object) -> None:
    """Correct what is wrong in the rejected tasks, as a later version might read them."""
    with Database.open(path, record=False) as db, db._store.write_transaction() as connection:
        for number, text in connection.exec_driver_sql("SELECT id, task FROM rejected_tasks").all():
            task = json.loads(text)
            task.update({name: value for name, value in changes.items() if name in task})
            connection.exec_driver_sql(
                "UPDATE rejected_tasks SET task = ? WHERE id = ?", (json.dumps(task), number)
            )


def retry(path: Path, ids: list[int] | None = None) -> RetryReport:
    with Database.open(path, record=False) as db:
        return db.commands.retry_rejected_tasks(ids)


def reasons(report: RetryReport) -> list[str]:
    return [each.reason for each in report.left]


@pytest.fixture
def recorded(path: Path) -> Path:
    """Two fights, the first with two rejected hits."""
    with Database.open(path) as db:
        first = fight()
        record(db, [*first[:-1], hit(1_000, "x"), hit(1_000, "y", monster_name="Imp"), first[-1]])
        record(db, fight(started=60_000))
        db.commands.toggle_favorite_encounter(id=1, is_favorite=True)
    return path


def test_hits_that_are_now_valid_are_added_to_their_fight(recorded: Path) -> None:
    mended(recorded, value=5)
    assert retry(recorded).taken == [1, 2]
    with Database.open(recorded, record=False) as db:
        first = db.commands.get_encounter_by_id(1)
        assert (first.total_dmg, first.rejected_events, first.is_complete) == (40, 0, True)
        assert first.is_favorite
        assert [player.name for player in first.players] == ["Aoi"]
        assert db.commands.get_encounter_range(1).total_dmg == 40
        assert db.commands.get_rejected_tasks().total_count == 0
        assert db.commands.check_database().is_sound
        page = db.commands.get_recent_encounters_filtered(10, 0)
        assert [each.id for each in page.rows] == [2, 1]


def test_some_of_them_may_be_named(recorded: Path) -> None:
    mended(recorded, value=5)
    assert retry(recorded, [2]).taken == [2]
    with Database.open(recorded, record=False) as db:
        first = db.commands.get_encounter_by_id(1)
        assert (first.total_dmg, first.rejected_events, first.is_complete) == (35, 1, False)
        with pytest.raises(NotFound, match="no rejected task 2, 77"):
            db.commands.retry_rejected_tasks([1, 2, 77])


def test_what_is_still_wrong_stays_and_it_is_said_why(recorded: Path) -> None:
    report = retry(recorded)
    assert report.taken == []
    assert all("still invalid: Expected `int`, got `str`" in why for why in reasons(report))
    assert rows(recorded, "SELECT count(*) FROM rejected_tasks") == [(2,)]


def test_hits_of_a_fight_whose_hits_are_not_kept_stay(recorded: Path) -> None:
    mended(recorded, value=5)
    with Database.open(recorded, record=False) as db:
        db.commands.toggle_favorite_encounter(id=1, is_favorite=False)
        db.commands.prune_encounters(keep_hits_newest=1)
    assert reasons(retry(recorded)) == ["the individual hits of fight 1 are no longer stored"] * 2
    with Database.open(recorded, record=False) as db:
        db.commands.delete_encounter(1)
    assert reasons(retry(recorded)) == ["fight 1 no longer exists"] * 2


def test_hits_of_the_fight_being_recorded_and_of_none_stay(path: Path) -> None:
    with Database.open(path) as db:
        record(db, [hit(1, "x")])
        record(db, [*fight()[:-1], hit(1_000, "x")])
        mended(path, value=5)
        assert reasons(retry(path)) == [
            "no fight was open when it arrived",
            "fight 1 is still being recorded",
        ]


def test_hits_of_a_damaged_fight_stay(recorded: Path) -> None:
    mended(recorded, value=5)
    with Database.open(recorded, record=False) as db, db._store.write_transaction() as connection:
        connection.exec_driver_sql("UPDATE damage_skill_stats SET hits = 9 WHERE encounter_id = 1")
    assert reasons(retry(recorded)) == ["fight 1 is damaged"] * 2


def test_players_are_updated_where_nobody_records(path: Path) -> None:
    with Database.open(path) as db:
        record(db, [UpsertEntity(entity_id=7, seen_at_ms=5, name="Aoi", class_id="x")])  # type: ignore[arg-type]
        mended(path, class_id=4)
        assert reasons(retry(path)) == [
            "the file is being recorded; try again later, or send the task again"
        ]
    assert retry(path).taken == [1]
    assert rows(path, "SELECT name, class_id FROM entities") == [("Aoi", 4)]


def test_begins_and_ends_stay(path: Path) -> None:
    with Database.open(path) as db:
        record(db, [BeginEncounter(started_at_ms="soon")])  # type: ignore[arg-type]
        record(db, [*fight()[:-1], EndEncounter(ended_at_ms="late")])  # type: ignore[arg-type]
    mended(path, started_at_ms=1, ended_at_ms=5)
    assert (
        reasons(retry(path))
        == ["the begin or end of a fight is only valid in its original order"] * 2
    )


def test_rejected_tasks_are_shown_newest_first_and_deleted(recorded: Path) -> None:
    with Database.open(recorded, record=False) as db:
        page = db.commands.get_rejected_tasks(limit=1)
        assert (page.total_count, [each.id for each in page.rows]) == (2, [2])
        assert page.rows[0].encounter_id == 1
        assert "Expected `int`" in page.rows[0].error
        db.commands.delete_rejected_tasks([2])
        with pytest.raises(NotFound, match="no rejected task 2"):
            db.commands.delete_rejected_tasks([1, 2])
        assert db.commands.get_rejected_tasks().total_count == 1
        db.commands.delete_rejected_tasks()
        assert db.commands.get_rejected_tasks().total_count == 0


def test_two_who_retry_at_once_add_a_hit_once(recorded: Path) -> None:
    mended(recorded, value=5)
    with Database.open(recorded, record=False) as db:
        with db._store.read_transaction() as connection:
            read = read_rejected(connection)
        assert retry_tasks(db._store, read).taken == [2, 1]
        assert retry_tasks(db._store, read).taken == []
        assert db.commands.get_encounter_by_id(1).total_dmg == 40


def test_rejected_hits_that_were_deleted_leave_their_fight_incomplete(recorded: Path) -> None:
    mended(recorded, value=5)
    with Database.open(recorded, record=False) as db:
        db.commands.delete_rejected_tasks([1])
        db.commands.retry_rejected_tasks([2])
        fight = db.commands.get_encounter_by_id(1)
        assert (fight.rejected_events, fight.is_complete) == (1, False)


def test_rejected_hits_of_the_open_fight_are_kept_until_its_end(path: Path) -> None:
    with Database.open(path) as db:
        record(db, [*fight()[:-1], hit(1_000, "x"), hit(1_000, "y")])
        with pytest.raises(InvalidArgument, match="still being recorded"):
            db.commands.delete_rejected_tasks([1])
        db.commands.delete_rejected_tasks()
        with db._store.write_transaction() as connection:
            prune_rejected(connection, 1)
        record(db, fight()[-1:])
        assert db.commands.get_encounter_by_id(1).rejected_events == 2
        db.commands.delete_rejected_tasks()
        assert db.commands.get_rejected_tasks().total_count == 0


def test_a_fight_with_a_hit_more_is_still_the_same_fight(recorded: Path) -> None:
    target = recorded.with_name("before.rlog")
    with Database.open(recorded, record=False) as db:
        db.export_fights([1, 2], target)
    mended(recorded, value=5)
    retry(recorded)
    with Database.open(recorded, record=False) as db:
        assert list(db.import_fights(target).known) == [1, 2]
