"""The verdict on many clients: no fight is mixed, no hit is lost, every answer counts right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.helpers.attack import Client
from tests.helpers.model import Model

from resonance_logs import Database
from torture.sameness import fight_differences, read_fight
from torture.verdict import MAX_REPORTED_REFUSALS, Verdict, judge_file, read_rows


def judge_clients(path: Path, clients: Sequence[Client], models: Sequence[Model]) -> Verdict:
    """Compare the file, and what the clients were answered, with the models of their tasks."""
    sent = sum(len(part) for each in clients for part in each.parts)
    verdict = Verdict(flushed=sent, kept=sent)
    with Database.open(path) as db:
        for client, model in zip(clients, models, strict=True):
            verdict.wrong += [*client.wrong, *_answers(client, model)]
            verdict.wrong += _fights(db, client, model, verdict)
        verdict.wrong += [each.message for each in db.commands.check_database().findings]
    expected = sum(
        len(fight.damage_events) + len(fight.heal_events)
        for each in models
        for fight in each.fights
    )
    verdict.kept -= max(0, expected - verdict.events)
    verdict.wrong += judge_file(path)
    del verdict.wrong[MAX_REPORTED_REFUSALS:]
    return verdict


def _answers(client: Client, model: Model) -> Iterator[str]:
    expected = {
        "accepted": sum(map(len, client.parts)),
        "ignored": model.counters.ignored,
        "strays": model.counters.strays_dropped,
        "rejected": 0,
        "refused": 0,
        "skipped": 0,
    }
    for name, count in expected.items():
        if client.counts[name] != count:
            yield f"{client.recorder}: {name} {client.counts[name]:,}, expected {count:,}"


def _fights(db: Database, client: Client, model: Model, verdict: Verdict) -> Iterator[str]:
    with db._store.read_transaction() as connection:
        rows = [row for row in read_rows(connection) if row["recorder"] == client.recorder]
        verdict.fights += len(rows)
        verdict.events += sum(row["damage_events"] + row["heal_events"] for row in rows)
        if len(rows) != len(model.fights):
            yield f"{client.recorder}: {len(rows)} fights, expected {len(model.fights)}"
            return
        for row, fight in zip(rows, model.fights, strict=True):
            stored = read_fight(connection, row, fight)
            for each in fight_differences(stored, fight):
                yield f"{client.recorder}: fight {row['id']}, {each}"
