"""Every command gives the same answer over HTTP as in Python, and errors match the spec."""

import httpx
import pytest

from resonance_logs import Database
from resonance_logs.commands.registry import REGISTRY
from tests.helpers.arguments import ARGUMENTS

CHANGING = {"delete_encounter", "delete_encounters", "delete_rejected_tasks"}
ASKED = {**ARGUMENTS, "get_boss_profile": {"bossName": "Boss"}}
VARYING = {"get_database_health", "get_database_info"}


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_command_answers_as_it_does_in_python(
    client: httpx.Client, recorded_db: Database, name: str
) -> None:
    answer = client.post(f"/api/commands/{name}", json=ASKED[name])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    if name not in CHANGING | VARYING:
        assert answer.json() == recorded_db.commands.call(name, ASKED[name])


def test_without_a_body_there_are_no_arguments(client: httpx.Client) -> None:
    assert client.post("/api/commands/get_unique_boss_names").json() == {"names": ["Boss"]}


@pytest.mark.parametrize(
    ("name", "body", "status", "code", "argument"),
    [
        ("get_encounter_by_id", {"encounterId": 77}, 404, "not_found", None),
        ("get_encounter_by_id", {"encounterId": "1"}, 422, "invalid_argument", "encounterId"),
        ("get_encounter_by_id", {}, 422, "invalid_argument", "encounterId"),
        ("get_recent_encounters", {"limit": 0}, 422, "invalid_argument", "limit"),
        ("get_recent_encounters", {"limt": 1}, 422, "invalid_argument", "limt"),
        ("get_recent_encounters", [1], 422, "invalid_argument", "arguments"),
        ("no_such_command", {}, 404, "not_found", None),
    ],
)
def test_errors_have_a_status_a_code_a_message_and_the_argument(
    client: httpx.Client, name: str, body: object, status: int, code: str, argument: str | None
) -> None:
    answer = client.post(f"/api/commands/{name}", json=body)
    assert answer.status_code == status
    told = answer.json()
    assert (told["code"], told["argument"]) == (code, argument)
    assert told["message"]


def test_a_file_that_cannot_be_read_is_unavailable(
    client: httpx.Client, recorded_db: Database
) -> None:
    with recorded_db._store.write_transaction() as connection:
        connection.exec_driver_sql("UPDATE damage_skill_stats SET hits = 9 WHERE encounter_id = 1")
    body = {"encounterId": 1, "actorId": 7, "skillType": "dps"}
    answer = client.post("/api/commands/get_encounter_player_skills", json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "is damaged" in answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"{}", "text/plain"),
        (b"{}", None),
        (b"\xff", "application/json"),
    ],
)
def test_a_body_that_is_no_json_is_refused(
    client: httpx.Client, body: bytes, kind: str | None
) -> None:
    headers = {} if kind is None else {"content-type": kind}
    answer = client.post("/api/commands/get_database_info", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_argument")


def test_looking_at_a_command_is_no_way_to_run_it(client: httpx.Client) -> None:
    assert client.get("/api/commands/get_database_info").status_code == 405


def test_the_description_names_every_command_with_its_shapes(client: httpx.Client) -> None:
    described = client.get("/api/openapi.json").json()
    for name, command in REGISTRY.items():
        operation = described["paths"][f"/api/commands/{name}"]["post"]
        assert operation["summary"] == command.summary
        assert operation["requestBody"]["content"]["application/json"]["schema"]
        assert operation["responses"]["200"]["content"]["application/json"]["schema"] is not None
    row = described["components"]["schemas"]["EncounterSummary"]["properties"]
    assert {"startedAtMs", "totalDmg", "isComplete"} <= row.keys()


def test_nothing_asks_another_host(client: httpx.Client) -> None:
    for path in ("/docs", "/redoc", "/"):
        assert client.get(path).status_code == 404
    assert "http" not in client.get("/metrics").text
