"""The live fight is streamed once a second, as it grows."""

import json

import httpx
import pytest

from resonance_logs import Database
from resonance_logs.web import live
from tests.helpers.recording import fight, record


def test_the_open_fight_is_streamed_as_it_grows(
    client: httpx.Client, recorded_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "INTERVAL_S", 0.05)
    tasks = fight(started=900_000, hits=6)
    told = []
    with client.stream("GET", "/api/live") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if not line.startswith("data: "):
                assert line in {"", "event: encounter"} or line.startswith(":")
                continue
            told.append(json.loads(line.removeprefix("data: ")))
            if len(told) == 1:
                record(recorded_db, tasks[:5])
            elif told[-1] and told[-1]["totalDmg"] == 30:
                record(recorded_db, tasks[5:-1])
            elif told[-1] and told[-1]["totalDmg"] == 60:
                record(recorded_db, tasks[-1:])
            if told[-1] is None and any(each and each["totalDmg"] == 60 for each in told):
                break
    totals = [each and each["totalDmg"] for each in told]
    assert totals[0] is None
    assert [each for each in (30, 60) if each in totals] == [30, 60]
    assert totals[-1] is None


def test_one_recorders_fight_is_streamed_alone(client: httpx.Client, recorded_db: Database) -> None:
    for name, game, hits in (("left", "bpsr", 2), ("right", "wow", 4)):
        sender = recorded_db.recorder(name, game)
        sender.enqueue_many(fight(started=900_000, hits=hits)[:-1])
    recorded_db.flush(30)
    for name, expected in (("left", ("left", 20)), ("right", ("right", 40)), ("nobody", None)):
        with client.stream("GET", "/api/live", params={"recorder": name}) as answer:
            line = next(each for each in answer.iter_lines() if each.startswith("data: "))
        told = json.loads(line.removeprefix("data: "))
        assert (told and (told["recorder"], told["totalDmg"])) == expected
