"""Several recorders of one database: each has its own order, fight and position."""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
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
    InvalidArgument,
    InvalidTask,
    PositionGap,
    RecorderBusy,
    RecordingError,
    Settings,
    UpsertEntity,
)
from resonance_logs.tasks import SKIPPED_LINE
from tests.helpers.recording import fight, record, rows
from tests.helpers.waiting import wait_until


def summaries(db: Database) -> list[tuple[str, str, int, list[str]]]:
    """Recorder, game, damage and players' names of all ended fights, by recorder."""
    found = db.commands.get_recent_encounters().rows
    return sorted(
        (each.recorder, each.game, each.total_dmg, [player.name for player in each.players])
        for each in found
    )


def test_two_recorders_record_a_fight_each_at_the_same_time(db: Database) -> None:
    other = db.recorder("second", "wow")
    for task, theirs in zip(fight(hits=4), fight(started=50_000, hits=4), strict=True):
        db.enqueue(task)
        other.enqueue(theirs)
    db.flush(30)
    assert summaries(db) == [("default", "bpsr", 40, ["Aoi"]), ("second", "wow", 40, ["Aoi"])]
    assert db.stats().ignored == 0
    assert db.commands.check_database().is_sound


def test_the_players_of_another_game_are_no_players_here(db: Database) -> None:
    """An id of one game says nothing in another."""
    other = db.recorder("second", "wow")
    db.enqueue(UpsertEntity(entity_id=8, seen_at_ms=1_000, name="Bea"))
    db.flush(30)
    for each in (db, other):
        each.enqueue_many(
            [
                BeginEncounter(started_at_ms=1_000),
                InsertDamageEvent(timestamp_ms=1_100, attacker_id=8, value=5, defender_id=9),
                EndEncounter(ended_at_ms=2_000),
            ]
        )
    db.flush(30)
    assert summaries(db) == [("default", "bpsr", 5, ["Bea"]), ("second", "wow", 0, [])]


def test_recorders_of_one_game_share_its_players(db: Database) -> None:
    other = db.recorder("second")
    db.enqueue(UpsertEntity(entity_id=8, seen_at_ms=1_000, name="Bea"))
    db.flush(30)
    other.enqueue_many(
        [
            BeginEncounter(started_at_ms=1_000),
            InsertDamageEvent(timestamp_ms=1_100, attacker_id=8, value=5, defender_id=9),
            EndEncounter(ended_at_ms=2_000),
        ]
    )
    other.flush(30)
    assert summaries(db) == [("second", "bpsr", 5, ["Bea"])]


@pytest.mark.parametrize("name", ["", "x" * 65, "\ud800", 5, None])
def test_an_invalid_name_is_refused_by_name(db: Database, path: Path, name: object) -> None:
    with pytest.raises(InvalidArgument) as told:
        db.recorder(name)  # type: ignore[arg-type]
    assert told.value.argument == "recorder"
    with pytest.raises(InvalidArgument):
        Database.open(path.with_name("new.db"), recorder=name)  # type: ignore[arg-type]
    assert not path.with_name("new.db").exists()


@pytest.mark.parametrize("game", ["", "BPSR", "x" * 65, "a b", "a\n", 5])
def test_an_invalid_game_is_refused_by_name(db: Database, path: Path, game: object) -> None:
    with pytest.raises(InvalidArgument) as told:
        db.recorder("second", game)  # type: ignore[arg-type]
    assert told.value.argument == "game"
    with pytest.raises(InvalidArgument):
        Database.open(path.with_name("new.db"), game=game)  # type: ignore[arg-type]
    Database.open(path.with_name("new.db")).close()


def test_the_longest_names_are_accepted(db: Database) -> None:
    other = db.recorder("界" * 64, "a-9" + "z" * 61)
    record_one = fight()
    other.enqueue_many(record_one)
    other.flush(30)
    assert [each[:2] for each in summaries(db)] == [(other.name, other.game)]


def test_of_the_same_name_it_is_the_same_recorder(db: Database) -> None:
    other = db.recorder("second", "wow")
    assert db.recorder("second") is db.recorder("second", "wow") is other
    assert db.recorder("default") is db.recorder("default", "bpsr") is db.own_recorder
    assert (other.name, other.game) == ("second", "wow")


def test_an_open_recorder_keeps_its_game(db: Database) -> None:
    db.recorder("second", "wow")
    for name, game in (("second", "bpsr"), ("default", "wow")):
        with pytest.raises(InvalidArgument, match="use another recorder") as told:
            db.recorder(name, game)
        assert told.value.argument == "game"


def test_without_a_game_it_is_that_of_the_last_time(path: Path) -> None:
    with Database.open(path, recorder="second", game="wow") as db:
        record(db, fight())
    with Database.open(path) as db:
        assert db.recorder("second").game == "wow"
        assert db.recorder("third").game == "bpsr"
    with Database.open(path, recorder="second") as db:
        assert db.own_recorder.game == "wow"
    with Database.open(path, recorder="second", game="bpsr") as db:
        assert db.own_recorder.game == "bpsr"
        assert db.own_recorder.position == len(fight())


