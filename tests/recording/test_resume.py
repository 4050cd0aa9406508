"""A recorder that resumes after a crash does what it would have done without one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from resonance_logs import (
    BeginEncounter,
    Database,
    EndEncounter,
    InsertDamageEvent,
    Recorder,
    Settings,
    Task,
    UpsertEntity,
)
from tests.helpers.waiting import wait_until

UNSETTLED = Settings(batch_seconds=0.001, live_seconds=1_000.0)
"""Nothing is stored beyond what each batch stores."""

AOI, BO, GOLEM, IMP = 7, 8, 900, 901


def hit(at: int, by: int = AOI, to: int = GOLEM, name: str | None = "Golem") -> InsertDamageEvent:
    return InsertDamageEvent(at, by, 10, to, name, is_boss=True)


def send(recorder: Recorder, tasks: Sequence[Task], start: int) -> None:
    """Send the tasks of a stream, of which ``start`` were sent before."""
    with recorder.sending(start) as sender:
        recorder.enqueue_many(tasks[sender.known :])


def write(db: Database, tasks: Sequence[Task]) -> Recorder:
    """Have tasks written one by one, without a flush."""
    recorder = db.recorder("alpha", resume=True)
    for number, task in enumerate(tasks, 1):
        send(recorder, [task], recorder.position)
        wait_until(lambda number=number: db.stats().written == number)
    return recorder


def crash(path: Path) -> Path:
    """The file as a crash would leave it now."""
    left = path.with_name("crashed.db")
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{path}{suffix}", f"{left}{suffix}")
    return left


def finish(path: Path, tasks: Sequence[Task]) -> int:
    """Send what the recorder in the file has not accepted yet; returns how much it had."""
    with Database.open(path, settings=UNSETTLED) as db:
        recorder = db.recorder("alpha", resume=True)
        known = recorder.position
        send(recorder, tasks, 0)
        recorder.flush(30)
        return known


@pytest.fixture
def ended() -> list[Task]:
    """A fight of somebody unknown, and of a boss without a name."""
    return [
        BeginEncounter(started_at_ms=1_000),
        hit(1_100),
        hit(1_200, to=IMP, name=None),
        EndEncounter(ended_at_ms=2_000),
    ]


def named(at: int) -> UpsertEntity:
    return UpsertEntity(entity_id=AOI, seen_at_ms=at, name="Aoi")


class TestLateNames:
    """Names that arrive up to a minute after the end name the players of the fight."""

    def damage(self, path: Path, tasks: Sequence[Task], more: Sequence[Task]) -> list[int]:
        with Database.open(path, settings=UNSETTLED) as db:
            write(db, tasks)
            left = crash(path)
        finish(left, [*tasks, *more])
        with Database.open(left, record=False) as db:
            rows = db.commands.get_recent_encounters(limit=10).rows
            return [row.total_dmg for row in rows][::-1]

    def test_in_time(self, path: Path, ended: list[Task]) -> None:
        assert self.damage(path, ended, [named(61_000)]) == [20]

    def test_too_late(self, path: Path, ended: list[Task]) -> None:
        assert self.damage(path, ended, [named(63_000)]) == [0]

    def test_of_several_fights(self, path: Path, ended: list[Task]) -> None:
        again: list[Task] = [
            BeginEncounter(started_at_ms=30_000),
            hit(30_100),
            EndEncounter(ended_at_ms=31_000),
        ]
        assert self.damage(path, [*ended, *again], [named(61_000)]) == [20, 10]

    def test_a_begin_long_after_ends_the_wait(self, path: Path, ended: list[Task]) -> None:
        tasks: list[Task] = [*ended, BeginEncounter(started_at_ms=70_000), hit(70_100, by=BO)]
        more: list[Task] = [named(61_000), EndEncounter(ended_at_ms=71_000)]
        assert self.damage(path, tasks, more) == [0, 0]

    def test_a_boss_without_a_name_is_no_player(self, path: Path, ended: list[Task]) -> None:
        names = [UpsertEntity(entity_id=IMP, seen_at_ms=3_000, name="Imp"), named(3_000)]
        assert self.damage(path, ended, names) == [20]

    def test_the_damage_of_the_unknown_is_not_counted_again(
        self, path: Path, ended: list[Task]
    ) -> None:
        with Database.open(path, settings=UNSETTLED) as db:
            write(db, ended)
            left = crash(path)
        with Database.open(left) as db:
            send(db.recorder("alpha", resume=True), [named(3_000)], len(ended))
            db.flush(30)
            assert db.stats().unknown_dmg == 0

    def test_of_a_fight_without_a_hit(self, path: Path) -> None:
        """It has no archive to be computed again from, and needs none."""
        tasks: list[Task] = [
            BeginEncounter(started_at_ms=1_000),
            UpsertEntity(entity_id=AOI, seen_at_ms=1_000),
            EndEncounter(ended_at_ms=2_000),
        ]
        with Database.open(path, settings=UNSETTLED) as db:
            write(db, tasks)
            left = crash(path)
        finish(left, [*tasks, named(3_000)])
        with Database.open(left, record=False) as db:
            (fight,) = db.commands.get_recent_encounters().rows
            assert [player.name for player in fight.players] == ["Aoi"]


class TestParty:
    def test_who_joined_a_fight_that_was_nothing_does_not_join_the_next_one(
        self, path: Path
    ) -> None:
        tasks: list[Task] = [
            BeginEncounter(started_at_ms=1_000, scene_name="Court"),
            UpsertEntity(entity_id=BO, seen_at_ms=1_000, name="Bo"),
            BeginEncounter(started_at_ms=2_000, scene_name="Void"),
            hit(2_100),
        ]
        with Database.open(path, settings=Settings(batch_seconds=60)) as db:
            db.enqueue_many(tasks)
            db.flush(30)  # one batch
            left = crash(path)
        with Database.open(left) as db:
            (fight,) = db.commands.get_recent_encounters().rows
        assert [player.name for player in fight.players] == []


class TestPosition:
    def test_what_is_said_to_be_stored_is_known_after_a_crash(self, path: Path) -> None:
        updates: list[Task] = [
            UpsertEntity(entity_id=each, seen_at_ms=1_000, name=f"P{each}") for each in range(5)
        ]
        with Database.open(path, settings=UNSETTLED) as db:
            stored = write(db, updates).stored_position
            left = crash(path)
        assert finish(left, updates) >= stored

    def test_when_players_were_last_seen_is_not_forgotten(self, path: Path) -> None:
        tasks: list[Task] = [
            BeginEncounter(started_at_ms=1_000),
            named(1_000),
            named(5_000),
            hit(5_100),
            EndEncounter(ended_at_ms=6_000),
        ]
        with Database.open(path, settings=UNSETTLED) as db:
            write(db, tasks[:4])
            left = crash(path)
        finish(left, tasks)
        with Database.open(left, record=False) as db:
            assert db.commands.get_player_profile(AOI).player.last_seen_ms == 5_000
