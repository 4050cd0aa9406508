"""Several clients send at once: no fight is mixed, no hit is lost, and every answer counts."""

import random
from collections.abc import Sequence

import httpx
import pytest
from sqlalchemy import select

from resonance_logs import Database, Task
from resonance_logs.sources.simulation import Night
from resonance_logs.store import schema
from tests.helpers.attack import Client, make_tasks, random_parts, run_at_once, whole_fights
from tests.helpers.http import LINES
from tests.helpers.model import Model
from tests.helpers.recording import fight as small_fight

pytestmark = pytest.mark.attack


def stored(db: Database, recorder: str) -> list[tuple[object, ...]]:
    table = schema.encounters.c
    columns = (
        table.started_at_ms,
        table.ended_at_ms,
        table.total_dmg,
        table.total_heal,
        table.damage_events,
        table.heal_events,
        table.lost_events,
        table.was_interrupted,
    )
    with db._store.read_transaction() as connection:
        rows = connection.execute(
            select(*columns).where(table.recorder == recorder).order_by(table.started_at_ms)
        )
        return [tuple(row) for row in rows]


def expected(model: Model) -> list[tuple[object, ...]]:
    return sorted(
        (
            *(each.started_at_ms, each.ended_at_ms, each.total_dmg, each.total_heal),
            *(len(each.damage_events), len(each.heal_events), 0, 0),
        )
        for each in model.fights
    )


def night(seed: int, *, with_strays: bool = True) -> list[Task]:
    started = 1_795_203_000_000 + seed * 100_000_000
    of_seed = Night(seed=seed, players=6, fights=6, seconds=14, started_at_ms=started)
    return make_tasks(of_seed, with_strays=with_strays)


def sums(clients: Sequence[Client], name: str) -> int:
    return sum(each.counts[name] for each in clients)


def test_four_recorders_at_once_are_not_mixed(client: httpx.Client, recorded_db: Database) -> None:
    address = str(client.base_url)
    nights = [night(seed) for seed in range(4)]
    assert sum(map(len, nights)) > 35_000
    clients = [
        Client(
            address,
            f"meter {number}",
            f"game-{number}",
            list(random_parts(tasks, random.Random(number), 900)),
            waits=number % 2 == 0,
        )
        for number, tasks in enumerate(nights)
    ]
    run_at_once(clients)
    assert [each.wrong for each in clients] == [[]] * 4
    for each, tasks in zip(clients, nights, strict=True):
        model = Model(tasks)
        assert stored(recorded_db, each.recorder) == expected(model)
        counters = model.counters
        assert each.counts["accepted"] == len(tasks)
        assert each.counts["ignored"] == counters.ignored == 6
        assert each.counts["strays"] == counters.strays_dropped
        assert each.counts["rejected"] == 0
        assert each.busy == 0
    assert recorded_db.commands.check_database().is_sound


def test_two_clients_of_one_recorder_take_turns(
    client: httpx.Client, recorded_db: Database
) -> None:
    address = str(client.base_url)
    # A hit outside any fight would be of whichever fight begins next.
    nights = [night(seed, with_strays=False) for seed in (11, 12)]
    clients = [
        Client(address, "raid", "game-x", list(whole_fights(tasks)), waits=number == 0)
        for number, tasks in enumerate(nights)
    ]
    run_at_once(clients)
    assert [each.wrong for each in clients] == [[], []]
    both = [fight for tasks in nights for fight in expected(Model(tasks))]
    assert stored(recorded_db, "raid") == sorted(both)
    assert sums(clients, "accepted") == sum(map(len, nights))
    assert sums(clients, "ignored") == 12
    assert sums(clients, "rejected") == 0


def test_an_answer_counts_what_was_ignored_and_outside_any_fight(client: httpx.Client) -> None:
    def post(content: bytes, **more: object) -> dict[str, int]:
        answer = client.post("/api/tasks", content=content, params={"recorder": "a", **more})  # type: ignore[dict-item]
        assert answer.status_code == 200
        found: dict[str, int] = answer.json()
        return found

    end = LINES.splitlines(keepends=True)[-1]
    first = post(end + end)
    assert (first["ignored"], first["strays"], first["rejected"], first["cut"]) == (2, 0, 0, 0)
    hit = b'{"type":"insert_damage_event","timestamp_ms":%d,"attacker_id":7,"value":1}\n'
    second = post(hit % 1_000 + hit % 10_000 + hit % 20_000)
    assert (second["ignored"], second["strays"]) == (0, 2)
    name = b'{"type":"upsert_entity","entity_id":7,"seen_at_ms":1,"name":"%s"}\n' % (b"x" * 300)
    assert post(name)["cut"] == 1
    assert post(b"")["cut"] == 0


def test_what_an_answer_did_not_wait_for_is_in_the_next_one(
    client: httpx.Client, recorded_db: Database
) -> None:
    end = LINES.splitlines(keepends=True)[-1]
    params = {"recorder": "a", "wait": "false"}
    first = client.post("/api/tasks", content=end * 3, params=params).json()
    recorded_db.flush(30)
    second = client.post("/api/tasks", content=b"", params={"recorder": "a"}).json()
    assert first["ignored"] + second["ignored"] == 3


def test_the_counts_are_those_of_the_recorder_alone(
    client: httpx.Client, recorded_db: Database
) -> None:
    recorded_db.enqueue(small_fight()[-1])  # an end too many, of another recorder
    recorded_db.flush(30)
    answer = client.post("/api/tasks", content=LINES, params={"recorder": "a"}).json()
    assert answer["ignored"] == 0
