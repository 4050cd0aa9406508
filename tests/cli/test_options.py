"""The database is named before or after the command, or by the environment."""

import json
from pathlib import Path

import pytest

from tests.helpers.cli import Run


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """What the environment names: no database."""
    path = str(tmp_path / "elsewhere.db")
    monkeypatch.setenv("RESONANCE_LOGS_DB", path)
    return path


@pytest.mark.parametrize(
    "words",
    [
        "--db {db} info --json",
        "info --json --db {db}",
        "--db {other} info --json --db {db}",
        "--db {other} --db {db} info --json",
    ],
)
def test_what_is_named_nearest_to_the_command_counts(
    run: Run, recorded: Path, elsewhere: str, words: str
) -> None:
    named = words.format(db=recorded, other=f"{recorded}.other").split()
    done = run(*named, db=None)
    assert json.loads(done.stdout)["path"] == str(recorded)


@pytest.mark.parametrize(
    "words",
    ["--db {db} rejects list", "rejects --db {db} list", "rejects list --db {db}"],
)
def test_groups_of_commands_take_it_too(
    run: Run, recorded: Path, elsewhere: str, words: str
) -> None:
    done = run(*words.format(db=recorded).split(), db=None)
    assert done.stdout == "0 of 0 rejected tasks\n"


def test_the_environment_counts_where_nothing_is_named(run: Run, elsewhere: str) -> None:
    done = run("info", db=None)
    assert done.exit_code == 1
    assert f"there is no database at {elsewhere}" in done.stderr


def test_the_demo_takes_it_before_its_name(run: Run, recorded: Path) -> None:
    done = run("--db", recorded, "demo", db=None)
    assert done.exit_code == 1
    assert f"{recorded} already exists" in done.stderr


def test_without_a_path_it_is_wrong_usage(run: Run) -> None:
    assert run("info", "--db", db=None).exit_code == 2
    assert run("--db", db=None).exit_code == 2
