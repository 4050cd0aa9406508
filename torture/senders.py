"""Four clients send a million tasks to one server at once, each as a recorder of its own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from tests.helpers.attack import Client, make_tasks, random_parts, run_at_once
from tests.helpers.model import Model

from resonance_logs import Task
from resonance_logs.sources.simulation import Night
from torture.scenario import Outcome, Run, attempt
from torture.senders_verdict import judge_clients
from torture.serving import Server
from torture.verdict import Verdict

CLIENTS: Final = 4
TASKS: Final = 1_000_000
PART: Final = 3_000


def senders(run: Run) -> Iterator[Outcome]:
    """The scenario: send, stop the server, compare everything."""
    for number in run.numbers(1):
        yield attempt(run, "senders", number, lambda: _attack(run, TASKS))


def _attack(run: Run, tasks: int) -> Verdict:
    path = run.file(0)
    with Server(path) as server:
        host, port = server.address()
        clients = [
            _client(run, f"http://{host}:{port}", number, tasks // CLIENTS)
            for number in range(CLIENTS)
        ]
        run_at_once(clients)
    models = [Model(task for part in each.parts for task in part) for each in clients]
    return judge_clients(path, clients, models)


def _client(run: Run, address: str, number: int, least: int) -> Client:
    dice = run.dice(number)
    tasks: list[Task] = []
    night = 0
    while len(tasks) < least:
        started = 1_795_203_000_000 + night * 100_000_000
        seed = dice.randrange(1 << 20)
        tasks += make_tasks(
            Night(seed=seed, players=10, fights=4, seconds=60, started_at_ms=started)
        )
        night += 1
    parts = list(random_parts(tasks, random.Random(number), PART))
    return Client(address, f"meter {number}", f"game-{number}", parts, waits=number % 2 == 0)
