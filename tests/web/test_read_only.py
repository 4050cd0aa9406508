"""A read-only server refuses every change, and says so with a code of its own."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from resonance_logs import Database
from resonance_logs.commands.registry import REGISTRY
from resonance_logs.web.guard import Rules
from tests.helpers.arguments import ARGUMENTS
from tests.helpers.http import LINES, running
from tests.helpers.recording import fight, record


@pytest.fixture
def read_only_client(path: Path) -> Iterator[httpx.Client]:
    """A client of a read-only server with one fight."""
    with Database.open(path) as db:
        record(db, fight())
    with (
        Database.open(path, read_only=True) as db,
        running(db, Rules(), "does not record") as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        yield client


def test_every_command_that_changes_something_is_refused(read_only_client: httpx.Client) -> None:
    for name in (each.name for each in REGISTRY.values() if each.changes):
        answer = read_only_client.post(f"/api/commands/{name}", json=ARGUMENTS[name])
        assert (answer.status_code, answer.json()["code"]) == (403, "read_only"), name


def test_tasks_are_refused(read_only_client: httpx.Client) -> None:
    answer = read_only_client.post("/api/tasks", content=LINES)
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only")


def test_everything_else_is_answered(read_only_client: httpx.Client) -> None:
    body = {"limit": 5}
    answer = read_only_client.post("/api/commands/get_recent_encounters", json=body)
    assert answer.json()["totalCount"] == 1
    for address in ("/healthz", "/metrics", "/api/encounters/export", "/api/encounters/1/export"):
        assert read_only_client.get(address).status_code == 200
    assert read_only_client.get("/api/encounters/file", params={"ids": 1}).status_code == 200


def test_the_description_says_what_changes_something_and_how_it_is_refused(
    read_only_client: httpx.Client,
) -> None:
    described = read_only_client.get("/api/openapi.json").json()
    for name, command in REGISTRY.items():
        operation = described["paths"][f"/api/commands/{name}"]["post"]
        assert operation["x-changes"] is command.changes
        assert "403" in operation["responses"]
    code = described["components"]["schemas"]["Error"]["properties"]["code"]
    assert "read_only" in code["enum"]


def test_a_server_beside_a_recorder_still_changes_notes_and_deletes(path: Path) -> None:
    with Database.open(path) as recorder:
        record(recorder, fight())
        with (
            Database.open(path, record=False) as db,
            running(db, Rules(), "does not record") as address,
            httpx.Client(base_url=address, timeout=30) as client,
        ):
            note = {"encounterId": 1, "note": "x"}
            assert client.post("/api/commands/set_encounter_note", json=note).is_success
            assert client.post("/api/commands/delete_encounter", json={"encounterId": 1}).is_success
            assert client.post("/api/tasks", content=LINES).status_code == 503
