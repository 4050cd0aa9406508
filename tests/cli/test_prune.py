"""``prune`` deletes what exceeds the limits, and ``--dry-run`` only shows it."""

import json
from pathlib import Path

import pytest

from tests.helpers.cli import Run, error_lines


def listed(run: Run) -> list[int]:
    return [row["id"] for row in json.loads(run("list", "--json").stdout)["rows"]]


def test_a_dry_run_shows_what_would_be_deleted_and_changes_nothing(
    run: Run, recorded: Path
) -> None:
    # The third fight is a favourite.
    done = run("prune", "--keep-fights-newest", "1", "--keep-hits-days", "0.5", "--dry-run")
    assert done.exit_code == 0
    hits, fights = done.stdout.splitlines()
    assert hits == "individual hits of no fights would be deleted"
    assert fights.startswith("whole fights: 2 fights (2023-11-14")
    assert fights.endswith("would be deleted")
    assert listed(run) == [3, 2, 1]


def test_what_is_beyond_the_limits_is_deleted(run: Run, recorded: Path) -> None:
    done = run("prune", "--keep-hits-newest", "1", "--keep-fights-days", "1.5")
    assert "individual hits of 1 fight (" in done.stdout
    assert "whole fights: 1 fight (" in done.stdout
    assert listed(run) == [3, 2]
    assert run("check").exit_code == 0
    report = json.loads(run("prune", "--keep-fights-file-size", "1k", "--json").stdout)
    assert report["dryRun"] is False
    assert report["fights"]["encounters"] == 1
    assert listed(run) == [3]


def test_limits_of_the_settings_hold_where_none_is_given(
    run: Run, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESONANCE_LOGS_KEEP_FIGHTS_NEWEST", "2")
    assert run("prune").exit_code == 0
    assert listed(run) == [3, 2]


def test_without_any_limit_nothing_is_done_and_that_is_reported(run: Run, recorded: Path) -> None:
    done = run("prune")
    assert done.exit_code == 2
    assert "no limit is set" in done.stderr
    assert listed(run) == [3, 2, 1]


@pytest.mark.parametrize("size", ["", "0", "many", "-5M", "5X", "9" * 20])
def test_what_is_not_a_size_is_reported(run: Run, recorded: Path, size: str) -> None:
    done = run("prune", "--keep-hits-file-size", size)
    assert done.exit_code == 2
    assert "is not a size" in done.stderr
    assert listed(run) == [3, 2, 1]


def test_an_invalid_setting_is_reported_with_its_name(
    run: Run, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESONANCE_LOGS_KEEP_FIGHTS_NEWEST", "-2")
    for command in (("prune",), ("ingest", "-")):
        done = run(*command)
        assert done.exit_code == 1
        (line,) = error_lines(done.stderr)
        assert line.startswith("error: RESONANCE_LOGS_KEEP_FIGHTS_NEWEST: keep_fights_newest: exp")
