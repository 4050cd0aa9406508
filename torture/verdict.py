"""The verdict: reopen the file, and compare every number in it.

The stored fights must be those of the independent model for the first tasks of the stream: at
least as many as were flushed. A fight that was open is ended at its last event.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select
from tests.helpers.model import Entity, Fight
from tests.helpers.stored import stored_entities

from resonance_logs import Database, ResonanceLogsError, Task
from resonance_logs.store import schema
from torture.prefix import FightView, Prefix, find_length, take, timeless
from torture.sameness import fight_differences, range_differences, read_fight, without

MAX_REPORTED_REFUSALS = 20
"""Maximum number of faults reported per file."""


@dataclass
class Verdict:
    """What was found in the file."""

    flushed: int = 0
    """Tasks for which flush had returned."""
    kept: int = 0
    """Tasks whose effect is stored."""
    fights: int = 0
    of: int = 0
    """The original number of fights, if damage may have lost some."""
    events: int = 0
    note: str = ""
    """What was done, if that was random."""
    wrong: list[str] = field(default_factory=list)
    """Everything that is wrong, as text."""

    @property
    def lost(self) -> int:
        """Flushed tasks whose effect is not stored."""
        return max(0, self.flushed - self.kept)

    @property
    def is_good(self) -> bool:
        """Whether nothing is lost or wrong."""
        return not (self.lost or self.wrong)


def judge(path: Path, tasks: Sequence[Task], flushed: int) -> Verdict:
    """Open the file, which recovers it, and compare its contents with the stream."""
    verdict = Verdict(flushed=flushed)
    try:
        with Database.open(path) as db:
            verdict.wrong += _compare(db, tasks, verdict)
    except (ResonanceLogsError, sqlite3.Error) as error:
        verdict.wrong.append(f"the file cannot be used: {type(error).__name__}: {error}")
        return verdict
    verdict.wrong += judge_file(path)
    del verdict.wrong[MAX_REPORTED_REFUSALS:]
    return verdict


def judge_file(path: Path) -> list[str]:
    """What is wrong with the closed file, and beside it."""
    return [*page_faults(path), *_leftovers(path)]


def _compare(db: Database, tasks: Sequence[Task], verdict: Verdict) -> Iterator[str]:
    with db._store.read_transaction() as connection:
        rows = read_rows(connection)
        entities = stored_entities(connection)
        verdict.fights = len(rows)
        verdict.events = sum(row["damage_events"] + row["heal_events"] for row in rows)
        length = find_length(tasks, verdict.flushed, _view(rows, entities))
        if length is None:
            yield f"{len(rows)} fights with {verdict.events} events are not a prefix of the stream"
            return
        verdict.kept = length
        prefix = take(tasks, length, verdict.flushed)
        yield from _fights(connection, rows, prefix)
        yield from _players(entities, prefix, take(tasks, verdict.flushed, verdict.flushed))
        yield from judge_rest(connection)
    yield from _ranges(db, rows, prefix)
    yield from (f"check: {each.message}" for each in db.commands.check_database().findings)


def read_rows(connection: Connection) -> list[Any]:
    """The rows of all fights, in the order of their begins."""
    return list(connection.execute(select(schema.encounters).order_by("id")).mappings())


def _view(rows: Sequence[Any], entities: dict[int, Entity]) -> FightView:
    interrupted = [row for row in rows if row["was_interrupted"]]
    return FightView(
        ended=len(rows) - len(interrupted),
        interrupted_events=sum(row["damage_events"] + row["heal_events"] for row in interrupted),
        entities=entities,
    )


def _fights(connection: Connection, rows: Sequence[Any], prefix: Prefix) -> Iterator[str]:
    begun = [row["started_at_ms"] for row in rows]
    if len(set(begun)) != len(begun):
        yield f"a fight is stored twice: {begun}"
    if begun != [fight.started_at_ms for fight in prefix.fights]:
        yield f"fights begun at {begun}, not at {[f.started_at_ms for f in prefix.fights]}"
        return
    for number, (row, fight) in enumerate(zip(rows, prefix.fights, strict=True), 1):
        is_last = prefix.interrupted and number == len(rows)
        stored = read_fight(connection, row, fight)
        if is_last:
            fight = _without_dispensable(stored, fight, prefix)
        for each in (*fight_differences(stored, fight), *_marks(row, fight, is_last)):
            yield f"fight {row['id']}, {each}"


def _marks(row: Any, fight: Fight, interrupted: bool) -> Iterator[str]:
    """Compare the columns of a row that are not in the model."""
    for name, expected in (
        ("was_interrupted", int(interrupted)),
        ("rejected_events", 0),
        ("lost_events", 0),
        ("duration_ms", fight.duration_ms),
        ("damage_events", len(fight.damage_events)),
        ("heal_events", len(fight.heal_events)),
    ):
        if row[name] != expected:
            yield f"{name}: {row[name]}, expected {expected}"


def _without_dispensable(stored: Fight, expected: Fight, prefix: Prefix) -> Fight:
    """The fight without the players who did nothing and were not covered by a flush."""
    absent = prefix.dispensable - stored.actors.keys()
    silent = {key for key in absent if not _has_event(expected, key)}
    return replace(expected, actors=without(expected.actors, frozenset(silent)))


def _has_event(fight: Fight, actor: int) -> bool:
    return any(actor in key[:2] for key in (*fight.damage_pairs, *fight.heal_pairs))


def _players(entities: dict[int, Entity], prefix: Prefix, flushed: Prefix) -> Iterator[str]:
    here, there = timeless(entities), timeless(prefix.entities)
    for key in here.keys() | there.keys():
        if here.get(key) != there.get(key):
            yield f"player {key}: {here.get(key)}, expected {there.get(key)}"
    for key, each in entities.items():
        minimum = flushed.entities.get(key, each).last_seen_ms
        maximum = prefix.entities.get(key, each).last_seen_ms
        if prefix.length >= flushed.length and not minimum <= each.last_seen_ms <= maximum:
            yield f"player {key}: last seen at {each.last_seen_ms}, not in {minimum} to {maximum}"


def judge_rest(connection: Connection) -> Iterator[str]:
    """Report the rows of tables that must be empty."""
    for table in (schema.encounter_journal, schema.rejected_tasks):
        left = connection.execute(select(table)).all()
        if left:
            yield f"{len(left)} rows are left in {table.name}"


def _ranges(db: Database, rows: Sequence[Any], prefix: Prefix) -> Iterator[str]:
    """Compare the figures computed again from the archives, without inactive players."""
    if len(rows) != len(prefix.fights):
        return
    for row, fight in zip(rows, prefix.fights, strict=True):
        answer = db.commands.get_encounter_range(row["id"])
        present = {each.actor_id for each in answer.actors}
        absent = frozenset(prefix.dispensable - present)
        fight = replace(fight, actors=without(fight.actors, absent))
        for each in range_differences(answer, fight):
            yield f"fight {row['id']}, {each}"


def page_faults(path: Path) -> list[str]:
    """What SQLite itself finds wrong with the file."""
    with closing(sqlite3.connect(path)) as connection:
        pages = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        references = connection.execute("PRAGMA foreign_key_check").fetchall()
    return [
        *(f"pages: {each}" for each in pages if each != "ok"),
        *(f"references: {each}" for each in references),
    ]


def _leftovers(path: Path) -> list[str]:
    """Files beside the database that are no longer needed.

    The remains of an unfinished copy are removed by the next one. SQLite ignores a journal that was
    never begun (it starts with a zero, or is empty), and uses its name again.
    """
    beside = sorted(each for each in path.parent.iterdir() if each.name.startswith(path.name))
    return [
        f"{each.name} was left behind"
        for each in beside
        if ".part" not in each.name
        and (
            ".spill-" in each.name
            or (each.name.endswith("-journal") and each.read_bytes()[:1] not in {b"", b"\0"})
        )
    ]
