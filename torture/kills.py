"""``kill -9`` at random moments of every operation on a file."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import select
from tests.helpers.model import Model
from tests.helpers.stored import stored_fight

from resonance_logs import Database
from resonance_logs.store.schema import encounters
from torture.children import Child, last_number, let_pass
from torture.following import kill_following
from torture.moment import Moment
from torture.old_files import Old, make_old
from torture.resending import kill_resending
from torture.sameness import fight_differences
from torture.scenario import Outcome, Run, attempt
from torture.stream import Stream
from torture.verdict import Verdict, judge, page_faults

KEPT: Final = 15
KEPT_HITS: Final = 8

LATE: Final = 1.1
"""Moments extend slightly beyond the time that the work takes without a kill."""


def kill_recording(moment: Moment) -> Verdict:
    """Kill the recorder at any moment, mostly between two flushes of a few tasks."""
    stream = moment.stream(30, 0, 200)
    with Child("recorder", moment.path, *stream.words()) as child:
        child.wait_for("open")
        for _ in range(moment.dice.randrange(400)):
            child.wait_until(lambda _: True, "any line")
        let_pass(moment.dice.uniform(0.0, 0.003))
        said = child.kill()
    return judge(moment.path, stream.tasks(), last_number(said, "flushed"))


def kill_finishing(moment: Moment) -> Verdict:
    """Kill the recorder while it finishes a large fight."""
    stream = moment.stream(4, 4_000, 12_000)
    with Child("recorder", moment.path, *stream.words(), "--most-a-flush", 4_000) as child:
        child.wait_for("ending")
        started = time.perf_counter()
        child.wait_for("flushed")
        took = time.perf_counter() - started
        for _ in range(moment.dice.randint(1, 3)):
            child.wait_for("ending")
        let_pass(moment.dice.uniform(0.0, took * LATE))
        said = child.kill()
    return judge(moment.path, stream.tasks(), last_number(said, "flushed"))


def kill_migrating(moment: Moment) -> Verdict:
    """Kill the program while it migrates an older file."""
    old = make_old(moment.path.parents[1], moment.dice.choice(("0001", "0002")))
    shutil.copyfile(old.path, moment.path)
    _kill_at_work(moment, old.seconds, "migrate", moment.path)
    return _judge_migrated(moment.path, old)


def _judge_migrated(path: Path, old: Old) -> Verdict:
    verdict = Verdict(flushed=old.fights, wrong=page_faults(path))
    with Database.open(path, record=False) as db:
        verdict.wrong += old.differences(path)
        verdict.wrong += [each.message for each in db.commands.check_database().findings]
        verdict.kept = verdict.fights = db.commands.get_recent_encounters(limit=1).total_count
    return verdict


def kill_pruning(moment: Moment) -> Verdict:
    """Kill the program while it deletes fights and returns their space."""
    stream = moment.stream(120, 2, 12)
    record_all(moment.path, stream)
    limits = KEPT, KEPT_HITS
    spare = moment.path.with_name("spare.db")
    shutil.copyfile(moment.path, spare)
    took = _time_of_work("prune", spare, *limits)
    _kill_at_work(moment, took, "prune", moment.path, *limits)
    verdict = _judge_pruned(moment.path, stream, least=KEPT)
    _time_of_work("prune", moment.path, *limits)
    again = _judge_pruned(moment.path, stream, least=KEPT)
    if again.fights != KEPT:
        again.wrong.append(f"{again.fights} fights are left, expected {KEPT}")
    verdict.wrong += [f"pruned again: {each}" for each in again.wrong]
    return verdict


def _judge_pruned(path: Path, stream: Stream, least: int) -> Verdict:
    """Check that the newest fights are unchanged, with or without their hits."""
    fights = {fight.started_at_ms: fight for fight in Model(stream.tasks()).fights}
    verdict = Verdict(flushed=least, wrong=page_faults(path))
    with Database.open(path) as db, db._store.read_transaction() as connection:
        rows = connection.execute(select(encounters).order_by("id")).mappings().all()
        verdict.fights = verdict.kept = len(rows)
        begun = [row["started_at_ms"] for row in rows]
        if begun != sorted(fights)[-len(rows) :]:
            verdict.wrong.append(f"fights begun at {begun} are left, which are not the newest")
            return verdict
        for row in rows:
            fight = fights[row["started_at_ms"]]
            stored = stored_fight(connection, row, fight)
            verdict.wrong += [f"fight {row['id']}, {e}" for e in fight_differences(stored, fight)]
        verdict.wrong += [each.message for each in db.commands.check_database().findings]
    return verdict


def kill_backing_up(moment: Moment) -> Verdict:
    """Kill a backup, its recorder, or both, while the backup is made."""
    stream = moment.stream(20, 20, 200)
    tasks = stream.tasks()
    before = moment.dice.randrange(1, len(tasks) // 2)
    target = moment.path.with_name("copy") / "backup.db"
    target.parent.mkdir()
    with Child("recorder", moment.path, *stream.words(), f"--pause-at={before}") as recorder:
        recorder.wait_for("paused")
        took = _time_of_work("back_up", moment.path, target.with_name("first.db"))
        with Child("worker", "back_up", moment.path, target) as worker:
            worker.wait_for("ready")
            recorder.tell("go")
            worker.tell("go")
            let_pass(moment.dice.uniform(0.0, took * LATE))
            worker.kill()
        if moment.dice.random() < 0.5:
            recorder.kill()
        if not target.exists():
            _time_of_work("back_up", moment.path, target)
        said = recorder.kill()
    verdict = judge(moment.path, tasks, last_number(said, "flushed"))
    for copy in (target, target.with_name("first.db")):
        of_copy = judge(copy, tasks, before)
        verdict.wrong += [f"{copy.name}: {each}" for each in of_copy.wrong]
        if of_copy.lost:
            verdict.wrong.append(f"{copy.name}: {of_copy.lost} flushed tasks are not in it")
    verdict.wrong += _parts(target.parent)
    return verdict


def _parts(folder: Path) -> list[str]:
    """Incomplete files, which the next operation of this kind must remove."""
    return [f"{file.name} was left behind" for file in folder.glob("*.part*")]


def kill_restoring(moment: Moment) -> Verdict:
    """Kill the program while it replaces a database by a backup."""
    old, new = moment.stream(6, 50, 400), moment.stream(6, 50, 400)
    source = moment.path.with_name("backup.db")
    for path, stream in ((moment.path, old), (source, new)):
        record_all(path, stream)
    spare = moment.path.with_name("spare.db")
    shutil.copyfile(moment.path, spare)
    took = _time_of_work("restore", spare, source)
    _kill_at_work(moment, took, "restore", moment.path, source)
    if not moment.path.exists():
        return Verdict(flushed=1, wrong=["neither the old file nor the new one exists"])
    verdict = _judge_either(moment.path, old, new)
    for kept in moment.path.parent.glob("fights.before-restore-*.db"):
        verdict.wrong += [f"{kept.name}: {each}" for each in _whole(kept, old).wrong]
    _time_of_work("restore", moment.path, source)
    verdict.wrong += [f"restored again: {each}" for each in _whole(moment.path, new).wrong]
    verdict.wrong += _parts(moment.path.parent)
    return verdict


def _judge_either(path: Path, old: Stream, new: Stream) -> Verdict:
    """Check that the old or the new file is complete; if it is the new one, the old one is kept."""
    as_old = _whole(path, old)
    if as_old.is_good:
        return as_old
    verdict = _whole(path, new)
    if not list(path.parent.glob("fights.before-restore-*.db")):
        verdict.wrong.append("the new file exists, but the old one was not kept")
    return verdict


def _whole(path: Path, stream: Stream) -> Verdict:
    tasks = stream.tasks()
    return judge(path, tasks, len(tasks))


def record_all(path: Path, stream: Stream) -> None:
    """Record a whole stream into a new file."""
    with Database.open(path) as db:
        db.enqueue_many(stream.tasks())


def _time_of_work(work: str, *arguments: object) -> float:
    """Let a child complete some work; returns how long that took.

    Raises:
        ChildFailed: it did not complete.
    """
    with Child("worker", work, *arguments) as child:
        child.wait_for("ready")
        started = time.perf_counter()
        child.tell("go")
        child.wait_for("done")
        return time.perf_counter() - started


def _kill_at_work(moment: Moment, took: float, work: str, *arguments: object) -> None:
    """Let a child do some work, and kill it meanwhile."""
    with Child("worker", work, *arguments) as child:
        child.wait_for("ready")
        child.tell("go")
        let_pass(moment.dice.uniform(0.0, took * LATE))
        child.kill()


KILLS: Final[dict[str, tuple[Callable[[Moment], Verdict], int]]] = {
    "recording": (kill_recording, 8),
    "finishing": (kill_finishing, 4),
    "migrating": (kill_migrating, 3),
    "pruning": (kill_pruning, 3),
    "backing-up": (kill_backing_up, 2),
    "restoring": (kill_restoring, 2),
    "resending": (kill_resending, 2),
    "following": (kill_following, 2),
}
"""The kinds of work to kill, and their shares of the moments."""


def kills(name: str) -> Callable[[Run], Iterator[Outcome]]:
    """The scenario for one kind of work."""
    kill, share = KILLS[name]
    whole = sum(part for _, part in KILLS.values())

    def scenario(run: Run) -> Iterator[Outcome]:
        for number in run.numbers(max(1, round(run.moments * share / whole))):
            moment = Moment(number, run.dice(number), run.file(number))
            outcome = attempt(run, name, number, partial(kill, moment))
            yield outcome
            if outcome.is_good:
                shutil.rmtree(moment.path.parent)

    return scenario
