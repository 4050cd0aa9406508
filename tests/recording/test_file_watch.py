"""The file is deleted, moved or replaced while it is recorded: nothing is lost."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from resonance_logs import (
    Database,
    DatabaseMoved,
    EndEncounter,
    InsertDamageEvent,
    RecordingError,
    Settings,
    Task,
    Unavailable,
    UpsertEntity,
)
from tests.helpers.damage import fold_log
from tests.helpers.recording import fight, record, rows

pytestmark = pytest.mark.attack

STARTED = 1_000_000_000_000
HITS = 40
FIGHT = fight(STARTED + 900_000, HITS)
BEGUN, REST = FIGHT[:20], FIGHT[20:]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another database, with a fight of its own."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with Database.open(folder / "other.db") as db:
        record(db, fight(STARTED + 5_000_000, 7))
    return folder / "other.db"


@pytest.fixture
def recorded(path: Path) -> Database:
    """A database with two fights and half of a third one, being recorded."""
    db = Database.open(path)
    for number in range(2):
        record(db, fight(STARTED + 90_000 * number))
    record(db, BEGUN)
    return db


def delete(path: Path, _other: Path) -> None:
    path.unlink()


def replace(path: Path, other: Path) -> None:
    other.replace(path)


def move(path: Path, _other: Path) -> None:
    path.rename(path.with_name("moved.db"))


def move_folder(path: Path, _other: Path) -> None:
    path.parent.rename(path.parent.with_name("moved folder"))


def replace_folder(path: Path, other: Path) -> None:
    path.parent.rename(path.parent.with_name("moved folder"))
    path.parent.mkdir()
    shutil.copy(other, path)


def delete_folder(path: Path, _other: Path) -> None:
    shutil.rmtree(path.parent)


Harm = Callable[[Path, Path], None]
HARMS: list[Harm] = [delete, replace, move, move_folder, replace_folder, delete_folder]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files go if there is no folder for them."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("resonance_logs.store.sqlite.rescue.PATIENCE_S", 0.2)
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder / "fights.db"


def wait_for_fault(db: Database) -> str:
    waited = threading.Event()
    for _ in range(1_200):
        if fault := db.stats().fault:
            return fault
        waited.wait(0.05)
    raise AssertionError("no fault after a minute")


def old_content(tmp_path: Path) -> Path:
    """Where what was recorded is now: saved, or else in the file that was moved."""
    for pattern in (
        "home/fights.removed-*.db",
        "temporary/*/fights.removed-*.db",
        "home/moved.db",
        "moved folder/fights.db",
    ):
        for found in tmp_path.glob(pattern):
            return found
    raise AssertionError("nothing was kept")


def hits_in(path: Path) -> int:
    """Put a file back, record what was kept, end the fight, and count the hits of the last one."""
    with Database.open(path) as db:
        db.enqueue(EndEncounter(ended_at_ms=STARTED + 990_000))
        db.flush(30)
        return db.commands.get_recent_encounters().rows[0].total_dmg // 10


@pytest.mark.parametrize("harm", HARMS)
def test_flush_fails_stats_tell_and_close_raises(
    recorded: Database, path: Path, other: Path, harm: Harm
) -> None:
    harm(path, other)
    recorded.enqueue_many(REST)
    told = r"was deleted, moved or replaced while it was recorded, and recording has stopped"
    with pytest.raises(RecordingError, match=told):
        recorded.flush(60)
    assert "recording has stopped" in str(recorded.stats().fault)
    with pytest.raises(RecordingError, match=told):
        recorded.enqueue(REST[0])
    with pytest.raises(RecordingError, match=told):
        recorded.flush(60)
    with pytest.raises(DatabaseMoved, match=told):
        recorded.close()
    recorded.close()


def test_an_application_is_told_without_asking(recorded: Database, path: Path) -> None:
    told = threading.Event()
    recorded.on_stopped = told.set
    path.unlink()
    assert told.wait(30)
    assert not recorded.is_recording
    with pytest.raises(DatabaseMoved):
        recorded.close()


@pytest.mark.parametrize("harm", HARMS)
def test_an_idle_recorder_notices_by_itself(
    recorded: Database, path: Path, other: Path, harm: Harm
) -> None:
    harm(path, other)
    assert "recording has stopped" in wait_for_fault(recorded)
    with pytest.raises(DatabaseMoved):
        recorded.close()


@pytest.mark.parametrize("harm", HARMS)
def test_commands_read_no_other_file(
    recorded: Database, path: Path, other: Path, harm: Harm
) -> None:
    assert len(recorded.commands.get_recent_encounters().rows) == 2
    harm(path, other)
    with pytest.raises(Unavailable, match="since it was opened"):
        recorded.commands.get_recent_encounters()
    with pytest.raises(DatabaseMoved):
        recorded.backup(path.parent.parent / "backup.db")
    with pytest.raises(Unavailable):
        recorded.commands.set_encounter_note(1, "a note")
    wait_for_fault(recorded)
    with pytest.raises(Unavailable, match="since it was opened"):
        recorded.commands.get_recent_encounters()
    with pytest.raises(DatabaseMoved):
        recorded.close()


@pytest.mark.parametrize("harm", HARMS)
def test_everything_is_kept_and_goes_on_once_the_file_is_put_back(
    recorded: Database, path: Path, other: Path, harm: Harm, tmp_path: Path
) -> None:
    harm(path, other)
    recorded.enqueue_many(REST[:-1])
    with pytest.raises(RecordingError) as told:
        recorded.flush(60)
    with pytest.raises(DatabaseMoved):
        recorded.close()
    content = old_content(tmp_path)
    assert str(content) in str(told.value)
    assert rows(content, "PRAGMA integrity_check") == [("ok",)]
    path.parent.mkdir(exist_ok=True)
    for spill in tmp_path.glob("temporary/*/*.spill-*"):
        spill.rename(path.with_name(spill.name))
    content.replace(path)
    assert hits_in(path) == HITS


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_accepted_after_the_last_commit_is_kept_in_a_spill(
    recorded: Database, path: Path, other: Path, harm: Harm, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE").close()  # so that nothing more is committed
        recorded.enqueue_many(REST[:-1])
        harm(path, other)
        with pytest.raises(RecordingError, match=f"{len(REST) - 1} tasks are kept in"):
            recorded.flush(60)
        with pytest.raises(DatabaseMoved):
            recorded.close()
    content = old_content(tmp_path)
    path.parent.mkdir(exist_ok=True)
    spills = [*tmp_path.glob("*/*.spill-*.*"), *tmp_path.glob("temporary/*/*.spill-*.*")]
    assert len(spills) == 2
    for spill in spills:
        spill.rename(path.with_name(spill.name))
    content.replace(path)
    assert hits_in(path) == HITS
    assert not list(path.parent.glob("*spill*"))


def test_a_folder_that_was_moved_has_the_tasks_too(recorded: Database, path: Path) -> None:
    moved = path.parent.with_name("moved folder") / path.name
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE").close()
        recorded.enqueue_many(REST[:-1])
        move_folder(path, path)
        with pytest.raises(RecordingError):
            recorded.flush(60)
        with pytest.raises(DatabaseMoved):
            recorded.close()
    assert hits_in(moved) == HITS


@pytest.mark.parametrize("harm", [delete, replace])
def test_the_tasks_of_one_file_are_not_recorded_into_another(
    recorded: Database, path: Path, other: Path, harm: Harm, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE").close()
        recorded.enqueue_many(REST)
        harm(path, other)
        with pytest.raises(DatabaseMoved):
            recorded.close()
    with Database.open(path) as db:
        expected = [] if harm is delete else [70]
        assert [each.total_dmg for each in db.commands.get_recent_encounters().rows] == expected
        assert db.stats().strays == 0
        findings = db.commands.get_database_health().findings
    assert "they belong to another file" in caplog.text
    assert any("belongs to another file; record what is left" in each for each in findings)
    assert any("resonance-logs import" in each for each in findings)
    assert list(path.parent.glob("fights.db.damaged-spill-*.ndjson"))
    assert not list(path.parent.glob("fights.db.spill-*"))


def test_what_was_saved_can_be_imported(recorded: Database, path: Path, tmp_path: Path) -> None:
    path.unlink()
    with pytest.raises(DatabaseMoved):
        recorded.close()
    with Database.open(path) as db:
        assert db.import_fights(old_content(tmp_path)).imported == [1, 2]


@pytest.mark.parametrize("harm", HARMS)
def test_a_position_is_not_acknowledged_for_what_is_not_in_the_file(
    path: Path, other: Path, harm: Harm
) -> None:
    db = Database.open(path)
    recorder = db.recorder("raid")
    with recorder.sending(0) as sender:
        recorder.enqueue_many(sender.select_new(BEGUN))
        recorder.flush(30)
        assert recorder.stored_position == len(BEGUN)
        harm(path, other)
        with pytest.raises(RecordingError, match="since it was opened"):
            _ = recorder.stored_position
        with pytest.raises(RecordingError):
            db.find_recorder("raid")
    with pytest.raises(DatabaseMoved):
        db.close()


def test_a_sender_with_positions_records_everything_into_the_new_file(path: Path) -> None:
    db = Database.open(path)
    recorder = db.recorder("raid")
    with recorder.sending(0) as sender:
        recorder.enqueue_many(sender.select_new(BEGUN))
        recorder.flush(30)
    path.unlink()
    with pytest.raises(DatabaseMoved):
        db.close()
    with Database.open(path) as again:
        recorder = again.recorder("raid", resume=True)
        assert recorder.position == 0
        with recorder.sending(0) as sender:
            recorder.enqueue_many(sender.select_new(FIGHT))
        recorder.flush(30)
        assert again.commands.get_recent_encounters().rows[0].total_dmg == 10 * HITS


def test_a_file_that_is_back_at_once_was_never_gone(recorded: Database, path: Path) -> None:
    path.rename(path.with_name("moved.db"))
    path.with_name("moved.db").rename(path)
    record(recorded, REST)
    recorded.close()
    assert rows(path, "SELECT max(total_dmg) FROM encounters") == [(10 * HITS,)]


def test_a_symlink_that_leads_to_another_file_is_noticed(
    path: Path, other: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    db = Database.open(link)
    record(db, BEGUN)
    link.unlink()
    link.symlink_to(other)
    db.enqueue_many(REST)
    with pytest.raises(RecordingError, match=f"everything that was recorded is in {path}"):
        db.flush(60)
    with pytest.raises(DatabaseMoved):
        db.close()
    assert rows(other, "SELECT total_dmg FROM encounters") == [(70,)]


@pytest.mark.parametrize("suffixes", [("-wal",), ("-shm",), ("-wal", "-shm")])
def test_a_log_that_is_deleted_costs_nothing(
    recorded: Database, path: Path, suffixes: tuple[str, ...]
) -> None:
    for suffix in suffixes:
        path.with_name(path.name + suffix).unlink()
    record(recorded, REST)
    with Database.open(path, record=False) as reader:
        assert reader.commands.get_recent_encounters().rows[0].total_dmg == 10 * HITS
        assert reader.commands.check_database().is_sound
    assert recorded.stats().fault is None
    record(recorded, fight(STARTED + 2_000_000))
    recorded.close()
    assert rows(path, "SELECT count(*) FROM encounters") == [(4,)]


_CRASH = """
import os, sys
from pathlib import Path
from resonance_logs import Database
from tests.helpers.recording import fight, record
path = Path(sys.argv[1])
db = Database.open(path)
record(db, fight(1_000_000_000_000))
for suffix in sys.argv[2:]:
    path.with_name(path.name + suffix).unlink()
