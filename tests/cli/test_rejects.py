"""``rejects`` lists rejected tasks, retries them, deletes them."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.helpers.cli import Run

GOOD = '{"type":"insert_damage_event","timestamp_ms":1700000001500,"attacker_id":7,"value":5}'


@pytest.fixture
def rejected(recorded: Path) -> Path:
    """The first fight has a rejected hit that is now valid, and another one that is not."""
    connection = sqlite3.connect(recorded)
    for task, error, encounter in ((GOOD, "bad", 1), ("{}\x1b[31m", "worse", None)):
        connection.execute(
            "INSERT INTO rejected_tasks (rejected_at_ms, task, error, encounter_id) "
            "VALUES (1700000000000, ?, ?, ?)",
            (task, error, encounter),
        )
    connection.commit()
    connection.close()
    return recorded


def test_they_are_listed_with_their_errors(run: Run, rejected: Path) -> None:
    lines = run("rejects", "list").stdout.splitlines()
    assert lines[0].startswith("2 · 2023-11-14")
    assert lines[1:3] == ["    worse", "    {}\\x1b[31m"]
    assert lines[3].endswith(" · fight 1")
    assert lines[-1] == "2 of 2 rejected tasks"
    assert json.loads(run("rejects", "list", "--json").stdout)["totalCount"] == 2


def test_those_that_are_now_valid_are_taken_and_the_others_reported(
    run: Run, rejected: Path
) -> None:
    done = run("rejects", "retry", "--all")
    assert done.exit_code == 1
    first, second = done.stdout.splitlines()
    assert first == "recorded 1, still rejected 1"
    assert second.startswith("2: still invalid: ")
    assert run("check").exit_code == 0
    assert json.loads(run("show", "1", "--json").stdout)["totalDmg"] == 5_005


def test_they_are_deleted(run: Run, rejected: Path) -> None:
    assert run("rejects", "delete", "1").exit_code == 2
    assert run("rejects", "delete", "1", "--yes").stdout == "deleted rejected tasks 1\n"
    assert run("rejects", "delete", "--all", "--yes").exit_code == 0
    assert run("rejects", "list").stdout == "0 of 0 rejected tasks\n"


@pytest.mark.parametrize("extra", [(), ("1", "--all")])
def test_it_must_be_said_which(run: Run, rejected: Path, extra: tuple[str, ...]) -> None:
    for command in ("retry", "delete"):
        done = run("rejects", command, *extra)
        assert done.exit_code == 2
        assert "give task ids" in done.stderr


def test_one_that_does_not_exist_is_reported(run: Run, rejected: Path) -> None:
    for command in (("retry", "77"), ("delete", "77", "--yes")):
        done = run("rejects", *command)
        assert done.exit_code == 1
        assert done.stderr == "error: there is no rejected task 77\n"
