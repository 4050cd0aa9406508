"""A session notes what its run has done, where the file allows it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from resonance_logs import Settings
from resonance_logs.recording.session import Session
from resonance_logs.store.runs import RunProgress, last_run

DONE = RunProgress(written=5, queued=0, rejected=1, fault="damage: page 3")


def test_what_the_run_has_done_is_noted(path: Path) -> None:
    session = Session.begin(path, Settings())
    try:
        session.note(DONE, 1.0)
        with session.store.read_transaction() as connection:
            run = last_run(connection)
    finally:
        session.end(DONE, is_clean=False, patience_s=1.0)
        session.store.close()
    assert run is not None
    assert (run.has_met_damage, run.ended_at_ms) == (True, None)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DROP TABLE recorder_runs", "no such table"),
        (
            "CREATE TRIGGER refused BEFORE UPDATE ON recorder_runs "
            "BEGIN SELECT raise(ABORT, 'not this'); END",
            "not this",
        ),
    ],
)
def test_where_that_fails_it_is_logged(
    path: Path, statement: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    session = Session.begin(path, Settings())
    try:
        with closing(sqlite3.connect(path)) as other:
            other.execute(statement)
        session.note(DONE, 1.0)
    finally:
        session.end(DONE, is_clean=False, patience_s=1.0)
        session.store.close()
    assert "the run could not be noted" in caplog.text
    assert reason in caplog.text
