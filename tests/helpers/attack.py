"""Clients that send whole nights to one server at once, each night as a recorder of its own."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import httpx

from resonance_logs import EndEncounter, InsertDamageEvent, Task, encode_task
from resonance_logs.sources.simulation import Night, simulate

COUNTED = ("accepted", "skipped", "refused", "ignored", "strays", "rejected", "cut")
PATIENCE_S = 300.0


def make_tasks(night: Night, *, with_strays: bool = True) -> list[Task]:
    """A night, with an end too many and perhaps a hit outside any fight behind each fight."""
    tasks: list[Task] = []
    for task in simulate(night):
        tasks.append(task)
        if isinstance(task, EndEncounter):
            tasks.append(EndEncounter(ended_at_ms=task.ended_at_ms + 1))
        if isinstance(task, EndEncounter) and with_strays:
            late = task.ended_at_ms + 10_000
            tasks.append(InsertDamageEvent(timestamp_ms=late, attacker_id=1, value=1))
    return tasks


def whole_fights(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """The tasks in parts that each end with the second end of a fight.

    So the hits shortly before a begin are sent together with it.
    """
    part: list[Task] = []
    for task in tasks:
        part.append(task)
        if sum(isinstance(each, EndEncounter) for each in part[-2:]) == 2:
            yield part
            part = []
    if part:
        yield part


def random_parts(tasks: Sequence[Task], dice: random.Random, most: int) -> Iterator[list[Task]]:
    """The tasks in parts of any size."""
    start = 0
    while start < len(tasks):
        stop = start + dice.randint(1, most)
        yield list(tasks[start:stop])
        start = stop


@dataclass
class Client:
    """Sends its parts one after another, and adds up the answers."""

    address: str
    recorder: str
    game: str
    parts: Sequence[Sequence[Task]]
    waits: bool = True
    counts: Counter[str] = field(default_factory=Counter)
    busy: int = 0
    wrong: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Send everything; what goes wrong is noted."""
        try:
            with httpx.Client(base_url=self.address, timeout=120) as client:
                for number, part in enumerate(self.parts):
                    is_last = number == len(self.parts) - 1
                    self._send(client, part, wait=self.waits or is_last)
        except (httpx.HTTPError, AssertionError, KeyError) as error:
            self.wrong.append(f"{self.recorder}: {type(error).__name__}: {error}")

    def _send(self, client: httpx.Client, part: Sequence[Task], *, wait: bool) -> None:
        query = {"recorder": self.recorder, "game": self.game, "wait": str(wait).lower()}
        body = b"".join(encode_task(task) + b"\n" for task in part)
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = client.post("/api/tasks", params=query, content=body)
            if answer.status_code != 409:
                break
            assert answer.json()["code"] == "recorder_busy", answer.text
            assert time.monotonic() < until, "busy for too long"
            self.busy += 1
            time.sleep(0.005)
        assert answer.status_code == 200, answer.text
        result = answer.json()
        assert result["fault"] is None, result
        assert result["accepted"] == len(part), result
        self.counts.update({name: result[name] for name in COUNTED})


def run_at_once(clients: Sequence[Client]) -> None:
    """Let all clients send at the same time."""
    threads = [threading.Thread(target=each.run) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
