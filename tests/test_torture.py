"""A short torture run: nothing flushed is lost, and the verdict can fail."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from torture.children import ROOT
from torture.damage import damage
from torture.faults import FAULTS, clock, faults
from torture.hostile import hostile
from torture.kills import KILLS, kills
from torture.moving import moving
from torture.scenario import Outcome, Run
from torture.scenarios import SCENARIOS
from torture.stream import Stream
from torture.verdict import judge

from resonance_logs import Database, Task

STREAM = Stream(3, 3, 20, 60)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path, seed=2, moments=4, seconds=2.0)


def told(outcomes: list[Outcome]) -> list[str]:
    """Everything that was lost or wrong."""
    return [f"{each.what} {each.moment}: {each.verdict}" for each in outcomes if not each.is_good]


@pytest.mark.parametrize("name", KILLS)
def test_a_kill_at_any_moment_loses_nothing_that_was_flushed(run: Run, name: str) -> None:
    outcomes = list(kills(name)(run))
    assert outcomes
    assert told(outcomes) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_passes_or_that_stops_the_recorder_loses_nothing(run: Run, name: str) -> None:
    outcomes = list(islice(faults(name)(run), 2))  # one while recording, one while finishing
    if reason := outcomes[0].skipped:
        pytest.skip(reason)
    assert told(outcomes) == []


def test_no_damage_breaks_the_program_or_has_it_show_a_wrong_total_as_right(run: Run) -> None:
    outcomes = list(damage(replace(run, moments=3)))
    assert told(outcomes) == []
    assert sum(each.verdict.fights for each in outcomes) > 0


def test_hostile_files_harm_no_database_and_starve_no_server(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torture.hostile.FILES_A_MOMENT", 26)
    reading, uploading = (list(hostile(replace(run, moments=8, only=each))) for each in (0, 3))
    assert [each.what for each in (*reading, *uploading)] == ["hostile files", "hostile uploads"]
    assert told([*reading, *uploading]) == []


def test_a_wall_clock_that_runs_backwards_changes_nothing(run: Run) -> None:
    assert told(list(clock(run))) == []


def test_eight_threads_and_four_readers_get_along_and_every_sum_is_exact(run: Run) -> None:
    (outcome,) = SCENARIOS["crowd"](run)
    assert told([outcome]) == []
    assert outcome.verdict.fights > 1


def test_a_stream_is_the_same_whenever_it_is_made() -> None:
    assert STREAM.tasks() == STREAM.tasks()
    assert STREAM.tasks() != Stream(4, 3, 20, 60).tasks()
    assert Stream.from_words(STREAM.words()) == STREAM


@pytest.fixture
def tasks(path: Path) -> list[Task]:
    """The tasks of the stream, all of which are recorded in the file at ``path``."""
    tasks = STREAM.tasks()
    with Database.open(path) as db:
        db.enqueue_many(tasks)
    return tasks


def test_a_file_that_nobody_hurt_is_good(path: Path, tasks: list[Task]) -> None:
    verdict = judge(path, tasks, len(tasks))
    assert (verdict.is_good, verdict.fights, verdict.kept) == (True, 3, len(tasks))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE actor_encounter_stats SET crit_total_taken = crit_total_taken + 1"
        " WHERE encounter_id = 2 AND is_player",
        "UPDATE actor_encounter_stats SET name = 'Zed' WHERE encounter_id = 1 AND is_player",
        "UPDATE damage_skill_stats SET shield_loss_total = shield_loss_total + 1",
        "UPDATE heal_skill_stats SET lucky_hits = lucky_hits + 1",
        "UPDATE encounter_bosses SET max_hp = 7",
        "UPDATE encounters SET ended_at_ms = ended_at_ms + 1 WHERE id = 3",
        "UPDATE encounters SET total_heal = total_heal + 1 WHERE id = 3",
        "UPDATE encounters SET was_interrupted = 1 WHERE id = 3",
        "UPDATE encounters SET lost_events = 1 WHERE id = 1",
        "UPDATE encounter_archives SET payload ="
        " (SELECT payload FROM encounter_archives WHERE encounter_id = 1) WHERE encounter_id = 2",
        "UPDATE entities SET level = 12",
        "UPDATE entities SET last_seen_ms = last_seen_ms - 1",
        "INSERT INTO encounters (started_at_ms, ended_at_ms)"
        " SELECT started_at_ms, ended_at_ms FROM encounters WHERE id = 3",
        "DELETE FROM encounters WHERE id = 2",
        "DELETE FROM encounter_archives WHERE encounter_id = 1",
        "DELETE FROM entities",
        "DROP INDEX ix_encounters_started",
    ],
)
def test_one_number_or_row_that_is_not_as_recorded_is_reported(
    path: Path, tasks: list[Task], statement: str
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys=ON").close()
        assert connection.execute(statement).rowcount != 0
        connection.commit()
    assert judge(path, tasks, len(tasks)).wrong


@pytest.mark.parametrize(
    "shorten",
    [
        pytest.param(lambda tasks: tasks[:-1], id="the last end"),
        pytest.param(lambda tasks: tasks[: len(tasks) // 2], id="half of the stream"),
        pytest.param(lambda tasks: [], id="all of it"),
    ],
)
def test_what_was_flushed_and_is_not_there_is_counted(
    path: Path, shorten: Callable[[list[Task]], list[Task]]
) -> None:
    tasks = STREAM.tasks()
    with Database.open(path) as db:
        db.enqueue_many(shorten(tasks))
    verdict = judge(path, tasks, len(tasks))
    assert verdict.lost == len(tasks) - len(shorten(tasks))


def test_a_file_that_cannot_be_opened_is_reported(path: Path, tasks: list[Task]) -> None:
    path.write_bytes(b"no database at all, but long enough to be looked at " * 100)
    assert "cannot be used" in judge(path, tasks, 1).wrong[0]


def test_the_command_says_what_it_did_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    command = [sys.executable, "-m", "torture", "--moments", "2", "--json", str(file), "--only"]
    done = subprocess.run([*command, "recording"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "lost 0  wrong 0" in done.stdout
    assert '"moment": 0' in file.read_text()
    assert subprocess.run([*command, "napping"], cwd=ROOT, capture_output=True).returncode == 2


def test_a_file_that_is_moved_or_deleted_loses_nothing_that_was_accepted(run: Run) -> None:
    outcomes = list(islice(moving(run), 6))
    assert told(outcomes) == []
    assert len(outcomes) == 6
