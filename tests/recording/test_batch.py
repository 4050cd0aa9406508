"""What the recorder logs of a batch."""

import logging
from pathlib import Path

import pytest

from resonance_logs import BeginEncounter, Database, EndEncounter, InsertDamageEvent, Task

T0 = 1_700_000_000_000


def wrong_hit(value: object) -> InsertDamageEvent:
    return InsertDamageEvent(timestamp_ms=1, attacker_id=7, value=value)  # type: ignore[arg-type]


def warnings_of(path: Path, tasks: list[Task], caplog: pytest.LogCaptureFixture) -> list[str]:
    with Database.open(path) as db, caplog.at_level(logging.WARNING, "resonance_logs"):
        db.enqueue_many(tasks)
        db.flush(30)
    return [record.getMessage() for record in caplog.records]


def test_rejected_tasks_are_logged_once_a_batch_with_the_first_reason(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong: list[Task] = [wrong_hit("much"), *(wrong_hit(-1) for _ in range(99))]
    tasks: list[Task] = [BeginEncounter(T0), *wrong, EndEncounter(T0 + 9)]
    (line,) = warnings_of(path, tasks, caplog)
    assert line.startswith("100 tasks of a batch were set aside in the table rejected_tasks; first")
    assert "value" in line
    assert "Expected `int`, got `str`" in line
    assert '"value":"much"' in line


def test_a_huge_rejected_task_is_logged_in_part(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (line,) = warnings_of(path, [wrong_hit("x" * 100_000)], caplog)
    assert len(line) < 500


def test_without_a_rejected_task_nothing_is_logged(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tasks: list[Task] = [BeginEncounter(T0), EndEncounter(T0 + 9)]
    assert warnings_of(path, tasks, caplog) == []
