"""Damage that is met while recording: the file is repaired, or recording stops and says so."""

import threading
from pathlib import Path

import pytest

from resonance_logs import (
    BackupError,
    BeginEncounter,
    DamagedDatabase,
    Database,
    EndEncounter,
    InsertDamageEvent,
    RecordingError,
    Settings,
    Task,
    UpsertEntity,
)
from resonance_logs.store.runs import DAMAGE, REPAIRED
from resonance_logs.store.sqlite.salvage import SalvageReport
from tests.helpers.damage import run_sql, stale_index, zero_root
from tests.helpers.recording import fight, record, rows


def hits(first_ms: int, count: int, value: int = 10) -> list[Task]:
    return [
        InsertDamageEvent(timestamp_ms=first_ms + n, attacker_id=7, value=value, defender_id=900)
        for n in range(count)
    ]


def begun(started: int = 1_000) -> list[Task]:
    return [
        BeginEncounter(started_at_ms=started, local_player_id=7, scene_name="Court"),
        UpsertEntity(entity_id=7, seen_at_ms=started, name="Aoi", class_id=1),
    ]


@pytest.fixture
def closed(path: Path) -> Path:
    """A file with three fights, closed cleanly."""
    with Database.open(path) as db:
        for number in range(3):
            record(db, fight(90_000 * number))
    return path


def kept_files(path: Path) -> list[Path]:
    return sorted(path.parent.glob("fights.damaged-*.db"))


def is_sound(path: Path) -> bool:
    with Database.open(path, record=False) as db:
        return db.commands.check_database().is_sound


def findings(path: Path) -> list[str]:
    with Database.open(path, record=False) as db:
        return db.commands.get_database_health().findings


@pytest.mark.parametrize("table", ["entities", "encounters", "facet_encounters", "rejected_tasks"])
def test_a_damaged_page_is_repaired_and_recording_continues(closed: Path, table: str) -> None:
    zero_root(closed, table)
    bad = UpsertEntity(entity_id=7, seen_at_ms="soon")  # type: ignore[arg-type]
    with Database.open(closed) as db:
        record(db, [*fight(900_000), bad])
        assert db.stats().rejected == 1
        assert db.stats().fault is None
    assert len(kept_files(closed)) == 1
    assert is_sound(closed)
    assert rows(closed, "SELECT total_dmg FROM encounters ORDER BY id") == [(30,)] * 4
    assert rows(closed, "SELECT count(*) FROM rejected_tasks") == [(1,)]
    ((fault, ended),) = rows(
        closed, "SELECT fault, ended_at_ms FROM recorder_runs ORDER BY id DESC LIMIT 1"
    )
    assert str(fault).startswith(REPAIRED)
    assert ended is not None
    assert any("was repaired" in each for each in findings(closed))
    Database.open(closed).close()
    assert not any("damage" in each for each in findings(closed))


def test_the_fight_being_recorded_continues(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fight())
        record(db, [*begun(90_000), *hits(90_100, 40)])
        zero_root(path, "entities")
        bea = UpsertEntity(entity_id=8, seen_at_ms=90_400, name="Bea")
        record(db, [bea, *hits(90_500, 2), EndEncounter(ended_at_ms=99_000)])
        (ended, _) = db.commands.get_recent_encounters().rows
        assert (ended.id, ended.total_dmg, ended.scene_name) == (2, 420, "Court")
        assert ended.is_complete
        assert len(kept_files(path)) == 1
        assert db.commands.get_player_name_command(7) == "Aoi"
    assert is_sound(path)


def test_hits_that_are_lost_with_the_journal_are_counted(path: Path) -> None:
    with Database.open(path) as db:
        record(db, [*begun(), *hits(1_100, 40)])
        zero_root(path, "encounter_journal")
        record(db, hits(2_000, 5))
        live = db.commands.get_live_encounter()
        assert live is not None
        assert (live.total_dmg, live.lost_events) == (50, 40)
        zero_root(path, "entities")
        bea = UpsertEntity(entity_id=8, seen_at_ms=2_900, name="Bea")
        record(db, [bea, *hits(3_000, 5), EndEncounter(ended_at_ms=9_000)])
        (ended,) = db.commands.get_recent_encounters().rows
        assert (ended.id, ended.total_dmg, ended.lost_events) == (1, 100, 40)
    assert len(kept_files(path)) == 2
    assert is_sound(path)


def test_what_was_lost_is_counted_after_a_crash_too(path: Path) -> None:
    db = Database.open(path)
    record(db, [*begun(), *hits(1_100, 40)])
    zero_root(path, "encounter_journal")
    record(db, hits(2_000, 5))
    db.close()
    with Database.open(path) as again:
        (ended,) = again.commands.get_recent_encounters().rows
    assert (ended.total_dmg, ended.lost_events, ended.was_interrupted) == (50, 40, True)


def test_a_fight_of_which_the_beginning_is_lost_continues_as_a_new_one(path: Path) -> None:
    with Database.open(path) as db:
        record(db, [*begun(), *hits(1_100, 40)])
        zero_root(path, "encounters")
        record(db, [*hits(2_000, 5), EndEncounter(ended_at_ms=9_000)])
        fights = db.commands.get_recent_encounters().rows
    assert sorted(each.total_dmg for each in fights) == [50, 400]
    assert {each.scene_name for each in fights} == {"Court", None}
    assert is_sound(path)


