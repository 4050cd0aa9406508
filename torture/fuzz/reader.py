"""Damaged files of tasks, and the claims about their reader."""

from __future__ import annotations

import gzip
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader, TextIOWrapper
from itertools import pairwise
from pathlib import Path
from random import Random
from threading import Thread
from typing import Final

import zstandard

from resonance_logs.errors import InputError, InvalidTask
from resonance_logs.sources.compression import BLOCK_BYTES
from resonance_logs.sources.ndjson import (
    BLANK,
    BOM,
    LONG_LINE_EXCERPT_BYTES,
    MAX_LINE_BYTES,
    TAIL_BYTES,
    Refusal,
)
from resonance_logs.sources.task_source import TaskSource
from resonance_logs.tasks import Task, decode_task
from torture.fuzz.claims import Memory, claim, claim_memory, claim_one_line
from torture.fuzz.material import Material
from torture.fuzz.mutations import mutate

MEMORY: Final = 160 << 20
"""Ten of the longest lines that are kept, and what zstd needs; most inputs take a hundredth."""

MEMORY_A_BYTE: Final = 16
"""For the tasks, which are kept here to be compared."""

LINES_OF_A_BATCH: Final = BLOCK_BYTES
"""A block is less than two blocks' worth of bytes, a line at least two bytes."""

READ_REFUSALS: Final = 2_000
"""Number of refusals per file whose text is checked; the line is checked for all."""

FORMS: Final = (
    "plain",
    "plain",
    "pipe",
    "standard input",
    "gz",
    "zst",
    "damaged gz",
    "damaged zst",
)

_NOT_PLAIN: Final = re.compile(
    rb"\x1f\x8b|\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18|\xff\xfe|\xfe\xff|PK\x03\x04|BZh|\xfd7zX"
    rb"|SQLite format 3\0"
)


@dataclass(frozen=True, slots=True)
class FileCase:
    """A file: its bytes, its text if known, the tasks that must be accepted."""

    story: str
    form: str
    data: bytes
    text: bytes | None
    first: list[Task] = field(default_factory=list)
    last: list[Task] = field(default_factory=list)


@dataclass(slots=True)
class Answer:
    """The result of reading a file; ``fault`` is the InputError it ended with, if any."""

    name: str
    tasks: list[Task] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    fault: str | None = None
    was_read: bool = False


def make_file(random: Random, material: Material) -> FileCase:
    """Lines of a recording, damaged before or after compression, or uncompressed."""
    recording, form = random.choice(material), random.choice(FORMS)
    where = recording.window(random, 1_500)
    lines, tasks = recording.lines[where], recording.tasks[where]
    story = f"{form} file of lines {where.start + 1} to {where.stop} of {recording.name}"
    if form.startswith("damaged"):
        packed = _pack(b"\n".join(lines) + b"\n", form)
        data, names = mutate(random, packed, lambda: _other(random, material, form))
        return FileCase(f"{story}: {names}", form, data, None)
    if random.random() < 0.5:
        place = random.randrange(len(lines))
        lines[place], names = mutate(random, lines[place], lambda: _other(random, material))
        text = b"\n".join(lines) + random.choice((b"\n", b""))
        first, last = tasks[:place], tasks[place + 1 :]
        return FileCase(
            f"{story}: line {place + 1}: {names}", form, _pack(text, form), text, first, last
        )
    ends = random.choice((b"\n", b"\n", b"\r\n"))
    text, names = mutate(random, ends.join(lines) + ends, lambda: _other(random, material))
    return FileCase(f"{story}: {names}", form, _pack(text, form), text)


def check_file(case: FileCase) -> Counter[str]:
    """Read the file and check the reader's claims; returns counts of the results."""
    memory = Memory()
    answer = _read(case)
    claim_memory(memory.grown(), MEMORY + MEMORY_A_BYTE * len(case.data))
    _check_messages(answer)
    if case.text is not None and (_is_packed(case.form) or not _NOT_PLAIN.match(case.text)):
        claim(answer.fault is None, f"plain text cannot be read: {answer.fault}")
        claim(answer.was_read, "the end of the file was not read")
        _check_lines(case, case.text, answer)
    return Counter(
        inputs=1,
        bytes=len(case.data),
        accepted=len(answer.tasks),
        refused=len(answer.refusals),
        corrupt=int(answer.fault is not None),
    )


