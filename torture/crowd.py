"""Eight threads record while four processes read, for as long as requested.

The threads' events come in any order, so each fight is compared as sums, and its single events as
a set. One thread begins and ends the fights, and signals the others when to start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from tests.helpers.model import Fight, Model

from resonance_logs import Database
from resonance_logs.store import schema
from torture.children import Child, let_pass
from torture.enqueuers import round_tasks
from torture.sameness import fight_differences, range_differences, read_fight
from torture.scenario import Outcome, Run
from torture.verdict import MAX_REPORTED_REFUSALS, Verdict, page_faults

READERS: Final = 4
MOST_GROWTH_KB: Final = 16 * 1024
"""Memory in the second half may exceed the first half's maximum by this much."""


def crowd(run: Run) -> Iterator[Outcome]:
    """The scenario: record and read for ``run.seconds``, then compare everything."""
    path = run.file(0)
    with ExitStack() as stack:
        recorder = stack.enter_context(Child("enqueuers", path, run.seed))
        recorder.wait_for("open")
        readers = [stack.enter_context(Child("reader", path)) for _ in range(READERS)]
        let_pass(run.seconds)
        wrong = list(_stopped(readers))
        recorder.tell("stop")
        rounds = int(recorder.wait_for("closed"))
        wrong += _of_recorder(recorder.output)
    verdict = _judge(path, run.seed, rounds)
    verdict.wrong = [*wrong, *verdict.wrong]
    yield Outcome("crowd", run.seed, 0, verdict)


def _stopped(readers: Sequence[Child]) -> Iterator[str]:
    """Stop the readers; returns what went wrong with them."""
    for reader in readers:
        reader.tell("stop")
        asked = int(reader.wait_for("asked"))
        yield from (line for line in reader.finish() if line.startswith("error"))
        if not asked:
            yield "a reader got no answers"


def _of_recorder(said: Sequence[str]) -> Iterator[str]:
    """Errors of the recorder, and whether its memory grew."""
    yield from (line for line in said if line.startswith(("error", "trouble")))
    sizes = [int(line.split()[1]) for line in said if line.startswith("rss ")]
    half = len(sizes) // 2
    if half and (growth := max(sizes[half:]) - max(sizes[:half])) > MOST_GROWTH_KB:
        yield f"memory grew by {growth:,} kB in the second half"


def _judge(path: Path, seed: int, rounds: int) -> Verdict:
    verdict = Verdict()
    with Database.open(path) as db:
        with db._store.read_transaction() as connection:
            rows = list(connection.execute(select(schema.encounters).order_by("id")).mappings())
        verdict.fights = len(rows)
        if len(rows) != rounds:
            verdict.wrong.append(f"{len(rows)} fights, expected {rounds}")
        for number, row in enumerate(rows[:rounds]):
            _compare(db, row, seed, number, verdict)
        verdict.wrong += [each.message for each in db.commands.check_database().findings]
    verdict.wrong += page_faults(path)
    del verdict.wrong[MAX_REPORTED_REFUSALS:]
    return verdict


def _compare(db: Database, row: Any, seed: int, number: int, verdict: Verdict) -> None:
    tasks = [task for part in round_tasks(seed, number) for task in part]
    [fight] = Model(tasks).fights
    with db._store.read_transaction() as connection:
        stored = read_fight(connection, row, fight)
    verdict.flushed += len(tasks)
    verdict.events += len(stored.damage_events) + len(stored.heal_events)
    faults = list(fight_differences(_sorted(stored), _sorted(fight)))
    faults += range_differences(db.commands.get_encounter_range(row["id"]), fight)
    verdict.wrong += [f"fight {row['id']}, {each}" for each in faults]
    verdict.kept += 0 if faults else len(tasks)


def _sorted(fight: Fight) -> Fight:
    return replace(
        fight,
        damage_events=sorted(fight.damage_events, key=repr),
        heal_events=sorted(fight.heal_events, key=repr),
    )
