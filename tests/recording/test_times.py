"""Times that cannot be milliseconds are recorded as they are, and logged once in a run."""

import logging
from pathlib import Path

import pytest

from resonance_logs import BeginEncounter, Database, EndEncounter, InsertDamageEvent

SECONDS = 1_790_000_000
FARTHEST_MS = 2**53 - 1


def record(db: Database, *starts: int) -> None:
    """Fights of one hit that start at these times."""
    for start in starts:
        db.enqueue(BeginEncounter(started_at_ms=start, local_player_id=7))
        db.enqueue(InsertDamageEvent(timestamp_ms=start, attacker_id=7, value=5))
        db.enqueue(EndEncounter(ended_at_ms=start))
    db.flush()


@pytest.mark.parametrize("start", [0, SECONDS, SECONDS * 10**6, FARTHEST_MS, -FARTHEST_MS])
def test_a_start_that_is_no_milliseconds_is_recorded_and_logged_once(
    db: Database, caplog: pytest.LogCaptureFixture, start: int
) -> None:
    with caplog.at_level(logging.WARNING):
        record(db, start, SECONDS * 1_000, start)
        record(db, start)
    told = [each for each in caplog.messages if "started_at_ms" in each]
    assert len(told) == 1
    assert f"started_at_ms is {start};" in told[0]
    assert "milliseconds since 1970 are expected" in told[0]
    rows = db.commands.get_recent_encounters().rows
    assert sorted(each.started_at_ms for each in rows) == sorted([start] * 3 + [SECONDS * 1_000])


def test_usual_times_are_not_logged(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        record(db, SECONDS * 1_000, 946_684_800_000)
    assert caplog.messages == []


def test_each_run_logs_it_for_itself(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        with Database.open(path) as database, caplog.at_level(logging.WARNING):
            record(database, SECONDS)
    assert sum("started_at_ms" in each for each in caplog.messages) == 2
