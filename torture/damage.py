"""Change, zero or cut off bytes anywhere in the file or its log.

Nothing may crash, and no wrong total may be reported as correct: neither to readers of the damaged
file, nor after recording has resumed and salvaged it.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from tests.helpers.model import Fight, Model

from resonance_logs import CommandError, Database, ResonanceLogsError
from resonance_logs.commands.encounter import EncounterSummary
from torture.children import Child, last_number
from torture.sameness import range_differences, without
from torture.scenario import Outcome, Run, attempt
from torture.stream import Stream
from torture.verdict import Verdict, page_faults

STREAM: Final = Stream(11, 14, 30, 400)
WHOLE_UP_TO: Final = 12
"""The recorder is killed in this fight; the last ones are still in the log."""


def change(dice: random.Random, content: bytearray) -> str:
    """Change some bytes, zero them, or cut them off; returns what was done."""
    kind = dice.choice(("flip", "overwrite", "overwrite", "zero", "page", "truncate"))
    at = dice.randrange(len(content))
    if kind == "flip":
        content[at] ^= 1 << dice.randrange(8)
        return f"a bit at {at}"
    if kind == "truncate":
        del content[at:]
        return f"all from {at} on"
    if kind == "page":
        at -= at % 4_096
    count = 4_096 if kind == "page" else dice.choice((1, 8, 100, 1_000, 9_000))
    count = min(count, len(content) - at)
    noise = bytes(count) if kind in {"zero", "page"} else dice.randbytes(count)
    content[at : at + count] = noise
    return f"{count} bytes at {at} ({kind})"


def hurt(dice: random.Random, path: Path) -> str:
    """Damage the file or its log."""
    log = path.with_name(f"{path.name}-wal")
    file = log if log.exists() and log.stat().st_size and dice.random() < 0.3 else path
    content = bytearray(file.read_bytes())
    done = change(dice, content)
    file.write_bytes(content)
    return f"{file.name}: {done}"


def damage(run: Run) -> Iterator[Outcome]:
    """The scenario: damaged copies of one file whose recorder was killed."""
    template = run.folder / "template" / "fights.db"
    template.parent.mkdir()
    expected = _record(template)
    for number in run.numbers(run.moments):
        path = run.file(number)
        outcome = attempt(
            run, "damage", number, partial(_judge, run.dice(number), template, path, expected)
        )
        yield outcome
        if outcome.is_good:
            shutil.rmtree(path.parent)


def _record(path: Path) -> Mapping[int, Fight]:
    """Record until the last fights, and kill; returns the complete fights, by start."""
    tasks = STREAM.tasks()
    with Child("recorder", path, *STREAM.words(), "--most-a-flush", 40) as child:
        for _ in range(WHOLE_UP_TO):
            child.wait_for("ending")
        flushed = last_number(child.kill(), "flushed")
    return {fight.started_at_ms: fight for fight in Model(tasks[:flushed]).fights}


def _judge(
    dice: random.Random, template: Path, path: Path, expected: Mapping[int, Fight]
) -> Verdict:
    for file in template.parent.iterdir():
        shutil.copyfile(file, path.parent / file.name)
    verdict = Verdict(of=len(expected), note=hurt(dice, path))
    looked = path.parent / "looked"
    shutil.copytree(path.parent, looked)
    verdict.wrong += _look(looked / path.name)
    verdict.wrong += _shown(looked / path.name, expected, Verdict())
    try:
        with Database.open(path):
            pass
    except (ResonanceLogsError, sqlite3.Error) as error:
        # A file without a valid header is not recognised as ours, and is not touched.
        if not isinstance(error, ResonanceLogsError):
            verdict.wrong.append(f"{type(error).__name__}: {error}")
        return _with_note(verdict)
    verdict.wrong += _shown(path, expected, verdict)
    Database.salvage(path)
    verdict.wrong += [f"mended: {each}" for each in _shown(path, expected, Verdict())]
    verdict.wrong += [f"mended: {each}" for each in (*page_faults(path), *_unsound(path))]
    return _with_note(verdict)


def _with_note(verdict: Verdict) -> Verdict:
    verdict.wrong = [f"{verdict.note}: {each}" for each in verdict.wrong]
    return verdict


def _look(path: Path) -> Iterator[str]:
    with Child("looker", path) as child:
        said = child.finish()
    yield from (line for line in said if line.startswith("broke"))
    if "looked" not in said:
        yield f"the program crashed while reading: {said[-1:]}"


def _unsound(path: Path) -> list[str]:
    with Database.open(path, record=False) as db:
        return [each.message for each in db.commands.check_database().findings]


def _shown(path: Path, expected: Mapping[int, Fight], verdict: Verdict) -> Iterator[str]:
    """Find figures that are reported as correct but are not; count the complete fights."""
    try:
        db = Database.open(path, record=False)
    except ResonanceLogsError:
        return
    with db:
        try:
            fights = db.commands.get_recent_encounters(1_000).rows
        except CommandError:
            return
        for fight in fights:
            if fight.is_complete:
                yield from _fight(db, fight, expected, verdict)


def _fight(
    db: Database, shown: EncounterSummary, expected: Mapping[int, Fight], verdict: Verdict
) -> Iterator[str]:
    fight = expected.get(shown.started_at_ms)
    if fight is None:
        # Only what was flushed is certain; later tasks may be stored too.
        if shown.started_at_ms <= max(expected):
            yield f"fight {shown.id}, begun at {shown.started_at_ms}, never existed"
        return
    here = (shown.ended_at_ms, shown.total_dmg, shown.total_heal)
    there = (fight.ended_at_ms, fight.total_dmg, fight.total_heal)
    if here != there:
        yield f"fight {shown.id} shows {here}, expected {there}"
    try:
        answer = db.commands.get_encounter_range(shown.id)
        skills = [
            db.commands.get_encounter_player_skills(shown.id, actor.actor_id, "dps")
            for actor in answer.actors
        ]
    except CommandError:
        return
    verdict.fights += 1
    present = frozenset(actor.actor_id for actor in answer.actors)
    silent = frozenset(fight.actors) - present - _active(fight)
    fight = replace(fight, actors=without(fight.actors, silent))
    yield from (f"fight {shown.id}, {each}" for each in range_differences(answer, fight))
    for window in skills:
        (player,) = window.curr_player
        if player.total_dmg != fight.actors[player.uid].damage_dealt:
            yield f"fight {shown.id}: player {player.uid} shows {player.total_dmg}"
        if sum(row.total_dmg for row in window.skill_rows) != player.total_dmg:
            yield f"fight {shown.id}: the skills of {player.uid} do not add up to its total"


def _active(fight: Fight) -> frozenset[int]:
    """The actors that did or took anything; others can be lost with their rows."""
    pairs = (*fight.damage_pairs, *fight.heal_pairs)
    return frozenset(actor for key in pairs for actor in key[:2] if actor is not None)