def test_a_missing_table_is_damage_and_costs_no_task(closed: Path) -> None:
    with Database.open(closed) as db:
        record(db, begun(900_000))
        run_sql(closed, "DROP TABLE damage_skill_stats")
        record(db, [*hits(900_100, 3), EndEncounter(ended_at_ms=909_000)])
        assert db.stats().rejected == 0
        assert db.commands.get_recent_encounters().rows[0].total_dmg == 30
    assert is_sound(closed)


def test_damage_met_in_housekeeping_is_repaired(path: Path) -> None:
    with Database.open(path) as db:
        for number in range(3):
            record(db, fight(90_000 * number))
    zero_root(path, "encounter_archives")
    with Database.open(path, settings=Settings(keep_hits_newest=1)) as db:
        waited = threading.Event()
        for _ in range(600):
            if kept_files(path):
                break
            waited.wait(0.05)
        record(db, fight(900_000))
    assert len(kept_files(path)) == 1
    assert is_sound(path)


def spilled(path: Path) -> int:
    (file,) = path.parent.glob("*.spill-*.ndjson")
    return len(file.read_bytes().splitlines())


def test_without_salvage_recording_stops_and_says_where_the_tasks_are_kept(closed: Path) -> None:
    zero_root(closed, "entities")
    db = Database.open(closed, settings=Settings(salvage=False))
    told = r"is damaged, and recording has stopped: .*malformed.*6 tasks are kept in .*spill-2"
    db.enqueue_many(fight(900_000))
    with pytest.raises(RecordingError, match=told):
        db.flush(30)
    assert spilled(closed) == 6
    with pytest.raises(RecordingError, match=told):
        db.enqueue(hits(1, 1)[0])
    with pytest.raises(RecordingError, match=told):
        db.enqueue_many(hits(1, 2))
    with pytest.raises(RecordingError, match=told):
        db.flush(1)
    assert "recording has stopped" in str(db.stats().fault)
    with pytest.raises(DamagedDatabase, match=told):
        db.close()
    db.close()
    ((fault,),) = rows(closed, "SELECT fault FROM recorder_runs ORDER BY id DESC LIMIT 1")
    assert str(fault).startswith(DAMAGE)
    assert any("met damage" in each for each in findings(closed))
    with Database.open(closed) as again:
        assert again.commands.get_recent_encounters().rows[0].total_dmg == 30
    assert is_sound(closed)
    assert not any("damage" in each for each in findings(closed))


def test_damage_that_comes_back_at_once_stops_recording(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Path] = []

    def repair_nothing(path: Path, *_more: object) -> SalvageReport:
        tries.append(path)
        return SalvageReport(path)

    zero_root(closed, "encounters")
    with monkeypatch.context() as broken:
        broken.setattr("resonance_logs.recording.session.salvage", repair_nothing)
        broken.setattr("resonance_logs.recording.session._faults_after", lambda *_: [])
        broken.setattr("resonance_logs.recording.recovery.recover", lambda *_, **_more: None)
        db = Database.open(closed)
        db.enqueue_many(fight(900_000))
        with pytest.raises(RecordingError, match="repaired just now, and is damaged again"):
            db.flush(30)
        assert len(tries) == 1
        with pytest.raises(DamagedDatabase):
            db.close()
    assert spilled(closed) == 6


def test_a_repair_without_room_stops_recording(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object) -> None:
        raise BackupError("the disk is full")

    zero_root(closed, "entities")
    db = Database.open(closed)
    monkeypatch.setattr("resonance_logs.store.sqlite.salvage.check_room", full)
    db.enqueue_many(fight(900_000))
    with pytest.raises(RecordingError, match=r"cannot be repaired now: .*the disk is full"):
        db.flush(30)
    with pytest.raises(DamagedDatabase):
        db.close()
    monkeypatch.undo()
    with Database.open(closed) as again:
        assert again.commands.get_recent_encounters().total_count == 4


def test_who_waits_for_room_hears_that_recording_has_stopped(closed: Path) -> None:
    zero_root(closed, "entities")
    settings = Settings(salvage=False, queue_tasks=10, batch_tasks=10)
    db = Database.open(closed, settings=settings)
    told: list[RecordingError] = []

    def feed() -> None:
        try:
            db.enqueue_many([*begun(900_000), *hits(900_000, 100_000)], timeout=60)
        except RecordingError as error:
            told.append(error)

    thread = threading.Thread(target=feed)
    thread.start()
    thread.join(60)
    assert "recording has stopped" in str(told[0])
    with pytest.raises(DamagedDatabase):
        db.close()


def test_damage_met_while_closing_is_left_to_the_next_time(closed: Path) -> None:
    zero_root(closed, "entities")
    db = Database.open(closed, settings=Settings(batch_seconds=60))
    db.enqueue_many(fight(900_000))
    with pytest.raises(DamagedDatabase, match="6 tasks are kept in"):
        db.close()
    with Database.open(closed) as again:
        assert again.commands.get_recent_encounters().total_count == 4


def test_after_a_run_that_met_damage_the_indexes_are_searched_too(closed: Path) -> None:
    with stale_index(closed, "ix_encounters_started"):
        run_sql(closed, "PRAGMA foreign_keys=ON", "DELETE FROM encounters WHERE id = 3")
    Database.open(closed).close()
    assert not kept_files(closed)  # a clean run before: nothing is searched
    fault = f"UPDATE recorder_runs SET ended_at_ms = NULL, fault = '{DAMAGE}malformed'"
    run_sql(closed, fault)
    Database.open(closed).close()
    assert len(kept_files(closed)) == 1
    assert is_sound(closed)
