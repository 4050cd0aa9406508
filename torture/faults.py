"""Faults of the environment: while a fight is recorded, and while one is finalized.

Each fault is caused while the recorder waits, and its effect is verified. Then it either ends,
after which everything must be written, or lasts until the recorder has to stop, after which its
spill file must restore everything.
"""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from resonance_logs import BeginEncounter, EndEncounter, Task
from torture.children import Child, let_pass
from torture.limits import FEED
from torture.scenario import Outcome, Run, attempt
from torture.stream import Stream
from torture.verdict import Verdict, judge

CLOSE_S: Final = 0.1
LONGEST_S: Final = 1.0
WITHOUT_ROOT: Final = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)
"""Root may write everywhere, but not without these two capabilities."""

Fault = Callable[[Child, Path], AbstractContextManager[None]]
"""Causes a fault while a child pauses, lets it continue, and verifies that it was affected."""


@contextmanager
def lock(child: Child, path: Path) -> Iterator[None]:
    """Another process holds the file's write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE").close()
        child.tell("go")
        _affected(child, "locked")
        yield
        blocker.execute("ROLLBACK").close()


@contextmanager
def fill_disk(child: Child, path: Path) -> Iterator[None]:
    """The file cannot grow: a page limit acts like a full disk for SQLite."""
    del path
    child.tell("starve")
    _affected(child, "full")
    yield
    child.signal(FEED)


@contextmanager
def break_disk(child: Child, path: Path) -> Iterator[None]:
    """Writing beyond the end of the write-ahead log is an I/O error."""
    end = path.with_name(f"{path.name}-wal").stat().st_size
    before = resource.prlimit(child.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (end, before[1]))
    child.tell("go")
    _affected(child, "I/O error")
    yield
    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def forbid_writing(child: Child, path: Path) -> Iterator[None]:
    """The folder and its contents become read-only, which the recorder notices when it connects."""
    files = list(path.parent.iterdir())
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE").close()
        for file in (*files, path.parent):
            file.chmod(0o500 if file.is_dir() else 0o400)
        child.tell("go")
        _affected(child, "locked")
        blocker.execute("ROLLBACK").close()
    _affected(child, "readonly|read-only|unable to open")
    yield
    for file in (path.parent, *files):
        if file.exists():
            file.chmod(0o700 if file.is_dir() else 0o600)


def _affected(child: Child, words: str) -> None:
    child.wait_until(lambda line: bool(re.match(f"trouble .*({words})", line)), words)


FAULTS: Final[dict[str, Fault]] = {
    "locked": lock,
    "disk-full": fill_disk,
    "io-error": break_disk,
    "read-only": forbid_writing,
}


@dataclass(frozen=True)
class Case:
    """A stream, and the task before which the fault occurs."""

    stream: Stream
    tasks: Sequence[Task]
    pause: int
    most_a_flush: int

    @property
    def arguments(self) -> list[str]:
        """The recorder's arguments."""
        return [
            *self.stream.words(),
            f"--pause-at={self.pause}",
            f"--most-a-flush={self.most_a_flush}",
        ]


def while_recording(dice: random.Random) -> Case:
    """The fault occurs in the middle of the first fight."""
    stream = Stream(dice.randrange(1 << 30), 5, 150, 300)
    tasks = stream.tasks()
    begin, end = _first(tasks, BeginEncounter), _first(tasks, EndEncounter)
    return Case(stream, tasks, dice.randint(begin + 1, (begin + end) // 2), 7)


def while_finishing(dice: random.Random) -> Case:
    """The fault occurs just before the first fight's end."""
    stream = Stream(dice.randrange(1 << 30), 2, 600, 1_000)
    tasks = stream.tasks()
    return Case(stream, tasks, _first(tasks, EndEncounter), 500)


def _first(tasks: Sequence[Task], kind: type) -> int:
    return next(number for number, task in enumerate(tasks) if isinstance(task, kind))


def outlast(fault: Fault, case: Case, dice: random.Random, path: Path) -> Verdict:
    """The fault passes; the recorder continues to the end, and is killed or closed there."""
    with _recorder(path, case) as child:
        child.wait_for("paused")
        with fault(child, path):
            let_pass(dice.uniform(0.0, LONGEST_S))
        child.wait_for("done")
        if dice.random() < 0.5:
            child.tell("close")
            child.wait_for("closed")
        child.kill()
    return judge(path, case.tasks, len(case.tasks))


def give_up(fault: Fault, case: Case, dice: random.Random, path: Path) -> Verdict:
    """The recorder has to stop while the fault lasts, anywhere in the stream.

    The I/O error applies to every file of the recorder that is longer than the log, so only a
    short rest of the stream fits into a spill file.
    """
    rest = len(case.tasks) - case.pause
    few, many = (1, 150) if fault is break_disk else (rest // 2, rest)
    stop = case.pause + dice.randint(few, min(many, rest))
    leave = ("--then-leave", f"--stop-at={stop}", f"--close-seconds={CLOSE_S}")
    with _recorder(path, case, *leave) as child:
        child.wait_for("paused")
        with fault(child, path):
            child.tell("close")
            message = child.wait_for("left")
        child.finish()
    spill = re.search(r"are kept in (\S+)", message)
    if spill is None:
        return Verdict(flushed=stop, wrong=[f"no spill file: {message}"])
    file = Path(spill[1])
    if file.parent != path.parent:  # ingested by hand, as documented
        for each in (file, file.with_suffix(".json")):
            shutil.move(each, path.parent)
    return judge(path, case.tasks[:stop], stop)


def _recorder(path: Path, case: Case, *more: object) -> Child:
    within = WITHOUT_ROOT if os.geteuid() == 0 and shutil.which("setpriv") else ()
    return Child("recorder", path, *case.arguments, *more, within=within)


def turn_clock_back(case: Case, path: Path) -> Verdict:
    """The wall clock runs backwards all the time."""
    with _recorder(path, case, "--clock-back") as child:
        child.wait_for("paused")
        child.tell("go")
        child.wait_for("done")
        child.tell("close")
        child.wait_for("closed")
    return judge(path, case.tasks, len(case.tasks))


CASES: Final = (
    (while_recording, give_up),
    (while_finishing, outlast),
    (while_finishing, give_up),
    (while_recording, outlast),
)
"""Where a fault occurs, and whether the recorder survives it."""


def faults(name: str) -> Callable[[Run], Iterator[Outcome]]:
    """The scenario of one fault: in both places, survived or not."""
    fault = FAULTS[name]

    def scenario(run: Run) -> Iterator[Outcome]:
        if why := _impossible(name):
            yield Outcome(name, run.seed, 0, Verdict(), why)
            return
        for number in run.numbers(_rounds(run) * len(CASES)):
            where, then = CASES[number % len(CASES)]
            dice, path = run.dice(number), run.file(number)
            what = f"{name} {where.__name__}, {then.__name__}"
            yield attempt(run, what, number, partial(then, fault, where(dice), dice, path))

    return scenario


def _rounds(run: Run) -> int:
    return max(1, run.moments // 40)


def _impossible(name: str) -> str:
    if name == "read-only" and os.geteuid() == 0 and not shutil.which("setpriv"):
        return "root can write everywhere, and setpriv is not available to prevent that"
    return ""


def clock(run: Run) -> Iterator[Outcome]:
    """The scenario of the wall clock."""
    places = (while_recording, while_finishing)
    for number in run.numbers(_rounds(run) * len(places)):
        where = places[number % len(places)]
        work = partial(turn_clock_back, where(run.dice(number)), run.file(number))
        yield attempt(run, f"clock {where.__name__}", number, work)
