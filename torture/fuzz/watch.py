"""The run: a process that reads one input after another, and one that watches it."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Final

from bench.children import proc_number

from torture.fuzz.archives import check_archive, make_archive
from torture.fuzz.claims import IS_MEASURED
from torture.fuzz.material import RECORDED, Material, load_material
from torture.fuzz.reader import check_file, make_file

if sys.platform != "win32":
    import resource

HANG_SECONDS: Final = 60.0
"""Time limit per input; nearly all take some milliseconds."""

START_SECONDS: Final = 300.0
ADDRESS_SPACE: Final = 6 << 30
"""Memory that the process may reserve in addition to that at its start."""

KINDS: Final = ("reader", "archive")

Counts = dict[str, Counter[str]]
Check = Callable[[int, int, Material], Counter[str]]


@dataclass(frozen=True, slots=True)
class Broken:
    """The first input that broke a claim, and how; None if none was begun."""

    number: int | None
    claim: str
    details: str = ""


def kind_of(number: int) -> str:
    """The kind of the input with this number."""
    return KINDS[number % len(KINDS)]


def check(seed: int, number: int, material: Material) -> Counter[str]:
    """Make one input and check the claims about it; returns counts of the results.

    Raises:
        BrokenClaim: a claim does not hold.
        Exception: any other exception of the program.
    """
    random = Random(f"{seed}/{number}")
    if kind_of(number) == "reader":
        file = make_file(random, material)
        return _with_story(file.story, lambda: check_file(file))
    archive = make_archive(random, material)
    return _with_story(archive.story, lambda: check_archive(archive))


def run(
    seed: int,
    numbers: Iterable[int],
    *,
    folder: Path = RECORDED,
    check: Check = check,
    hang_seconds: float = HANG_SECONDS,
) -> Counts | Broken:
    """Check the inputs with these numbers in a separate process, and watch it."""
    context = get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(there, seed, list(numbers), folder, check))
    child.start()
    there.close()
    try:
        return _watch(here, hang_seconds)
    finally:
        child.kill()
        child.join()
        here.close()


def _watch(connection: Connection, hang_seconds: float) -> Counts | Broken:
    number = None
    while connection.poll(START_SECONDS if number is None else hang_seconds):
        try:
            heard = connection.recv()
        except EOFError:
            return Broken(number, "the process died")
        if not isinstance(heard, int):
            answer: Counts | Broken = heard
            return answer
        number = heard
    return Broken(number, f"took longer than {hang_seconds:g} s")


def _work(
    connection: Connection, seed: int, numbers: list[int], folder: Path, check: Check
) -> None:
    """Send each number before its input is read, then the counts or the broken claim."""
    _limit_memory()
    warnings.simplefilter("error")
    material = load_material(folder)
    counts: Counts = {kind: Counter() for kind in KINDS}
    for number in numbers:
        connection.send(number)
        try:
            counts[kind_of(number)].update(check(seed, number, material))
        except Exception as error:  # noqa: BLE001  any exception is a finding
            details = "".join(traceback.format_exception(error))
            connection.send(Broken(number, f"{type(error).__name__}: {error}", details))
            return
    connection.send(counts)


def _limit_memory() -> None:
    if sys.platform == "linux" and IS_MEASURED:
        maximum = 1024 * proc_number("status", "VmSize") + ADDRESS_SPACE
        resource.setrlimit(resource.RLIMIT_AS, (maximum, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _with_story(story: str, checked: Callable[[], Counter[str]]) -> Counter[str]:
    try:
        return checked()
    except Exception as error:
        error.add_note(f"The input: {story}")
        raise