record(db, fight(1_000_000_090_000))
os._exit(9)
"""


@pytest.mark.parametrize("suffixes", [("-wal",), ("-shm",), ("-wal", "-shm")])
def test_what_was_flushed_after_the_log_was_deleted_survives_a_crash(
    path: Path, suffixes: tuple[str, ...]
) -> None:
    ended = subprocess.run([sys.executable, "-c", _CRASH, path, *suffixes], check=False)
    assert ended.returncode == 9
    with Database.open(path) as db:
        assert len(db.commands.get_recent_encounters().rows) == 2
        assert db.commands.check_database().is_sound


def test_the_old_log_does_not_reach_the_new_file(
    recorded: Database, path: Path, other: Path
) -> None:
    before = rows(other, "SELECT id, total_dmg FROM encounters")
    other.replace(path)
    wait_for_fault(recorded)
    assert path.with_name("fights.db-wal").stat().st_size == 0
    with pytest.raises(DatabaseMoved):
        recorded.close()
    assert rows(path, "SELECT id, total_dmg FROM encounters") == before
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_file_that_is_replaced_by_garbage_is_not_repaired(
    recorded: Database, path: Path, tmp_path: Path
) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(os.urandom(100_000))
    garbage.replace(path)
    recorded.enqueue_many(REST)
    with pytest.raises(RecordingError, match="was deleted, moved or replaced"):
        recorded.flush(60)
    with pytest.raises(DatabaseMoved):
        recorded.close()
    assert path.stat().st_size == 100_000
    assert not list(path.parent.glob("fights.damaged-*.db"))


def test_what_is_not_saved_is_said_to_be_lost(
    recorded: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_arguments: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("resonance_logs.store.sqlite.rescue.whole_database", no_room)
    path.unlink()
    with pytest.raises(DatabaseMoved, match=r"is lost, because it cannot be saved .*No space left"):
        recorded.close()


def test_a_reader_sees_the_new_file_or_says_that_it_must_open_it(path: Path, other: Path) -> None:
    with Database.open(path) as db:
        record(db, FIGHT)
    for read_only in (False, True):
        with Database.open(path, record=False, read_only=read_only) as reader:
            assert reader.commands.get_recent_encounters().total_count == 1
            kept = path.with_name("kept.db")
            path.rename(kept)
            with pytest.raises(Unavailable, match="was deleted or moved"):
                reader.commands.get_recent_encounters()
            shutil.copy(other, path)
            with pytest.raises(Unavailable, match="was replaced by another file"):
                reader.commands.get_recent_encounters()
            path.unlink()
            kept.rename(path)
            assert reader.commands.get_recent_encounters().total_count == 1


def test_a_deleted_file_is_not_created_by_a_command(path: Path) -> None:
    with Database.open(path) as db:
        record(db, FIGHT)
    with Database.open(path, record=False) as reader:
        path.unlink()
        with pytest.raises(Unavailable):
            reader.commands.set_encounter_note(1, "a note")
    assert not path.exists()


def test_a_repair_puts_a_new_file_in_place_and_is_no_such_case(path: Path) -> None:
    from tests.helpers.damage import zero_root

    bea: list[Task] = [UpsertEntity(entity_id=8, seen_at_ms=STARTED, name="Bea")]
    with Database.open(path, settings=Settings()) as db:
        record(db, BEGUN)
        zero_root(path, "entities")
        record(db, [*bea, *REST])
        assert db.stats().fault is None
        assert db.commands.get_recent_encounters().rows[0].total_dmg == 10 * HITS
        fold_log(path)
        hit = InsertDamageEvent(timestamp_ms=STARTED + 950_000, attacker_id=7, value=10)
        record(db, [hit])
