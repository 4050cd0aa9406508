"""What a stopped recorder left behind: nothing flushed is lost or duplicated."""

import random
import sqlite3
from pathlib import Path

import pytest

from resonance_logs import (
    AlreadyRecording,
    BeginEncounter,
    DamagedDatabase,
    Database,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Settings,
    Task,
    UpsertEntity,
)
from resonance_logs.store.runs import last_run
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.processes import kill, kill_recorder_after, recorder
from tests.helpers.recording import fight, record, rows


def hit(time_ms: int, value: object = 1) -> InsertDamageEvent:
    return InsertDamageEvent(timestamp_ms=time_ms, attacker_id=7, value=value, defender_id=9)  # type: ignore[arg-type]


def open_fight(*tasks: Task) -> list[Task]:
    return [BeginEncounter(started_at_ms=1_000, scene_name="Court"), *tasks]


def test_a_fight_left_open_is_ended_at_its_last_event_and_marked(path: Path) -> None:
    with Database.open(path) as db:
        aoi = UpsertEntity(entity_id=7, seen_at_ms=1_000, name="Aoi", class_id=4)
        bea = UpsertEntity(entity_id=8, seen_at_ms=1_000, name="Bea")
        heal = InsertHealEvent(timestamp_ms=1_900, healer_id=7, value=5)
        record(db, open_fight(aoi, bea, hit(1_200, 30), hit(3_500, 12), heal))
    with Database.open(path) as db:
        (ended,) = db.commands.get_recent_encounters().rows
        assert (ended.ended_at_ms, ended.duration) == (3_500, 2.5)
        assert (ended.was_interrupted, ended.is_complete) == (True, False)
        assert (ended.total_dmg, ended.total_heal, ended.scene_name) == (42, 5, "Court")
        assert [player.name for player in ended.players] == ["Aoi", "Bea"]
        assert db.commands.get_encounter_player_skills(ended.id, 7, "dps").skill_rows[0].hits == 2
        assert db.commands.get_encounter_range(ended.id, 0, 1_000).total_dmg == 30
        assert db.commands.get_live_encounter() is None
        record(db, fight(started=9_000))
        assert [each.id for each in db.commands.get_recent_encounters().rows] == [2, 1]
    assert rows(path, "SELECT count(*) FROM encounter_journal") == [(0,)]


def test_an_open_fight_without_an_event_is_removed(path: Path) -> None:
    with Database.open(path) as db:
        record(db, open_fight(UpsertEntity(entity_id=7, seen_at_ms=1, name="Aoi")))
    with Database.open(path):
        pass
    assert rows(path, "SELECT count(*) FROM encounters") == [(0,)]
    assert rows(path, "SELECT name FROM entities") == [("Aoi",)]


def test_events_from_before_the_start_end_the_fight_at_its_start(path: Path) -> None:
    with Database.open(path) as db:
        record(db, open_fight(hit(200, 3)))
    with Database.open(path) as db:
        (ended,) = db.commands.get_recent_encounters().rows
        assert (ended.ended_at_ms, ended.duration) == (1_000, 1.0)


def test_the_setting_that_leaves_archives_out_holds_for_recovered_fights(path: Path) -> None:
    with Database.open(path) as db:
        record(db, open_fight(hit(1_200)))
    with Database.open(path, settings=Settings(archive=False)):
        pass
    assert rows(path, "SELECT count(*) FROM encounter_archives") == [(0,)]


def test_those_who_only_read_leave_an_open_fight_alone(path: Path) -> None:
    with Database.open(path) as db:
        record(db, open_fight(hit(1_200)))
        with Database.open(path, record=False) as reader:
            assert reader.commands.get_live_encounter() is not None
        record(db, [EndEncounter(ended_at_ms=2_000)])
        assert not db.commands.get_encounter_by_id(1).was_interrupted


def test_one_recorder_at_a_time_and_the_second_is_reported(path: Path) -> None:
    with Database.open(path) as db:
        record(db, open_fight(hit(1_200)))
        with pytest.raises(AlreadyRecording, match="is being recorded by another program"):
            Database.open(path)
        assert db.commands.get_live_encounter() is not None
    Database.open(path).close()


def test_another_process_is_refused_while_the_first_lives_and_not_after_it_was_killed(
    path: Path,
) -> None:
    process = recorder(path, 1)
    try:
        with pytest.raises(AlreadyRecording):
            Database.open(path)
    finally:
        kill(process)
    Database.open(path).close()


