"""``doctor`` shows the state of the database on one page, even if it cannot be opened."""

import json
import sqlite3
from pathlib import Path

import pytest

from resonance_logs import Database
from tests.helpers.cli import Run, error_lines


def test_all_is_well(run: Run, recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESONANCE_LOGS_KEEP_FIGHTS_NEWEST", "1000")
    done = run("doctor")
    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    told = {line[0]: line[1:] for line in lines if line}
    assert told["file"] == [str(recorded)]
    assert told["fights"] == ["3"]
    assert told["keep_fights_newest"] == ["1000", "RESONANCE_LOGS_KEEP_FIGHTS_NEWEST"]
    assert told["keep_hits_days"] == ["no", "limit", "default"]
    assert told["trusted_proxies"] == ["none", "default"]
    assert done.stdout.splitlines()[-1] == "no problems found"
    assert json.loads(run("doctor", "--json").stdout)["findings"] == []


def test_what_needs_to_be_looked_at_is_reported_and_gives_exit_code_1(
    run: Run, recorded: Path
) -> None:
    connection = sqlite3.connect(recorded)
    connection.execute("UPDATE recorder_runs SET ended_at_ms = NULL")
    connection.execute(
        "INSERT INTO rejected_tasks VALUES (1, 0, '{}', 'bad', NULL, 'default', 'bpsr')"
    )
    connection.commit()
    connection.close()
    done = run("doctor")
    assert done.exit_code == 1
    assert "interrupted" in done.stdout
    assert done.stdout.splitlines()[-2].startswith("! the last run did not exit cleanly")
    assert done.stdout.splitlines()[-1].startswith("! 1 tasks were rejected")


def test_of_a_file_that_cannot_be_opened_it_tells_why(run: Run, tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("nothing of the kind" * 100)
    emptied = tmp_path / "emptied.db"
    Database.open(emptied).close()
    connection = sqlite3.connect(emptied)
    connection.execute("DROP TABLE recorder_runs")
    connection.close()
    for path, reason in (
        (text, "is not a database"),
        (tmp_path / "none.db", "no database at"),
        (emptied, "is damaged"),
    ):
        done = run("doctor", db=path)
        assert done.exit_code == 1
        assert str(path) in done.stdout
        assert reason in done.stdout.splitlines()[-1]


def test_an_invalid_setting_is_reported(
    run: Run, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESONANCE_LOGS_ARCHIV", "1")
    done = run("doctor")
    assert done.exit_code == 1
    assert error_lines(done.stderr) == [
        "error: RESONANCE_LOGS_ARCHIV: unknown setting 'archiv'; did you mean archive?"
    ]
