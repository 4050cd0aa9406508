"""Spill files: tasks that could not be written before the program had to stop."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from resonance_logs.errors import InputError, InvalidArgument
from resonance_logs.fights.identity import DEFAULT_GAME, DEFAULT_RECORDER, Identity
from resonance_logs.sources.task_source import TaskSource
from resonance_logs.tasks import SkippedLine, StreamItem, Task, encode_task

_logger = logging.getLogger(__name__)

_NAME: Final = r"\.spill-(\d{1,18})(?:-(\d{1,9}))?\.ndjson"


@dataclass(frozen=True, slots=True)
class Unwritten:
    """The tasks of one recorder that could not be written."""

    identity: Identity
    items: Sequence[StreamItem]
    position: int
    """The recorder's position after them."""


@dataclass(frozen=True, slots=True)
class Spill:
    """A spill file that was read: whose tasks they are, and the position after them, if known."""

    identity: Identity
    tasks: Sequence[Task]
    position: int | None


class _About(msgspec.Struct, forbid_unknown_fields=True):
    """What the file beside a spill file says of it."""

    recorder: str = DEFAULT_RECORDER
    game: str = DEFAULT_GAME
    position: int | None = None


def write_spill(path: Path, run_id: int, number: int, unwritten: Unwritten) -> Path:
    """Write the tasks (NDJSON) beside the database at ``path``, or else to the temporary folder.

    ``number`` distinguishes the recorders of a run, from 0. A second file says whose tasks they
    are. Returns the first. One beside the database is read when that is next opened for recording;
    one in the temporary folder must be ingested by hand.

    Raises:
        OSError: neither folder is writable.
    """
    tasks = [item for item in unwritten.items if not isinstance(item, SkippedLine)]
    lines = [line for task in tasks if (line := _encode_line(task))]
    identity = unwritten.identity
    about = msgspec.json.encode(_About(identity.recorder, identity.game, unwritten.position))
    name = f"{path.name}.spill-{run_id}{f'-{number}' if number else ''}.ndjson"
    try:
        return _write_both(path.with_name(name), lines, about)
    except OSError as error:
        _logger.error("%s is not writable: %s", path.parent, error.strerror)
        folder = Path(tempfile.mkdtemp(prefix="resonance-logs-"))
        return _write_both(folder / name, lines, about)


def find_spills(path: Path) -> Mapping[int, Sequence[Path]]:
    """The spill files beside a database, by the run that wrote them, oldest first."""
    pattern = re.compile(re.escape(path.name) + _NAME)
    found = sorted(
        (int(match[1]), int(match[2] or 0), file)
        for file in path.parent.iterdir()
        if (match := pattern.fullmatch(file.name))
    )
    files: defaultdict[int, list[Path]] = defaultdict(list)
    for run_id, _, file in found:
        files[run_id].append(file)
    return files


def read_spill(file: Path) -> Spill:
    """Read a spill file; invalid lines are logged.

    Raises:
        InputError: it cannot be read, or the file that says whose tasks they are is damaged.
    """
    identity, position = _read_about(_about_path(file))
    tasks: list[Task] = []
    for batch in TaskSource(file).batches():
        tasks += batch.tasks
        for refusal in batch.refusals:
            _logger.error("%s; skipped: %s", refusal, refusal.text[:200])
    return Spill(identity, tasks, position)


def remove_spill(file: Path) -> None:
    """Delete a spill file that has been read."""
    file.unlink()
    _about_path(file).unlink(missing_ok=True)


def _about_path(file: Path) -> Path:
    return file.with_suffix(".json")


def _read_about(path: Path) -> tuple[Identity, int | None]:
    """What is said of a spill file; those of older versions have no such file."""
    try:
        about = msgspec.json.decode(path.read_bytes(), type=_About) if path.exists() else _About()
        return Identity.checked(about.recorder, about.game), about.position
    except (OSError, msgspec.MsgspecError, UnicodeError, InvalidArgument) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def _encode_line(task: Task) -> bytes | None:
    try:
        return encode_task(task) + b"\n"
    except (TypeError, ValueError, OverflowError) as error:
        _logger.critical("a task that cannot be saved is lost: %s: %r", error, task)
        return None


def _write_both(file: Path, lines: Sequence[bytes], about: bytes) -> Path:
    """Write what is said of the file first: a file without it would be the default recorder's."""
    _write(_about_path(file), [about])
    return _write(file, lines)


def _write(file: Path, lines: Sequence[bytes]) -> Path:
    with file.open("xb") as stream:
        stream.writelines(lines)
        stream.flush()
        os.fsync(stream.fileno())
    return file
