"""The real fights and the figures that an independent program computed from them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from resonance_logs.tasks import Task, decode_task

DATA: Final = Path(__file__).parents[3] / "shared/data"
"""Beside the project, not part of it: absent on most machines."""

needs_data: Final = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the real fights are not here: {DATA} does not exist"
)
"""Marks a test that reads the real fights."""


def data_file(name: str) -> Path:
    """The task file called ``name``, which may be given without its endings."""
    for ending in ("", ".ndjson", ".ndjson.gz"):
        path = DATA / (name + ending)
        if path.is_file():
            return path
    raise FileNotFoundError(DATA / name)


def read_lines(path: Path) -> list[bytes]:
    """The lines of a task file, decompressed."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()


@cache
def load_tasks(name: str) -> tuple[Task, ...]:
    """The tasks of a file, in order."""
    return tuple(decode_task(line) for line in read_lines(data_file(name)))


def load_truth(name: str) -> dict[str, Any]:
    """The contents of the truth file ``name``."""
    truth: dict[str, Any] = json.loads((DATA / f"truth-{name}.json").read_bytes())
    return truth


def truth_names() -> list[str]:
    """The names of the task files that have a truth file; none where the data is absent."""
    paths = sorted(DATA.glob("truth-*.json"))
    return [path.stem.removeprefix("truth-") for path in paths]


def truths() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every task file that has a truth file, with its contents."""
    for name in truth_names():
        yield data_file(name), load_truth(name)


def each_truth() -> pytest.MarkDecorator:
    """Runs a test once per truth file, with its ``name``; skips it without the data."""
    absent = pytest.param("", marks=pytest.mark.skip(reason=f"no truth files in {DATA}"))
    return pytest.mark.parametrize("name", truth_names() or [absent])
