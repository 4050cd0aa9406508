"""Spill files: tasks that could not be written before the program had to stop."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from resonance_logs.sources.task_source import TaskSource
from resonance_logs.tasks import Task, encode_task

_logger = logging.getLogger(__name__)


def write_spill(path: Path, run_id: int, tasks: Sequence[Task]) -> Path:
    """Write the tasks (NDJSON) beside the database at ``path``, or else to the temporary folder.

    Returns the file. One beside the database is read when that is next opened for recording; one in
    the temporary folder must be ingested by hand.

    Raises:
        OSError: neither folder is writable.
    """
    lines = [line for task in tasks if (line := _encode_line(task))]
    name = f"{path.name}.spill-{run_id}.ndjson"
    try:
        return _write(path.with_name(name), lines)
    except OSError as error:
        _logger.error("%s is not writable: %s", path.parent, error.strerror)
        return _write(Path(tempfile.mkdtemp(prefix="resonance-logs-")) / name, lines)


def find_spills(path: Path) -> list[tuple[int, Path]]:
    """The spill files beside a database, oldest first, each with the run that wrote it."""
    pattern = re.compile(re.escape(path.name) + r"\.spill-(\d{1,18})\.ndjson")
    found = [
        (int(match[1]), file)
        for file in path.parent.iterdir()
        if (match := pattern.fullmatch(file.name))
    ]
    return sorted(found)


def read_spill(file: Path) -> list[Task]:
    """Read the tasks of a spill file; invalid lines are logged."""
    tasks: list[Task] = []
    for batch in TaskSource(file).batches():
        tasks += batch.tasks
        for refusal in batch.refusals:
            _logger.error("%s; skipped: %s", refusal, refusal.text[:200])
    return tasks


def _encode_line(task: Task) -> bytes | None:
    try:
        return encode_task(task) + b"\n"
    except (TypeError, ValueError, OverflowError) as error:
        _logger.critical("a task that cannot be saved is lost: %s: %r", error, task)
        return None


def _write(file: Path, lines: Sequence[bytes]) -> Path:
    with file.open("xb") as stream:
        stream.writelines(lines)
        stream.flush()
        os.fsync(stream.fileno())
    return file
