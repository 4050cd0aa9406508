"""The file is kept small while nothing else is to be written; recording never waits for it."""

import logging
import sqlite3
import time
from pathlib import Path

import pytest

from resonance_logs import Database, InsertDamageEvent, Settings
from resonance_logs.recording import housekeeping as module
from resonance_logs.recording.housekeeping import Housekeeping
from tests.helpers.recording import fight, record, rows
from tests.helpers.waiting import wait_until


def fights(count: int, hits: int = 3) -> list[object]:
    return [task for n in range(count) for task in fight(started=10_000 * n, hits=hits)]


def count(path: Path, table: str) -> int:
    found = rows(path, f"SELECT count(*) FROM {table}")[0][0]
    assert isinstance(found, int)
    return found


def test_after_a_fight_what_is_beyond_the_limits_is_deleted(path: Path) -> None:
    settings = Settings(keep_fights_newest=5, keep_hits_newest=2)
    with Database.open(path, settings=settings) as db:
        record(db, fights(40))  # type: ignore[arg-type]
        wait_until(lambda: count(path, "encounters") == 5)
        wait_until(lambda: count(path, "encounter_archives") == 2)
        record(db, fight(started=900_000))
        wait_until(lambda: rows(path, "SELECT min(id), max(id) FROM encounters") == [(37, 41)])
        assert db.commands.check_database().is_sound


def test_what_is_beyond_new_limits_is_deleted_when_recording_begins(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fights(10))  # type: ignore[arg-type]
    with Database.open(path, settings=Settings(keep_fights_newest=3)):
        wait_until(lambda: count(path, "encounters") == 3)


def test_closing_at_once_still_prunes(path: Path) -> None:
    with Database.open(path, settings=Settings(keep_fights_newest=3)) as db:
        record(db, fights(30))  # type: ignore[arg-type]
    assert count(path, "encounters") == 3


def test_the_file_is_held_below_its_size(path: Path) -> None:
    most = 600_000
    settings = Settings(keep_hits_file_bytes=most, keep_fights_file_bytes=most)
    tasks = [
        task
        for n in range(30)
        for task in (
            *fight(started=1_000_000 * n)[:-1],
            *(
                InsertDamageEvent(timestamp_ms=1_000_000 * n + k, attacker_id=k, value=k * k)
                for k in range(500)
            ),
            fight(started=1_000_000 * n)[-1],
        )
    ]
    with Database.open(path, settings=settings) as db:
        record(db, tasks)
    assert count(path, "encounters") < 30
    assert rows(path, "SELECT max(id) FROM encounters") == [(30,)]
    (pages,), (free,) = rows(path, "PRAGMA page_count")[0], rows(path, "PRAGMA freelist_count")[0]
    assert isinstance(pages, int)
    assert isinstance(free, int)
    assert 4_096 * (pages - free) <= most


def test_a_log_is_emptied_after_a_fight(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fights(20, hits=50))  # type: ignore[arg-type]
        log = path.with_name(f"{path.name}-wal")
        wait_until(lambda: log.stat().st_size == 0)


def test_a_log_is_emptied_when_nothing_came_for_a_while(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECKPOINT_IDLE_S", 0.2)
    with Database.open(path) as db:
        record(db, fight()[:-1])
        log = path.with_name(f"{path.name}-wal")
        wait_until(lambda: log.stat().st_size == 0)


def test_where_there_is_never_a_pause_a_step_is_taken_between_batches(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_DELAY_S", 0.1)
    monkeypatch.setattr(module, "MIN_STEP_INTERVAL_S", 0.0)
    with Database.open(path, settings=Settings(keep_fights_newest=3)) as db:
        record(db, fights(10))  # type: ignore[arg-type]
        hit = InsertDamageEvent(timestamp_ms=1, attacker_id=7, value=1)
        record(db, fight(started=900_000)[:-1])
        end = time.monotonic() + 30
        while count(path, "encounters") > 4:
            assert time.monotonic() < end
            db.enqueue(hit)
    assert count(path, "encounter_journal") > 0


def test_a_step_that_fails_is_reported_and_recording_continues(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("no space for that")

    monkeypatch.setattr(module, "plan_pruning", fail)
    with caplog.at_level(logging.WARNING), Database.open(path) as db:
        wait_until(lambda: "housekeeping is postponed" in caplog.text)
        record(db, fight())
        assert db.stats().fault is None
    assert caplog.text.count("no space for that") <= 2
    assert count(path, "encounters") == 1


def test_a_step_is_due_when_idle_or_when_it_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    keeping = Housekeeping(Settings())
    assert keeping.wait_s is None
    assert not keeping.is_due(is_idle=True)
    keeping.record_commit()
    assert keeping.wait_s == module.CHECKPOINT_IDLE_S
    assert not keeping.is_due(is_idle=True)
    keeping.begin_round()
    assert keeping.wait_s == module.IDLE_S
    assert keeping.is_due(is_idle=True)
    assert not keeping.is_due(is_idle=False)
    now[0] += module.MAX_DELAY_S + 1
    keeping.begin_round()
    assert keeping.is_due(is_idle=False)
    keeping.postpone()
    assert not keeping.is_due(is_idle=True)
    assert keeping.wait_s == module.RETRY_DELAY_S
