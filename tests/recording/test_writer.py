"""The writer: whatever fails, nothing accepted is lost, order is kept, the thread survives."""

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection

from resonance_logs import (
    BeginEncounter,
    Database,
    DatabaseClosed,
    DatabaseUnavailable,
    Durability,
    EndEncounter,
    FlushTimeout,
    InsertDamageEvent,
    RecordingError,
    Settings,
    Task,
    UpsertEntity,
)
from resonance_logs.recording.batch import Batch
from resonance_logs.recording.writer import THREAD_NAME
from resonance_logs.store import journal as journal_module
from tests.helpers.recording import fight, record, rows
from tests.helpers.waiting import wait_until


def hit(time_ms: int, value: int = 1) -> InsertDamageEvent:
    return InsertDamageEvent(timestamp_ms=time_ms, attacker_id=7, value=value, defender_id=900)


def test_the_thread_has_a_name() -> None:
    assert THREAD_NAME.startswith("resonance-logs")


def test_a_locked_file_is_waited_for_and_everything_is_written_in_order(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.BUSY_TIMEOUT_MS", 20)
    with Database.open(path) as db:
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        for task in fight(hits=5):
            db.enqueue(task)
        wait_until(lambda: db.stats().retries >= 2)
        assert "locked" in str(db.stats().last_error)
        blocker.rollback()
        blocker.close()
        db.flush(60)
        assert db.stats().rejected == 0
    assert rows(path, "SELECT total_dmg FROM encounters") == [(50,)]


def test_a_fault_is_reported_once_and_again_when_it_is_over(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.WRITER_BUSY_TIMEOUT_MS", 5)
    with Database.open(path) as db:
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        db.enqueue_many(fight(hits=5))
        wait_until(lambda: db.stats().retries >= 3)
        assert "locked" in str(db.stats().fault)
        assert caplog.text.count("nothing can be written now") == 1
        assert "8 tasks are held and will be retried" in caplog.text
        blocker.rollback()
        blocker.close()
        db.flush(60)
        assert db.stats().fault is None
        assert "locked" in str(db.stats().last_error)
    assert caplog.text.count("nothing can be written now") == 1
    assert caplog.text.count("writing again after") == 1


def test_a_batch_that_fails_leaves_no_trace_and_is_written_whole_when_retried(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Batch.apply
    failures = [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR]

    def failing(self: Batch, tasks: Sequence[Task]) -> None:
        original(self, tasks)
        if failures:
            raise OSError(failures.pop(), "database or disk is full")

    monkeypatch.setattr(Batch, "apply", failing)
    record(db, fight(hits=4))
    assert rows(path, "SELECT total_dmg FROM encounters") == [(40,)]
    assert rows(path, "SELECT count(*), max(id) FROM encounters") == [(1, 1)]
    assert db.stats().retries == 2


def test_a_task_that_breaks_its_batch_is_rejected_alone(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Batch.apply

    def failing(self: Batch, tasks: Sequence[Task]) -> None:
        original(self, tasks)
        if any(isinstance(task, InsertDamageEvent) and task.value == 666 for task in tasks):
            raise RuntimeError("an unforeseen flaw")

    monkeypatch.setattr(Batch, "apply", failing)
    tasks: list[Task] = [BeginEncounter(started_at_ms=0), *(hit(n) for n in range(20))]
    tasks.insert(7, hit(100, value=666))
    tasks.append(UpsertEntity(entity_id=7, seen_at_ms=0))
    record(db, [*tasks, EndEncounter(ended_at_ms=50)])
    assert rows(path, "SELECT total_dmg FROM encounters") == [(20,)]
    ((task, error),) = rows(path, "SELECT task, error FROM rejected_tasks")
    assert "666" in str(task)
    assert "an unforeseen flaw" in str(error)
    assert db.stats().rejected == 1


def test_the_thread_lives_on_after_errors_and_writes_what_comes_later(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Batch, "apply", lambda self, tasks: 1 / 0)
        record(db, [hit(1)])
    assert any(thread.name == THREAD_NAME for thread in threading.enumerate())
    record(db, fight())
    assert rows(path, "SELECT total_dmg FROM encounters") == [(30,)]
    assert "ZeroDivisionError" in str(db.stats().last_error)


def test_closing_while_the_file_cannot_be_written_says_where_the_tasks_are_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.BUSY_TIMEOUT_MS", 20)
    db = Database.open(path, settings=Settings(close_seconds=0.3))
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    for task in fight(hits=2):
        db.enqueue(task)
    with pytest.raises(FlushTimeout):
        db.flush(0.1)
    waiting: list[BaseException] = []

    def flush() -> None:
        try:
            db.flush()
        except DatabaseClosed as error:
            waiting.append(error)

    flusher = threading.Thread(target=flush)
    flusher.start()
    wait_until(lambda: db.stats().queued > 0)
    with pytest.raises(DatabaseUnavailable, match=r"5 tasks are kept in .*spill-1\.ndjson"):
        db.close()
    flusher.join(30)
    assert len(waiting) == 1
    blocker.close()
    Database.open(path).close()
    assert rows(path, "SELECT damage_events, was_interrupted FROM encounters") == [(2, 0)]


def test_live_counters_are_stored_within_their_time_without_a_flush(path: Path) -> None:
    with Database.open(path, settings=Settings(live_seconds=0.05)) as db:
        for task in fight(hits=3)[:-1]:
            db.enqueue(task)
        wait_until(
            lambda: (
                rows(path, "SELECT damage_dealt, hits_dealt FROM actor_encounter_stats")
                == [(30, 3), (0, 0)]
            )
        )
        assert rows(path, "SELECT total_dmg, damage_events FROM encounters") == [(30, 3)]


def test_live_counters_equal_what_the_journal_adds_up_to(db: Database, path: Path) -> None:
    record(db, [BeginEncounter(started_at_ms=0), *(hit(n, value=n) for n in range(100))])
    record(db, [UpsertEntity(entity_id=7, seen_at_ms=3, name="Aoi"), hit(101, value=1)])
    ((dealt,),) = rows(
        path, "SELECT damage_dealt FROM actor_encounter_stats WHERE is_player AND actor_id = 7"
    )
    connection: Connection
    with db._store.read_transaction() as connection:
        events = journal_module.read(connection, 1).events
    assert dealt == int(events.damage.value.sum()) == 4951


def test_only_one_row_a_batch_is_written_for_the_hits(db: Database, path: Path) -> None:
    record(db, [BeginEncounter(started_at_ms=0), *(hit(n) for n in range(1_000))])
    ((chunks, events),) = rows(path, "SELECT count(*), sum(events) FROM encounter_journal")
    assert events == 1_000
    assert isinstance(chunks, int)
    assert chunks <= db.stats().batches


def test_a_difference_between_the_live_sums_and_the_journal_is_logged(
    db: Database, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record(db, [BeginEncounter(started_at_ms=0), hit(1, value=5)])
    record(db, [hit(2, value=7)])
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM encounter_journal WHERE chunk = 0")
    connection.commit()
    connection.close()
    with caplog.at_level(logging.ERROR):
        record(db, [UpsertEntity(entity_id=7, seen_at_ms=3), EndEncounter(ended_at_ms=9)])
    assert "differ from the journal" in caplog.text
    assert rows(path, "SELECT total_dmg FROM encounters") == [(7,)]


def test_a_flush_that_nobody_awaits_any_more_does_no_harm(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.BUSY_TIMEOUT_MS", 20)
    with Database.open(path) as db:
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        db.enqueue(BeginEncounter(started_at_ms=0))
        with pytest.raises(FlushTimeout):
            asyncio.run(db.flush_async(0.1))
        blocker.close()
        db.flush(60)
        record(db, fight(hits=5)[1:])
    assert rows(path, "SELECT damage_events FROM encounters") == [(5,)]


def test_an_unexpected_error_is_logged_and_the_thread_survives(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_batch: Batch) -> None:
        raise AssertionError("a mistake")

    with Database.open(path) as db:
        with monkeypatch.context() as broken:
            broken.setattr(Batch, "publish", fail)
            db.enqueue(UpsertEntity(entity_id=1, seen_at_ms=1, name="Aoi"))
            with pytest.raises(RecordingError, match="1 tasks may be lost: AssertionError"):
                db.flush(30)
        assert "the writer failed" in caplog.text
        assert (db.stats().rejected, db.stats().last_error) == (1, "AssertionError: a mistake")
        record(db, fight(hits=5))
    assert rows(path, "SELECT damage_events FROM encounters") == [(5,)]


class Raising(logging.Handler):
    """A failing log handler of an application."""

    def emit(self, record: logging.LogRecord) -> None:
        raise BrokenPipeError("nobody reads the log")


def test_a_log_handler_that_fails_does_not_end_the_thread(path: Path) -> None:
    handler = Raising()
    logger = logging.getLogger("resonance_logs")
    logger.addHandler(handler)
    try:
        with Database.open(path) as db:
            db.enqueue(EndEncounter(ended_at_ms=1))  # ignored, and logged
            with contextlib.suppress(RecordingError):
                db.flush(30)
            record(db, fight(hits=5))
            assert "nobody reads the log" in str(db.stats().last_error)
    finally:
        logger.removeHandler(handler)
    assert rows(path, "SELECT damage_events FROM encounters") == [(5,)]


def test_one_bad_task_does_not_make_others_bad(path: Path) -> None:
    with Database.open(path) as db:
        good: list[Task] = [
            InsertDamageEvent(timestamp_ms=n, attacker_id=np.int64(7), value=1, is_crit=1)  # type: ignore[arg-type]
            for n in range(100)
        ]
        tasks = [BeginEncounter(started_at_ms=0), *good, hit(5, -1)]
        record(db, [*tasks, EndEncounter(ended_at_ms=200)])
        assert db.stats().rejected == 1
    assert rows(path, "SELECT damage_events FROM encounters") == [(100,)]


def test_a_task_whose_field_holds_itself_is_rejected_alone(path: Path) -> None:
    itself: list[object] = []
    itself.append(itself)

    class Rude:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    with Database.open(path) as db:
        bad: list[Task] = [
            UpsertEntity(entity_id=1, seen_at_ms=1, name=itself),  # type: ignore[arg-type]
            UpsertEntity(entity_id=1, seen_at_ms=1, name=Rude()),  # type: ignore[arg-type]
        ]
        tasks = fight(hits=50)
        record(db, [*tasks[:9], *bad, *tasks[9:]])
        assert db.stats().rejected == 2
    assert rows(path, "SELECT damage_events FROM encounters") == [(50,)]
    assert rows(path, "SELECT count(*) FROM rejected_tasks") == [(2,)]


def test_strays_that_no_fight_took_are_counted_at_the_end(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Database.open(path) as db:
        record(db, [hit(1), hit(2)])
        assert db.stats().strays == 0
    assert "2 event(s) arrived outside any fight" in caplog.text


def test_an_end_that_cannot_be_stored_lets_the_next_fight_begin(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise ZeroDivisionError("cannot be finished")

    with Database.open(path) as db:
        record(db, fight(hits=4)[:-1])
        with monkeypatch.context() as broken:
            broken.setattr("resonance_logs.recording.batch.finish", fail)
            record(db, [EndEncounter(ended_at_ms=9_000)])
        record(db, fight(started=20_000, hits=5))
    Database.open(path).close()
    found = rows(path, "SELECT damage_events, was_interrupted FROM encounters ORDER BY id")
    assert found == [(4, 1), (5, 0)]


def test_a_thread_that_waits_for_room_hears_that_the_database_was_closed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database.open(path, settings=Settings(queue_tasks=50, close_seconds=0.2))
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    told: list[BaseException] = []

    def feed() -> None:
        try:
            db.enqueue_many([hit(n) for n in range(10_000)], timeout=60)
        except RecordingError as error:
            told.append(error)

    thread = threading.Thread(target=feed)
    thread.start()
    wait_until(lambda: db.stats().queued >= 50)
    with contextlib.suppress(DatabaseUnavailable):
        db.close()
    thread.join(10)
    blocker.close()
    assert not thread.is_alive()
    assert isinstance(told[0], DatabaseClosed)


@pytest.mark.parametrize(("durability", "synchronous"), [("normal", 1), ("full", 2)])
def test_the_writer_waits_for_the_disk_if_configured(
    path: Path, durability: str, synchronous: int
) -> None:
    with Database.open(path, settings=Settings(durability=Durability(durability))) as db:
        record(db, fight())
        assert db._recording is not None
        connection = db._recording._writer._committer.connection()
        with connection.begin():
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == synchronous