def test_a_run_says_whether_it_ended_as_it_should(path: Path) -> None:
    kill(recorder(path, 1))
    store = Store(path)
    with store.read_transaction() as connection:
        killed = last_run(connection)
    assert killed is not None
    assert not killed.is_clean
    Database.open(path).close()
    with store.read_transaction() as connection:
        closed = last_run(connection)
    store.close()
    assert closed is not None
    assert closed.is_clean
    assert closed.id == killed.id + 1


def spoil(path: Path, table: str) -> None:
    """Overwrite the first page of a table."""
    connection = sqlite3.connect(path)
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)
    ).fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    content[4096 * (page - 1) : 4096 * (page - 1) + 100] = b"\xff" * 100
    path.write_bytes(content)


def test_after_a_crash_a_damaged_file_is_an_error_where_it_is_not_to_be_saved_from(
    path: Path,
) -> None:
    kill(recorder(path, 3))
    spoil(path, "damage_skill_stats")
    unsaved = Settings(salvage=False)
    with pytest.raises(DamagedDatabase, match="was not changed"):
        Database.open(path, settings=unsaved)
    before = path.read_bytes()
    with pytest.raises(DamagedDatabase):
        Database.open(path, settings=unsaved)
    assert path.read_bytes() == before


def test_those_who_only_read_leave_the_log_of_a_crash_where_it_is(path: Path) -> None:
    kill_recorder_after(path, 300, lines=20)
    log = path.with_name(f"{path.name}-wal")
    before = (path.read_bytes(), log.read_bytes())
    with Database.open(path, record=False) as db:
        assert db.commands.get_recent_encounters().total_count >= 1
    assert (path.read_bytes(), log.read_bytes()) == before


def test_after_a_clean_end_the_file_is_not_searched(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database.open(path) as db:
        record(db, fight())
    monkeypatch.setattr("resonance_logs.recording.session.page_faults", None)
    Database.open(path).close()


def test_a_rejected_event_makes_its_fight_incomplete(path: Path) -> None:
    with Database.open(path) as db:
        record(db, [*open_fight(hit(1_200, 5), hit(1_300, "x")), EndEncounter(ended_at_ms=2_000)])
        record(db, fight(started=9_000))
        whole, broken = db.commands.get_recent_encounters().rows
    assert (broken.rejected_events, broken.is_complete, broken.was_interrupted) == (1, False, False)
    assert (whole.rejected_events, whole.is_complete) == (0, True)


def test_of_a_damaged_journal_the_rest_is_kept_and_the_loss_counted(path: Path) -> None:
    with Database.open(path) as db:
        record(db, open_fight(hit(1_200, 5)))
        record(db, [hit(1_300, 7), hit(1_350, 7)])
        record(db, [hit(1_400, 11)])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE encounter_journal SET payload = X'00' WHERE chunk = 1")
    connection.commit()
    connection.close()
    with Database.open(path) as db:
        (ended,) = db.commands.get_recent_encounters().rows
        stats = db.commands.get_encounter_actor_stats(ended.id)
    assert (ended.lost_events, ended.is_complete) == (2, False)
    assert {actor.actor_id: actor.damage_dealt for actor in stats}[7] == 16


@pytest.mark.parametrize("seed", range(6))
def test_what_was_flushed_before_a_kill_is_there_and_every_total_is_exact(
    path: Path, seed: int
) -> None:
    process = recorder(path, 10_000)
    assert process.stdout is not None
    for _ in range(random.Random(seed).randrange(1, 60)):
        last = process.stdout.readline()
    told = [line for line in [last.strip(), *kill(process)] if line and line.count(" ") == 1]
    number, hits = map(int, told[-1].split())
    with Database.open(path) as db:
        page = db.commands.get_recent_encounters_filtered(1_000, 0)
        fights = page.rows
        assert number + 1 <= page.total_count <= number + 2
        for each in fights:
            skills = db.commands.get_encounter_player_skills(each.id, 7, "dps")
            count = skills.curr_player[0].hits
            assert each.total_dmg == 10 * count == skills.curr_player[0].total_dmg
            assert db.commands.get_encounter_range(each.id).total_dmg == each.total_dmg
            if each.started_at_ms == 1_000 * number:
                assert count >= hits
            elif each.started_at_ms < 1_000 * number:
                assert (count, each.is_complete) == (50, True)
        assert len({each.started_at_ms for each in fights}) == len(fights)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
