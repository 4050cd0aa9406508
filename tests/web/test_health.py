"""The server reports its health, and its metrics to Prometheus."""

from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from resonance_logs import Database
from resonance_logs.web.guard import Rules
from tests.helpers.http import running
from tests.helpers.recording import fight, record


def figures(client: httpx.Client) -> dict[str, float]:
    text = client.get("/metrics").text
    return {
        sample.name.removeprefix("resonance_logs_"): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_it_is_up(client: httpx.Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_where_the_file_cannot_be_read_it_is_not(path: Path) -> None:
    Database.open(path).close()
    with Database.open(path, record=False) as db, running(db, Rules(), "reading only") as address:
        with db._store.write_transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE encounters RENAME TO elsewhere")
        assert httpx.get(f"{address}/healthz").status_code == 503


def test_the_figures_are_those_of_the_recorder(client: httpx.Client, recorded_db: Database) -> None:
    before = figures(client)
    assert (before["written_tasks_total"], before["open_encounter"]) == (16, 0)
    assert before["open_encounters"] == 0
    assert before["batch_seconds_count"] >= 2
    assert before["batch_seconds_sum"] > 0
    record(recorded_db, fight(started=900_000)[:-1])
    after = figures(client)
    assert (after["written_tasks_total"], after["open_encounter"]) == (21, 1)
    assert after["open_encounters"] == 1
    recorded_db.recorder("left", "wow").enqueue_many(fight(started=900_000)[:-1])
    recorded_db.flush(30)
    both = figures(client)
    assert (both["open_encounter"], both["open_encounters"]) == (1, 2)
    assert (after["queued_tasks"], after["faulty"], after["rejected_tasks_total"]) == (0, 0, 0)
