"""The health of a file: its state, its recorder, and what needs attention."""

import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from resonance_logs import Database, DatabaseUnavailable, InsertDamageEvent, Settings
from resonance_logs.commands.health import DatabaseHealth
from resonance_logs.store.sqlite.lock import RecorderLock, is_held
from tests.helpers.processes import kill, recorder
from tests.helpers.recording import fight, record


def health(path: Path) -> DatabaseHealth:
    with Database.open(path, record=False) as db:
        return db.commands.get_database_health()


def test_all_is_well_after_a_clean_end(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fight())
    found = health(path)
    assert found.findings == []
    assert (found.encounters, found.open_encounter_id, found.is_recorded) == (1, None, False)
    assert found.size_bytes == path.stat().st_size
    assert found.last_run is not None
    assert (found.last_run.is_clean, found.last_run.written, found.last_run.queued) == (True, 6, 0)


def test_while_it_is_recorded_the_run_tells_what_it_does(path: Path) -> None:
    before = time.time_ns() // 1_000_000
    with Database.open(path) as db:
        record(db, fight()[:-1])
        found = health(path)
        assert found.is_recorded
        assert (found.open_encounter_id, found.open_since_ms) == (1, 1_000)
        assert found.last_run is not None
        assert found.last_run.written == 5
        assert found.last_run.seen_at_ms is not None
        assert before <= found.last_run.seen_at_ms
        assert not found.last_run.is_clean
        assert found.findings == []
        assert db.commands.get_database_health().is_recorded


def test_an_interrupted_run_is_found(path: Path) -> None:
    kill(recorder(path, 3))
    (finding,) = health(path).findings
    assert finding.startswith("the last run did not exit cleanly")


def test_rejected_tasks_are_found(path: Path) -> None:
    with Database.open(path) as db:
        record(db, [InsertDamageEvent(timestamp_ms="x", attacker_id=1, value=1)])  # type: ignore[arg-type]
    found = health(path)
    assert found.rejected_tasks == 1
    assert found.findings == ["1 tasks were rejected; see resonance-logs rejects list"]
    assert found.last_run is not None
    assert found.last_run.rejected == 1


def test_tasks_that_wait_in_a_file_are_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.BUSY_TIMEOUT_MS", 20)
    db = Database.open(path, settings=Settings(close_seconds=0.1))
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    db.enqueue_many(fight())
    with pytest.raises(DatabaseUnavailable):
        db.close()
    blocker.close()
    found = health(path)
    assert found.spill_files == [f"{path}.spill-1.ndjson"]
    assert any("the next recording reads them" in each for each in found.findings)


def test_a_disk_with_little_room_is_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Database.open(path).close()
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(9, 9, 9))
    assert health(path).findings == ["only 9 bytes of disk space are free"]


def test_files_that_were_put_aside_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "my [raid] fights.db"
    saved = tmp_path / "saved.db"
    with Database.open(path) as db:
        record(db, fight())
        db.backup(saved)
    kept = Database.restore(saved, path)
    assert health(path).kept_files == [str(kept)]


def test_asking_whether_the_file_is_recorded_does_not_hinder_a_recorder(path: Path) -> None:
    assert not is_held(path)
    lock = RecorderLock(path)
    lock.acquire()
    assert is_held(path)
    lock.release()
    assert not is_held(path)


def test_runs_are_listed_the_newest_first(path: Path) -> None:
    for _ in range(3):
        with Database.open(path) as db:
            record(db, fight())
    with Database.open(path, record=False) as db:
        page = db.commands.get_recorder_runs(limit=2)
        assert [run.id for run in page.rows] == [3, 2]
        assert page.total_count == 3
        assert all(run.is_clean and run.written for run in page.rows)
        assert [run.id for run in db.commands.get_recorder_runs(offset=2).rows] == [1]
