"""A database as an application embeds it: open, enqueue, flush, query, close."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from resonance_logs import (
    BeginEncounter,
    Database,
    DatabaseClosed,
    DatabaseUnavailable,
    EndEncounter,
    FlushTimeout,
    InsertDamageEvent,
    InsertHealEvent,
    InvalidTask,
    NewerDatabase,
    NotADatabase,
    QueueFull,
    RecordingError,
    Settings,
    Task,
    UpsertEntity,
)
from tests.helpers.recording import fight, record, rows


def enqueue_until_full(db: Database) -> int:
    for accepted in range(100_000):
        try:
            db.enqueue(InsertDamageEvent(timestamp_ms=accepted, attacker_id=1, value=1))
        except QueueFull:
            return accepted
    raise AssertionError("the queue never was full")


def test_what_is_flushed_is_committed_for_every_process_to_see(db: Database, path: Path) -> None:
    record(db, fight())
    assert rows(path, "SELECT total_dmg, duration_ms, is_defeated FROM encounters") == [
        (30, 2000, 1)
    ]


def test_the_list_shows_the_fight(db: Database) -> None:
    record(db, fight())
    (summary,) = db.commands.get_recent_encounters(limit=10, offset=0).rows
    assert (summary.total_dmg, summary.scene_name) == (30, "Tina's Court")
    assert [boss.monster_name for boss in summary.bosses] == ["Boss"]
    assert [player.name for player in summary.players] == ["Aoi"]


def test_the_raw_journal_is_pruned_and_the_archive_kept(db: Database, path: Path) -> None:
    tasks = fight()
    record(db, tasks[:-1])
    assert rows(path, "SELECT sum(events) FROM encounter_journal") == [(3,)]
    record(db, tasks[-1:])
    assert rows(path, "SELECT count(*) FROM encounter_journal") == [(0,)]
    assert rows(path, "SELECT events FROM encounter_archives") == [(3,)]


def test_a_setting_leaves_the_archive_out(path: Path) -> None:
    with Database.open(path, settings=Settings(archive=False)) as db:
        record(db, fight())
    assert rows(path, "SELECT count(*) FROM encounter_archives") == [(0,)]
    assert rows(path, "SELECT sum(total_value) FROM damage_skill_stats") == [(30,)]


def test_closing_writes_what_is_queued_and_twice_is_once(path: Path) -> None:
    db = Database.open(path)
    for task in fight():
        db.enqueue(task)
    db.close()
    db.close()
    assert rows(path, "SELECT total_dmg FROM encounters") == [(30,)]
    assert not path.with_name("fights.db-wal").exists()


def test_closing_collapses_the_log_into_the_file_though_others_still_read(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fight())
        reader = sqlite3.connect(path)
        reader.execute("SELECT count(*) FROM encounters").fetchone()
    alone = path.with_name("alone.db")
    alone.write_bytes(path.read_bytes())
    assert rows(alone, "SELECT total_dmg FROM encounters") == [(30,)]
    reader.close()


def test_a_closed_database_says_so(path: Path) -> None:
    db = Database.open(path)
    db.close()
    with pytest.raises(DatabaseClosed, match=r"fights\.db was closed"):
        db.enqueue(EndEncounter(ended_at_ms=1))
    with pytest.raises(DatabaseClosed):
        db.flush()


def test_the_end_of_the_interpreter_closes_what_is_open(path: Path) -> None:
    program = (
        "import sys; from resonance_logs import *\n"
        "db = Database.open(sys.argv[1])\n"
        "db.enqueue(BeginEncounter(started_at_ms=1))\n"
        "db.enqueue(EndEncounter(ended_at_ms=9))\n"
        "del db\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60)
    assert rows(path, "SELECT ended_at_ms FROM encounters") == [(9,)]


def test_two_databases_live_in_one_process(tmp_path: Path) -> None:
    with Database.open(tmp_path / "a.db") as one, Database.open(tmp_path / "b.db") as other:
        record(one, fight(hits=1))
        record(other, fight(hits=2))
        assert one.commands.get_recent_encounters(limit=1, offset=0).rows[0].total_dmg == 10
        assert other.commands.get_recent_encounters(limit=1, offset=0).rows[0].total_dmg == 20


def test_an_asyncio_program_awaits_the_flush_and_the_commands(db: Database) -> None:
    async def program() -> int:
        for task in fight():
            db.enqueue(task)
        await db.flush_async(30)
        page = await db.async_commands.get_recent_encounters(limit=10, offset=0)
        return int(page.rows[0].total_dmg)

    assert asyncio.run(program()) == 30


def test_several_threads_enqueue_at_once_and_nothing_is_lost(db: Database) -> None:
    db.enqueue(BeginEncounter(started_at_ms=0))

    def hit(attacker: int) -> None:
        for time in range(1_000):
            db.enqueue(InsertDamageEvent(timestamp_ms=time, attacker_id=attacker, value=1))
            db.enqueue(UpsertEntity(entity_id=attacker, seen_at_ms=time))

    threads = [threading.Thread(target=hit, args=(attacker,)) for attacker in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record(db, [EndEncounter(ended_at_ms=1_000)])
    assert db.commands.get_recent_encounters(limit=1, offset=0).rows[0].total_dmg == 4_000
    assert db.stats().written == 8_002


def test_stats_count_what_was_ignored_stray_and_rejected(db: Database) -> None:
    record(
        db,
        [
            EndEncounter(ended_at_ms=1),
            InsertHealEvent(timestamp_ms=10, healer_id=1, value=5),
            BeginEncounter(started_at_ms=100),
            BeginEncounter(started_at_ms=200),
            InsertDamageEvent(timestamp_ms=100, attacker_id=1, value=-5),
        ],
    )
    stats = db.stats()
    assert (stats.queued, stats.written) == (0, 5)
    assert (stats.ignored, stats.strays, stats.rejected) == (2, 1, 1)
    assert stats.batches >= 1
    assert stats.last_error is None
    assert stats.last_commit_at_ms is not None


@pytest.mark.parametrize(
    ("task", "field"),
    [
        (InsertDamageEvent(timestamp_ms=1, attacker_id=1, value="9"), "value"),  # type: ignore[arg-type]
        (InsertDamageEvent(timestamp_ms=1, attacker_id=1, value=1.5), "value"),  # type: ignore[arg-type]
        (InsertDamageEvent(timestamp_ms=1, attacker_id=1, value=10**12 + 1), "value"),
        (InsertDamageEvent(timestamp_ms=2**53, attacker_id=1, value=1), "timestamp_ms"),
        (InsertDamageEvent(timestamp_ms=2**70, attacker_id=1, value=1), "timestamp_ms"),
        (InsertDamageEvent(timestamp_ms=1, attacker_id=None, value=1), "attacker_id"),  # type: ignore[arg-type]
        (InsertDamageEvent(timestamp_ms=1, attacker_id=1, value=1, skill_id=-(2**53)), "skill_id"),
        (InsertDamageEvent(timestamp_ms=1, attacker_id=1, value=1, is_crit=7), "is_crit"),  # type: ignore[arg-type]
        (InsertDamageEvent(timestamp_ms=1, attacker_id=1, value=1, monster_name=3), "monster_name"),  # type: ignore[arg-type]
        (InsertDamageEvent(timestamp_ms=1, attacker_id=1, value=1, monster_name="\ud800"), "utf-8"),
        (InsertHealEvent(timestamp_ms=1, healer_id=[1], value=1), "healer_id"),  # type: ignore[arg-type]
        (UpsertEntity(entity_id={}, seen_at_ms=1), "entity_id"),  # type: ignore[arg-type]
        (UpsertEntity(entity_id=5, seen_at_ms=None, name="X"), "seen_at_ms"),  # type: ignore[arg-type]
        (UpsertEntity(entity_id=5, seen_at_ms=1, name=b"X"), "name"),  # type: ignore[arg-type]
        (UpsertEntity(entity_id=5, seen_at_ms=1, level="high"), "level"),  # type: ignore[arg-type]
        (EndEncounter(ended_at_ms="now"), "ended_at_ms"),  # type: ignore[arg-type]
        (EndEncounter(ended_at_ms=5, defeated_bosses=[3]), "defeated_bosses"),  # type: ignore[list-item]
    ],
)
def test_a_bad_task_is_rejected_with_its_error_and_its_neighbours_are_kept(
    db: Database, path: Path, task: Task, field: str
) -> None:
    record(
        db,
        [
            BeginEncounter(started_at_ms=0),
            InsertDamageEvent(timestamp_ms=1, attacker_id=7, value=10),
            task,
            InsertDamageEvent(timestamp_ms=2, attacker_id=7, value=20),
            UpsertEntity(entity_id=7, seen_at_ms=3, name="Aoi"),
            EndEncounter(ended_at_ms=10),
        ],
    )
    ((error, text),) = rows(path, "SELECT error, task FROM rejected_tasks")
    assert field.lower() in str(error).lower()
    assert str(type(task).__struct_config__.tag) in str(text) or type(task).__name__ in str(text)
    assert rows(path, "SELECT total_dmg, ended_at_ms FROM encounters") == [(30, 10)]
    assert db.stats().rejected == 1


def test_a_begin_with_a_wrong_field_opens_nothing(db: Database, path: Path) -> None:
    record(db, [BeginEncounter(started_at_ms="then"), EndEncounter(ended_at_ms=3)])  # type: ignore[arg-type]
    assert rows(path, "SELECT count(*) FROM encounters") == [(0,)]
    assert (db.stats().rejected, db.stats().ignored) == (1, 1)


def test_many_are_enqueued_at_once_in_their_order(db: Database, path: Path) -> None:
    db.enqueue_many(fight(hits=5))
    db.flush(30)
    assert rows(path, "SELECT damage_events, total_dmg FROM encounters") == [(5, 50)]


def test_where_one_of_many_is_not_a_task_none_is_taken(db: Database) -> None:
    with pytest.raises(InvalidTask, match="expected a task, got str"):
        db.enqueue_many([*fight(), "what"])  # type: ignore[list-item]
    db.flush(30)
    assert db.stats().written == 0


def test_many_are_refused_by_a_closed_database(db: Database) -> None:
    db.close()
    with pytest.raises(DatabaseClosed):
        db.enqueue_many(fight())


def test_a_full_queue_says_how_many_of_several_it_took(path: Path) -> None:
    settings = Settings(queue_tasks=5, enqueue_seconds=0.05)
    with Database.open(path, settings=settings) as db:
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(QueueFull) as full:
            db.enqueue_many(fight(hits=50))
        blocker.close()
        db.enqueue_many(fight(hits=50)[full.value.taken :], timeout=30)
    assert rows(path, "SELECT damage_events FROM encounters") == [(50,)]


def test_what_is_not_a_task_is_refused_by_the_call(db: Database) -> None:
    with pytest.raises(InvalidTask, match="expected a task, got dict"):
        db.enqueue({"type": "begin_encounter"})  # type: ignore[arg-type]


def test_a_full_queue_raises_and_what_it_holds_is_written(path: Path) -> None:
    settings = Settings(queue_tasks=5, enqueue_seconds=0.05)
    with Database.open(path, settings=settings) as db:
        record(db, [BeginEncounter(started_at_ms=0)])
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        accepted = enqueue_until_full(db)
        blocker.rollback()
        blocker.close()
        db.flush(60)
        assert rows(path, "SELECT sum(events) FROM encounter_journal") == [(accepted,)]


def test_a_flush_that_takes_too_long_raises_and_the_tasks_are_kept(
    db: Database, path: Path
) -> None:
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    for task in fight():
        db.enqueue(task)
    with pytest.raises(FlushTimeout, match="still held"):
        db.flush(0.2)
    blocker.rollback()
    blocker.close()
    db.flush(60)
    assert rows(path, "SELECT total_dmg FROM encounters") == [(30,)]


def test_opened_without_recording_nothing_can_be_enqueued(path: Path) -> None:
    Database.open(path).close()
    with Database.open(path, record=False) as db:
        assert db.commands.get_recent_encounters(limit=1, offset=0).total_count == 0
        with pytest.raises(RecordingError, match="record=False"):
            db.enqueue(EndEncounter(ended_at_ms=1))


def test_opened_without_recording_no_thread_is_started_and_stats_are_zeros(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fight())
    before = threading.active_count()
    with Database.open(path, record=False) as db:
        assert threading.active_count() == before
        stats = db.stats()
        assert (stats.queued, stats.written, stats.batches, stats.last_commit_at_ms) == (
            0,
            0,
            0,
            None,
        )
        with pytest.raises(RecordingError, match="record=False"):
            db.flush()
    with pytest.raises(DatabaseClosed):
        db.enqueue_many(fight())


def test_opened_without_recording_a_missing_file_is_an_error_and_not_made(path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="there is no database at"):
        Database.open(path, record=False)
    assert not path.exists()


def test_the_folder_of_the_file_is_made(tmp_path: Path) -> None:
    with Database.open(tmp_path / "new" / "deep" / "fights.db") as db:
        assert db.path.exists()


def test_a_folder_is_not_a_database(tmp_path: Path) -> None:
    with pytest.raises(NotADatabase, match="is a folder"):
        Database.open(tmp_path)


def test_another_file_is_not_a_database_and_is_left_as_it_is(path: Path) -> None:
    path.write_bytes(b"My diary. " * 500)
    with pytest.raises(NotADatabase, match="is not a database"):
        Database.open(path)
    assert path.read_bytes() == b"My diary. " * 500


def test_another_programs_database_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    with pytest.raises(NotADatabase, match="another program"):
        Database.open(path)


def test_a_newer_file_is_refused_and_left_as_it_is(path: Path) -> None:
    Database.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(NewerDatabase, match="schema 9999"):
        Database.open(path)
    assert rows(path, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_a_path_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match="cannot create the folder"):
        Database.open(tmp_path / "file" / "fights.db")


def test_a_fight_too_large_for_an_archive_is_kept_without_its_individual_hits(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("resonance_logs.fights.archive.MAX_EVENTS", 3)
    for task in fight(hits=4):
        record(db, [task])
    assert rows(path, "SELECT total_dmg FROM encounters") == [(40,)]
    assert rows(path, "SELECT count(*) FROM encounter_archives") == [(0,)]
    assert "without its individual hits" in caplog.text
