"""Fights are downloaded as tables: CSV, JSON, Parquet."""

import csv
import errno
import io
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from anyio import CapacityLimiter
from fastapi import FastAPI
from pyarrow import parquet

from resonance_logs import Database, InsertDamageEvent, UpsertEntity
from resonance_logs.web.connection_limits import ConnectionLimits
from resonance_logs.web.guard import Rules
from tests.helpers.http import running
from tests.helpers.raw_http import GET, connect
from tests.helpers.recording import fight, record

KINDS = ("csv", "json", "parquet")


def rows(answer: httpx.Response, kind: str) -> list[dict[str, object]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].endswith(f'.{kind}"')
    if kind == "csv":
        return [dict(row) for row in csv.DictReader(io.StringIO(answer.text))]
    if kind == "json":
        return answer.json()  # type: ignore[no-any-return]
    return parquet.read_table(io.BytesIO(answer.content)).to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("of", "count"), [("actors", 2), ("skills", 1), ("hits", 7)])
def test_a_fight_is_a_table_of_actors_skills_or_hits(
    client: httpx.Client, kind: str, of: str, count: int
) -> None:
    found = rows(client.get(f"/api/encounters/2/export?format={kind}&of={of}"), kind)
    assert len(found) == count
    total = {"actors": "damage_dealt", "skills": "total_value", "hits": "value"}[of]
    assert sum(int(str(row[total])) for row in found) == 70
    name = "name" if of == "actors" else "actor_name"
    assert {row[name] for row in found if row[name]} == (
        {"Aoi", "Boss"} if of == "actors" else {"Aoi"}
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_filtered_list_is_a_table_of_fights(client: httpx.Client, kind: str) -> None:
    filters = json.dumps({"bossNames": ["Boss"], "sort": "totalDmg", "descending": False})
    answer = client.get("/api/encounters/export", params={"format": kind, "filters": filters})
    found = rows(answer, kind)
    assert [int(str(row["total_dmg"])) for row in found] == [30, 70]
    assert {row["players"] for row in found} == {"Aoi"}
    none = json.dumps({"bossNames": ["Nobody"]})
    answer = client.get("/api/encounters/export", params={"format": kind, "filters": none})
    assert rows(answer, kind) == []


def test_a_text_that_a_spreadsheet_would_run_is_only_text(
    client: httpx.Client, recorded_db: Database
) -> None:
    evil = '=HYPERLINK("http://x","y")'
    tasks = fight(started=900_000)
    tasks[1] = UpsertEntity(entity_id=7, seen_at_ms=900_000, name=evil)
    record(recorded_db, tasks)
    assert any(
        row["name"] == f"'{evil}" for row in rows(client.get("/api/encounters/3/export"), "csv")
    )
    as_json = rows(client.get("/api/encounters/3/export?format=json"), "json")
    assert any(row["name"] == evil for row in as_json)


@pytest.mark.parametrize(
    ("address", "status", "argument"),
    [
        ("/api/encounters/77/export", 404, None),
        ("/api/encounters/x/export", 422, "encounterId"),
        ("/api/encounters/1/export?format=xml", 422, "format"),
        ("/api/encounters/1/export?of=gold", 422, "of"),
        ("/api/encounters/export?filters=x", 422, "filters"),
        ('/api/encounters/export?filters={"isFavorite":1}', 422, "filters.isFavorite"),
    ],
)
def test_what_cannot_be_exported_is_reported(
    client: httpx.Client, address: str, status: int, argument: str | None
) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.json()["argument"] == argument


def test_hits_that_are_not_kept_are_not_found(client: httpx.Client, recorded_db: Database) -> None:
    recorded_db.commands.prune_encounters(keep_hits_newest=1)
    assert client.get("/api/encounters/1/export?of=hits").status_code == 404
    assert client.get("/api/encounters/1/export?of=actors").status_code == 200


def test_selected_fights_are_a_file_that_another_database_takes_in(
    client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answer = client.get("/api/encounters/file?ids=1&ids=2")
    assert answer.headers["content-disposition"] == 'attachment; filename="2-fights.rlog"'
    target = tmp_path / "fights.rlog"
    target.write_bytes(answer.content)
    with Database.open(tmp_path / "other.db") as other:
        assert len(other.import_fights(target).imported) == 2
    left = {each.name for each in tmp_path.glob("resonance-logs-*")}
    assert {name for name in left if "-locks-" not in name} == set()


def test_a_file_of_no_fights_or_of_unknown_ones_is_refused(client: httpx.Client) -> None:
    for query, status in (("", 422), ("?ids=0", 422), ("?ids=x", 422), ("?ids=77", 404)):
        answer = client.get(f"/api/encounters/file{query}")
        assert answer.status_code == status
        assert answer.json()["message"]


def test_without_room_for_a_file_the_reason_is_reported(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_named: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    answer = client.get("/api/encounters/file?ids=1")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "No space left on device" in answer.json()["message"]


def test_downloads_that_nobody_reads_are_limited_and_their_places_come_back(
    recorded_db: Database,
) -> None:
    hits = [
        InsertDamageEvent(timestamp_ms=900_000 + n, attacker_id=7, value=n, defender_id=900)
        for n in range(60_000)
    ]
    begin, aoi, *_, end = fight(started=900_000)
    recorded_db.enqueue_many([begin, aoi, *hits, end], timeout=60)
    recorded_db.flush(60)

    def two_at_once(app: FastAPI) -> None:
        app.state.downloads = CapacityLimiter(2)

    limits = ConnectionLimits(stalled_answer_s=1.0, tick_s=0.1)
    path = "/api/encounters/3/export?of=hits"
    request = GET.replace(b"/healthz", path.encode()) + b"\r\n"
    running_server = running(recorded_db, Rules(), limits=limits, prepare=two_at_once)
    with running_server as address, ExitStack() as stack:
        for _ in range(2):
            deaf = stack.enter_context(connect(address, receive_buffer=4_096))
            deaf.sendall(request)
        answer = httpx.get(f"{address}{path}", timeout=60)
        assert answer.status_code == 200
        assert answer.text.count("\n") == 60_001
        assert int(answer.headers["content-length"]) == len(answer.content)
