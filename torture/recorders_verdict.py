"""The verdict on two recorders: their fights are exactly those of the model."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, select
from tests.helpers.model import Entity, Model
from tests.helpers.stored import stored_entities

from resonance_logs import Database, ResonanceLogsError
from resonance_logs.store import schema
from torture.recorded_stream import RecordedStream
from torture.sameness import fight_differences, range_differences, read_fight
from torture.verdict import MAX_REPORTED_REFUSALS, Verdict, judge_file, judge_rest, read_rows


def judge_recorders(path: Path, streams: Sequence[RecordedStream]) -> Verdict:
    """Open the file, and compare its contents with the streams, all of which were recorded."""
    verdict = Verdict(flushed=sum(len(each.tasks) for each in streams))
    models = [Model(each.tasks) for each in streams]
    try:
        with Database.open(path) as db:
            for stream, model in zip(streams, models, strict=True):
                name = stream.identity.recorder
                wrong = [*_position(db, stream), *_fights(db, stream, model, verdict)]
                verdict.wrong += [f"{name}: {each}" for each in wrong]
            with db._store.read_transaction() as connection:
                verdict.wrong += [*judge_rest(connection), *_players(connection, streams, models)]
            findings = db.commands.check_database().findings
            verdict.wrong += [f"check: {each.message}" for each in findings]
    except (ResonanceLogsError, sqlite3.Error) as error:
        verdict.wrong.append(f"the file cannot be used: {type(error).__name__}: {error}")
        return verdict
    events = sum(len(f.damage_events) + len(f.heal_events) for m in models for f in m.fights)
    verdict.kept = verdict.flushed - max(0, events - verdict.events)
    verdict.wrong += judge_file(path)
    del verdict.wrong[MAX_REPORTED_REFUSALS:]
    return verdict


def _position(db: Database, stream: RecordedStream) -> Iterator[str]:
    found = db.find_recorder(stream.identity.recorder)
    sent = len(stream.lines)
    if (found.game, found.position, found.stored_position) != (stream.identity.game, sent, sent):
        yield f"{found}, expected {sent} lines of {stream.identity.game}"


def _fights(db: Database, stream: RecordedStream, model: Model, verdict: Verdict) -> Iterator[str]:
    with db._store.read_transaction() as connection:
        rows = [
            row
            for row in read_rows(connection)
            if (row["recorder"], row["game"]) == (stream.identity.recorder, stream.identity.game)
        ]
        verdict.fights += len(rows)
        verdict.events += sum(row["damage_events"] + row["heal_events"] for row in rows)
        if len(rows) != len(model.fights):
            yield f"{len(rows)} fights, expected {len(model.fights)}"
            return
        for row, fight in zip(rows, model.fights, strict=True):
            stored = read_fight(connection, row, fight)
            yield from (f"fight {row['id']}, {e}" for e in fight_differences(stored, fight))
            if row["lost_events"] or row["rejected_events"]:
                yield f"fight {row['id']} has lost or rejected events"
    for row, fight in zip(rows, model.fights, strict=True):
        answer = db.commands.get_encounter_range(row["id"])
        yield from (f"fight {row['id']}, {e}" for e in range_differences(answer, fight))


def _players(
    connection: Connection, streams: Sequence[RecordedStream], models: Sequence[Model]
) -> Iterator[str]:
    expected: dict[str, dict[int, Entity]] = {}
    for stream, model in zip(streams, models, strict=True):
        known = expected.setdefault(stream.identity.game, {})
        for actor, entity in model.entities.items():
            known[actor] = _merged(known.get(actor, entity), entity)
    games = set(connection.execute(select(schema.entities.c.game)).scalars())
    for game in games | expected.keys():
        here, there = stored_entities(connection, game), expected.get(game, {})
        for actor in here.keys() | there.keys():
            if here.get(actor) != there.get(actor):
                found, wanted = here.get(actor), there.get(actor)
                yield f"player {actor} of {game}: {found}, expected {wanted}"


def _merged(one: Entity, other: Entity) -> Entity:
    return replace(
        one,
        first_seen_ms=min(one.first_seen_ms, other.first_seen_ms),
        last_seen_ms=max(one.last_seen_ms, other.last_seen_ms),
    )
