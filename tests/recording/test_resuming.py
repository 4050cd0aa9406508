"""A recorder whose sender says where its tasks begin continues the fight at which it stopped."""

import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest

from resonance_logs import (
    Database,
    InsertDamageEvent,
    InvalidArgument,
    Settings,
    Task,
    UpsertEntity,
)
from resonance_logs.recording import recovery
from resonance_logs.recording.recorder import Recorder
from resonance_logs.tasks import encode_task
from tests.helpers.damage import zero_root
from tests.helpers.processes import kill
from tests.helpers.recording import fight, record, rows

QUICK = Settings(batch_seconds=0.001, live_seconds=0.01)

SENDER = """
    import sys
    from resonance_logs import *
    from resonance_logs.tasks import decode_task
    settings = Settings(batch_seconds=0.001, live_seconds=float(sys.argv[3]))
    db = Database.open(sys.argv[1], settings=settings)
    recorder = db.recorder(sys.argv[2], "wow", resume=True)
    print("open", flush=True)
    with recorder.sending(0) as sender:
        for line in sys.stdin:
            recorder.enqueue_many(sender.select_new([decode_task(line.encode())]))
            recorder.flush()
            print(recorder.position, flush=True)
"""


def crash_after(
    path: Path, tasks: Sequence[Task], name: str = "second", live_seconds: float = 0.01
) -> None:
    """Record tasks as a process, which is killed once all are committed."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SENDER), str(path), name, str(live_seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    process.stdin.writelines(encode_task(task).decode() + "\n" for task in tasks)
    process.stdin.flush()
    while process.stdout.readline() != f"{len(tasks)}\n":
        assert process.poll() is None
    kill(process)
    process.stdin.close()


def send(recorder: Recorder, tasks: Sequence[Task], start: int = 0) -> None:
    with recorder.sending(start) as sender:
        recorder.enqueue_many(sender.select_new(tasks[start:]))
    recorder.flush(30)


TASKS: list[Task] = [
    InsertDamageEvent(timestamp_ms=900, attacker_id=7, value=1, defender_id=900),
    InsertDamageEvent(timestamp_ms=1_050, attacker_id=7, value=2, defender_id=900),
    *fight(hits=10),
]
TASKS.insert(5, UpsertEntity(entity_id=8, seen_at_ms=1_000, name="Bea"))
"""With strays, of which the fight takes one, and a player who never hits."""


def assert_whole(db: Database) -> None:
    (whole,) = db.commands.get_recent_encounters().rows
    assert (whole.recorder, whole.total_dmg, whole.is_complete) == ("second", 102, True)
    assert [each.name for each in whole.players] == ["Aoi", "Bea"]
    assert db.commands.check_database().is_sound
    assert db.recorder("second").position == len(TASKS)


@pytest.mark.parametrize("stop", range(1, len(TASKS)))
def test_closed_in_the_middle_a_recorder_continues_its_fight(path: Path, stop: int) -> None:
    with Database.open(path, settings=QUICK) as db:
        send(db.recorder("second", "wow", resume=True), TASKS[:stop])
    with Database.open(path, settings=QUICK) as db:
        again = db.recorder("second", "wow", resume=True)
        assert again.position == stop
        send(again, TASKS)
        assert_whole(db)


@pytest.mark.parametrize("live_seconds", [0.01, 60.0])
@pytest.mark.parametrize("stop", [2, 6, len(TASKS) - 1])
def test_killed_in_the_middle_a_recorder_continues_its_fight(
    path: Path, stop: int, live_seconds: float
) -> None:
    crash_after(path, TASKS[:stop], live_seconds=live_seconds)
    with Database.open(path, settings=QUICK) as db:
        send(db.recorder("second", "wow", resume=True), TASKS)
        assert_whole(db)


def test_a_recorder_continues_again_and_again(path: Path) -> None:
    for stop in range(1, len(TASKS) + 1):
        with Database.open(path, recorder="second", resume=True, settings=QUICK) as db:
            send(db.own_recorder, TASKS[:stop])
    with Database.open(path) as db:
        assert_whole(db)


def open_fight(path: Path) -> None:
    """Leave a fight of the recorder ``second`` open, which can be continued."""
    with Database.open(path, settings=QUICK) as db:
        send(db.recorder("second", "wow"), TASKS[:-1])


def interrupted(db: Database) -> list[tuple[str, int, bool]]:
    found = db.commands.get_recent_encounters().rows
    return [(each.recorder, each.total_dmg, each.was_interrupted) for each in found]


def test_without_resuming_the_fight_is_ended_at_its_last_event(path: Path) -> None:
    open_fight(path)
    with Database.open(path) as db:
        assert interrupted(db) == []
        other = db.recorder("second", "wow")
        assert interrupted(db) == [("second", 102, True)]
        assert other.position == len(TASKS) - 1
        send(other, TASKS)
        assert db.stats().ignored == 1  # its end


def test_a_sender_that_never_said_where_its_tasks_begin_cannot_resume(path: Path) -> None:
    with Database.open(path, recorder="second") as db:
        record(db, TASKS[:-1])
    with Database.open(path, recorder="second", resume=True) as db:
        assert interrupted(db) == [("second", 102, True)]
        assert db.own_recorder.position == len(TASKS) - 1


def test_in_another_game_the_fight_is_not_continued(path: Path) -> None:
    """A wrong game must not end it; who does not resume changes the game."""
    open_fight(path)
    with Database.open(path) as db:
        with pytest.raises(InvalidArgument, match="has an open fight of 'wow', not of 'bpsr'"):
            db.recorder("second", "bpsr", resume=True)
        assert interrupted(db) == []
        other = db.recorder("second", "bpsr")
        assert interrupted(db) == [("second", 102, True)]
        assert (other.game, other.position) == ("bpsr", len(TASKS) - 1)


def test_a_fight_waits_for_its_recorder_while_others_record(path: Path) -> None:
    open_fight(path)
    for number in range(2):
        with Database.open(path) as db:
            record(db, fight(started=100_000 * (number + 1)))
    with Database.open(path) as db:
        send(db.recorder("second", "wow", resume=True), TASKS)
        found = {
            (each.recorder, each.total_dmg) for each in db.commands.get_recent_encounters().rows
        }
    assert found == {("default", 30), ("second", 102)}
    assert rows(path, "SELECT count(*) FROM encounters WHERE was_interrupted") == [(0,)]


def test_a_fight_that_waited_too_long_is_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_fight(path)
    monkeypatch.setattr(recovery, "RESUME_MS", -60_000)
    with Database.open(path) as db:
        assert interrupted(db) == [("second", 102, True)]
        again = db.recorder("second", "wow", resume=True)
        assert again.position == len(TASKS) - 1
        send(again, [*TASKS, *fight(started=500_000)])
        assert interrupted(db) == [("second", 30, False), ("second", 102, True)]


def test_two_recorders_continue_their_fights_in_a_repaired_file(path: Path) -> None:
    with Database.open(path, settings=QUICK) as db:
        other = db.recorder("second", "wow")
        first = fight(started=90_000, hits=4)
        record(db, first[:4])
        with other.sending(0) as sender:
            other.enqueue_many(sender.select_new(TASKS[:8]))
        other.flush(30)
        zero_root(path, "entities")
        record(db, [UpsertEntity(entity_id=9, seen_at_ms=90_400, name="Cia"), *first[4:]])
        send(other, TASKS)
        found = {each.recorder: each for each in db.commands.get_recent_encounters().rows}
        assert {name: each.total_dmg for name, each in found.items()} == {
            "default": 40,
            "second": 102,
        }
        assert all(each.is_complete for each in found.values())
        assert [each.name for each in found["second"].players] == ["Aoi", "Bea"]
        assert (db.own_recorder.position, other.position) == (len(first) + 1, len(TASKS))
    assert len(list(path.parent.glob("fights.damaged-*.db"))) == 1
    with Database.open(path) as db:
        assert db.commands.check_database().is_sound
        assert db.own_recorder.position == len(fight(hits=4)) + 1
        assert db.recorder("second").position == len(TASKS)


def test_strays_that_were_dropped_do_not_come_back(path: Path) -> None:
    """A recorder that did not resume has dropped them, though it wrote nothing since."""
    with Database.open(path, recorder="second", settings=QUICK) as db:
        send(db.own_recorder, TASKS[:2])
    for resume in (False, True):
        with Database.open(path, recorder="second", resume=resume) as db:
            send(db.own_recorder, TASKS[:2])
    with Database.open(path, recorder="second", resume=True) as db:
        send(db.own_recorder, TASKS)
        (found,) = db.commands.get_recent_encounters().rows
    assert (found.total_dmg, found.is_complete) == (100, True)