def test_without_recording_there_are_no_recorders(path: Path) -> None:
    Database.open(path).close()
    with Database.open(path, record=False) as db:
        with pytest.raises(RecordingError, match="record=False"):
            db.recorder("second")
        with pytest.raises(RecordingError, match="record=False"):
            _ = db.own_recorder


def test_after_closing_no_recorder_is_opened_or_accepts_a_task(path: Path) -> None:
    db = Database.open(path)
    other = db.recorder("second")
    db.close()
    for refused in (
        lambda: db.recorder("third"),
        lambda: db.recorder("second"),
        lambda: other.enqueue(EndEncounter(ended_at_ms=1)),
        lambda: other.enqueue_many([EndEncounter(ended_at_ms=1)]),
        lambda: other.flush(1),
    ):
        with pytest.raises(DatabaseClosed):
            refused()
    assert other.position == 0


def test_there_is_a_maximum_of_open_recorders(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resonance_logs.recording.recording.MAX_RECORDERS", 3)
    db.recorder("second")
    third = db.recorder("third")
    with pytest.raises(RecordingError, match="3 recorders are open"):
        db.recorder("fourth")
    assert db.recorder("third") is third


def test_what_is_no_task_is_refused_and_nothing_is_queued(db: Database) -> None:
    other = db.recorder("second")
    with pytest.raises(InvalidTask):
        other.enqueue(5)  # type: ignore[arg-type]
    with pytest.raises(InvalidTask):
        other.enqueue_many([EndEncounter(ended_at_ms=1), "x"])  # type: ignore[list-item]
    assert other.position == 0


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nothing can be written during the block."""
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        yield


def test_a_flush_of_the_database_waits_for_all_recorders(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.BUSY_TIMEOUT_MS", 20)
    with Database.open(path) as db:
        other = db.recorder("second")
        with locked(path):
            other.enqueue_many(fight())
            for each in (db, other):
                with pytest.raises(FlushTimeout):
                    each.flush(0.2)
        db.flush(30)
        assert other.stored_position == len(fight())
        assert rows(path, "SELECT recorder FROM encounters") == [("second",)]


def test_a_flush_of_a_recorder_waits_for_its_own_tasks(db: Database) -> None:
    other = db.recorder("second")
    other.enqueue_many(fight())
    other.flush(30)
    assert (other.position, other.stored_position) == (len(fight()), len(fight()))
    assert rows(db.path, "SELECT name, position FROM recorders WHERE name = 'second'") == [
        ("second", len(fight()))
    ]


def test_a_position_counts_tasks_skipped_lines_and_rejected_tasks(path: Path) -> None:
    bad = InsertDamageEvent(timestamp_ms=1, attacker_id=7, value="x")  # type: ignore[arg-type]
    with Database.open(path) as db:
        other = db.recorder("second", "wow")
        assert other.position == 0
        other.enqueue_many([SKIPPED_LINE, *fight(), bad, SKIPPED_LINE, SKIPPED_LINE])
        count = len(fight()) + 4
        assert other.position == count
        other.flush(30)
        assert (other.position, other.stored_position) == (count, count)
        assert db.own_recorder.position == 0
        assert summaries(db) == [("second", "wow", 30, ["Aoi"])]
    with Database.open(path) as db:
        assert db.recorder("second").position == count
        assert db.own_recorder.position == 0
        assert rows(path, "SELECT recorder, game FROM rejected_tasks") == [("second", "wow")]


def test_a_position_survives_a_fight_that_is_left_open(path: Path) -> None:
    with Database.open(path, recorder="second") as db:
        record(db, fight()[:-1])
    with Database.open(path) as db:
        assert db.recorder("second").position == len(fight()) - 1


def test_a_sender_skips_what_was_accepted_before(db: Database) -> None:
    other = db.recorder("second")
    tasks = fight(hits=10)
    for start, stop in ((0, 5), (3, 8), (0, 8), (8, 13)):
        with other.sending(start) as sender:
            known = other.position - start
            for first in range(start, stop, 2):
                other.enqueue_many(sender.select_new(tasks[first : min(first + 2, stop)]))
            assert sender.skipped == min(known, stop - start)
    other.flush(30)
    assert other.position == len(tasks)
    assert summaries(db) == [("second", "bpsr", 100, ["Aoi"])]


def test_without_a_position_everything_is_new(db: Database) -> None:
    other = db.recorder("second")
    for _ in range(2):
        with other.sending() as sender:
            other.enqueue_many(sender.select_new(fight()))
            assert sender.skipped == 0
    assert other.position == 2 * len(fight())


def test_a_gap_is_refused_with_the_position_that_is_known(db: Database) -> None:
    other = db.recorder("second")
    other.enqueue_many(fight())
    with (
        pytest.raises(PositionGap, match="begin at 9, but only 6 were accepted") as told,
        other.sending(9),
    ):
        raise AssertionError
    assert (told.value.position, told.value.code) == (6, "position_gap")
    with other.sending(6):
        pass  # the refusal left nobody sending


def test_one_sends_at_a_time_for_a_recorder_and_others_for_others(db: Database) -> None:
    second, third = db.recorder("second"), db.recorder("third")
    with second.sending(0), third.sending(0):
        told: list[BaseException] = []

        def intrude() -> None:
            try:
                with second.sending(0):
                    pass
            except RecorderBusy as error:
                told.append(error)

        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join(30)
        assert isinstance(told[0], RecorderBusy)
        assert "recorder 'second' is busy" in str(told[0])
    with contextlib.suppress(ZeroDivisionError), second.sending():
        raise ZeroDivisionError
    with second.sending():
        pass


def test_what_several_recorders_could_not_write_comes_back_to_each(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.BUSY_TIMEOUT_MS", 20)
    tasks = fight(hits=10)
    db = Database.open(path, settings=Settings(close_seconds=0.2))
    other = db.recorder("second", "wow")
    db.recorder("idle")
    for each in (db.own_recorder, other):
        each.enqueue_many(tasks[:4])
    db.flush(30)
    with locked(path):
        db.enqueue_many(tasks[4:])
        other.enqueue_many([SKIPPED_LINE, *tasks[4:-1]])
        with pytest.raises(DatabaseUnavailable) as told:
            db.close()
    assert f"9 tasks are kept in {path}.spill-1.ndjson" in str(told.value)
    assert f"tasks of recorder 'second' are kept in {path}.spill-1-1.ndjson" in str(told.value)
    with Database.open(path) as db:
        assert summaries(db) == [
            ("default", "bpsr", 100, ["Aoi"]),
            ("second", "wow", 100, ["Aoi"]),
        ]
        states = {each.recorder: each for each in db.commands.get_recent_encounters().rows}
        assert states["default"].is_complete
        assert states["second"].was_interrupted
        assert db.own_recorder.position == len(tasks)
        assert db.recorder("second").position == len(tasks)
    assert [each.name for each in path.parent.iterdir() if "spill" in each.name] == []


@pytest.mark.parametrize(
    "damaged", [b"nonsense", b"", b'{"recorder": 5}', b'{"recorder": "", "game": "x"}']
)
def test_a_spill_whose_recorder_cannot_be_told_is_reported_and_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, damaged: bytes
) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.BUSY_TIMEOUT_MS", 20)
    db = Database.open(path, recorder="second", settings=Settings(close_seconds=0.2))
    with locked(path):
        db.enqueue_many(fight())
        with pytest.raises(DatabaseUnavailable):
            db.close()
    owner = path.with_name(f"{path.name}.spill-1.json")
    content = owner.read_bytes()
    owner.write_bytes(damaged)
    with Database.open(path) as opened:
        assert summaries(opened) == []
        (finding,) = opened.commands.get_database_health().findings
    assert "the tasks of an earlier run are not recorded" in caplog.text
    kept = path.with_name(f"{path.name}.damaged-spill-1.ndjson")
    assert finding.startswith(f"{kept} holds tasks that could not be written")
    kept.rename(path.with_name(f"{path.name}.spill-1.ndjson"))
    owner.write_bytes(content)
    with Database.open(path) as opened:
        assert summaries(opened) == [("second", "bpsr", 30, ["Aoi"])]


@pytest.mark.parametrize("position", [-1, 1.0, True, "3"])
def test_a_sender_begins_at_a_whole_number_from_0_on(db: Database, position: object) -> None:
    sending = db.recorder("second").sending(position)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument) as told, sending:
        pass
    assert told.value.argument == "from"


def test_a_wrong_game_does_not_end_a_fight_that_waits(path: Path) -> None:
    with Database.open(path, recorder="raid") as db, db.own_recorder.sending(0):
        db.enqueue_many(fight()[:-1])
    with Database.open(path) as db:
        with pytest.raises(InvalidArgument) as told:
            db.recorder("raid", "wow", resume=True)
        assert told.value.argument == "game"
        db.recorder("raid", resume=True).enqueue_many(fight()[-1:])
        db.flush(30)
        assert [each.was_interrupted for each in db.commands.get_recent_encounters().rows] == [
            False
        ]


def test_a_position_counts_each_task_once_though_a_log_handler_fails(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is logged after a commit must not make it count as failed."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("no space for the log")

    monkeypatch.setattr("resonance_logs.store.sqlite.connections.WRITER_BUSY_TIMEOUT_MS", 5)
    handler = Broken()
    logging.getLogger("resonance_logs").addHandler(handler)
    try:
        with Database.open(path) as db, closing(sqlite3.connect(path)) as blocker:
            blocker.isolation_level = None
            blocker.execute("BEGIN IMMEDIATE")
            db.enqueue_many(fight())
            wait_until(lambda: db.stats().retries >= 2)
            blocker.rollback()
            db.flush(30)
            assert db.own_recorder.position == db.own_recorder.stored_position == len(fight())
            assert db.stats().fault is None
    finally:
        logging.getLogger("resonance_logs").removeHandler(handler)