def judge(text: bytes) -> tuple[list[Task], list[tuple[int, bytes]]]:
    """The tasks of a text and its refused lines, each line read alone."""
    tasks = []
    refused = []
    for number, line in enumerate(text.split(b"\n"), 1):
        inner = (line.removeprefix(BOM) if number == 1 else line).strip(BLANK)
        if not inner:
            continue
        start, task = _task_at_the_end(inner)
        tasks += [] if task is None else [task]
        if len(line) > MAX_LINE_BYTES:
            refused.append((number, line[:LONG_LINE_EXCERPT_BYTES]))
        elif start:
            refused.append((number, inner[:start].strip(BLANK)))
    return tasks, refused


def _task_at_the_end(text: bytes) -> tuple[int, Task | None]:
    """The task that ends a line and its first byte, unless another ends directly before it."""
    searched = text if len(text) <= MAX_LINE_BYTES else text[-TAIL_BYTES:]
    for brace in re.finditer(rb"{", searched):
        start = len(text) - len(searched) + brace.start()
        try:
            task = decode_task(text[start:])
        except InvalidTask:
            continue
        _, other = _task_at_the_end(text[:start].rstrip(BLANK + b","))
        return (start, task) if other is None else (len(text), None)
    return len(text), None


def _check_lines(case: FileCase, text: bytes, answer: Answer) -> None:
    tasks, refused = judge(text)
    claim(answer.tasks == tasks, "the accepted tasks differ from those of reading each line alone")
    found = [(refusal.line, refusal.text) for refusal in answer.refusals]
    claim(found == refused, "the refused lines differ from those of reading each line alone")
    first, last = case.first, case.last
    claim(len(tasks) >= len(first) + len(last), "a line beside the damaged one is not accepted")
    claim(answer.tasks[: len(first)] == first, "a line before the damaged one is not accepted")
    claim(
        answer.tasks[len(answer.tasks) - len(last) :] == last,
        "a line after the damaged one is not accepted",
    )


def _check_messages(answer: Answer) -> None:
    for refusal in answer.refusals[:READ_REFUSALS]:
        claim(refusal.line >= 1, "a refusal without a line")
        claim_one_line(str(refusal), f"{answer.name}:{refusal.line}: ")
    numbers = [refusal.line for refusal in answer.refusals]
    claim(all(a < b for a, b in pairwise(numbers)), "refusals are not in the order of the lines")
    if answer.fault is not None:
        claim_one_line(answer.fault, f"{answer.name}: ")


def _read(case: FileCase) -> Answer:
    size = len(case.data)
    if case.form == "pipe":
        with _pipe(case.data) as stream:
            return _read_source(TaskSource(stream, name="a pipe"), size)
    if case.form == "standard input":
        with _pipe(case.data) as stream, TextIOWrapper(stream) as text, _standard_input(text):
            return _read_source(TaskSource("-"), size)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder, "tasks.ndjson")
        path.write_bytes(case.data)
        return _read_source(TaskSource(path), size)


def _read_source(source: TaskSource, size: int) -> Answer:
    answer = Answer(source.name)
    try:
        for batch in source.batches():
            size_of_batch = len(batch.tasks) + len(batch.refusals)
            claim(size_of_batch <= LINES_OF_A_BATCH, f"a batch of {size_of_batch:,} lines")
            answer.tasks += batch.tasks
            answer.refusals += batch.refusals
    except InputError as error:
        answer.fault = str(error)
    answer.was_read = source.bytes_read == size
    return answer


@contextmanager
def _pipe(data: bytes) -> Iterator[BufferedReader]:
    """The reading end of a pipe that delivers the data."""
    receiving, sending = os.pipe()
    writer = Thread(target=_send, args=(sending, data))
    writer.start()
    try:
        with os.fdopen(receiving, "rb") as stream:
            yield stream
    finally:
        writer.join()


@contextmanager
def _standard_input(text: TextIOWrapper) -> Iterator[None]:
    before, sys.stdin = sys.stdin, text
    try:
        yield
    finally:
        sys.stdin = before


def _send(descriptor: int, data: bytes) -> None:
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    except BrokenPipeError:
        return  # the reader refused the rest


def _is_packed(form: str) -> bool:
    return form.endswith(("gz", "zst"))


def _pack(text: bytes, form: str) -> bytes:
    if form.endswith("gz"):
        return gzip.compress(text, 1, mtime=0)
    return zstandard.compress(text, 1) if form.endswith("zst") else text


def _other(random: Random, material: Material, form: str = "plain") -> bytes:
    """Lines of any recording, to splice with others."""
    recording = random.choice(material)
    lines = recording.lines[recording.window(random, 300)]
    return _pack(b"\n".join(lines) + b"\n", form)
