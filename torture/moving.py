"""The file is deleted, moved or replaced at a random moment while it is recorded.

Nothing that was accepted is lost: once the old file, or what was saved of it, is put back together
with the spill, everything is in it. The file that took its place is as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from torture.children import Child, last_number, let_pass
from torture.kills import record_all
from torture.moment import Moment
from torture.scenario import Outcome, Run, attempt
from torture.stream import Stream
from torture.verdict import Verdict, judge, judge_file

Harm = Callable[[Path, Path], None]
"""What becomes of the file at a path; the second one may take its place."""


def _delete(path: Path, _other: Path) -> None:
    path.unlink()


def _replace(path: Path, other: Path) -> None:
    other.replace(path)


def _move(path: Path, _other: Path) -> None:
    path.rename(path.with_name("moved.db"))


def _move_and_replace(path: Path, other: Path) -> None:
    _move(path, other)
    other.replace(path)


def _delete_with_log(path: Path, _other: Path) -> None:
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _delete_log(path: Path, _other: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink(missing_ok=True)


HARMS: Final[tuple[Harm, ...]] = (
    _delete,
    _replace,
    _move,
    _move_and_replace,
    _delete_with_log,
    _delete_log,
)


def harm_recorded(moment: Moment) -> Verdict:
    """Do one of these while a recorder flushes every few tasks."""
    stream, harm = moment.stream(30, 0, 200), moment.dice.choice(HARMS)
    other = _other_file(moment)
    before = other.read_bytes()
    with Child("recorder", moment.path, *stream.words()) as child:
        child.wait_for("open")
        for _ in range(moment.dice.randrange(200)):
            child.wait_until(lambda _: True, "any line")
        let_pass(moment.dice.uniform(0.0, 0.003))
        harm(moment.path, other)
        if harm is _delete_log:
            let_pass(moment.dice.uniform(0.0, 1.5))
            accepted = last_number(child.kill(), "flushed")
        else:
            accepted = int(child.wait_for("stopped"))
            child.tell("go")
            child.wait_for("left")
            child.finish()
    wrong = []
    if harm in (_replace, _move_and_replace):
        if moment.path.read_bytes() != before:
            wrong.append("the file that took the place was changed")
        wrong += judge_file_alone(moment.path)
    verdict = _judge(moment.path, stream, accepted, is_log=harm is _delete_log)
    verdict.note = harm.__name__.strip("_").replace("_", " ")
    verdict.wrong[:0] = wrong
    return verdict


def judge_file_alone(path: Path) -> list[str]:
    """What is wrong with a copy of a file, without anything beside it."""
    copy = path.with_name("copy") / path.name
    copy.parent.mkdir()
    shutil.copyfile(path, copy)
    return judge_file(copy)


def _other_file(moment: Moment) -> Path:
    other = moment.path.with_name("other") / "other.db"
    other.parent.mkdir()
    record_all(other, moment.stream(2, 5, 50))
    return other


def _judge(path: Path, stream: Stream, accepted: int, *, is_log: bool) -> Verdict:
    if not is_log:
        found = [*path.parent.glob("fights.removed-*.db"), *path.parent.glob("moved.db")]
        if not found:
            return Verdict(flushed=accepted, wrong=["what was recorded was not kept"])
        found[0].replace(path)
    return judge(path, stream.tasks(), accepted)


def moving(run: Run) -> Iterator[Outcome]:
    """The scenario: as many moments as there are of the kills of a recorder."""
    for number in run.numbers(max(2 * len(HARMS), run.moments // 4)):
        moment = Moment(number, run.dice(number), run.file(number))
        outcome = attempt(run, "moving", number, partial(harm_recorded, moment))
        yield outcome
        if outcome.is_good:
            shutil.rmtree(moment.path.parent)
