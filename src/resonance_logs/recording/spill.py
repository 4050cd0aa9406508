"""Spill files: tasks that could not be written before the program had to stop.

A spill is a pair of files. The owner file (``.json``) says whose tasks they are, how many, and the
recorder's position after them; the other one (``.ndjson``) has the tasks, a line each. The owner
file is there first and removed last, and the tasks are read only if it is there and their number is
right, so that tasks are never taken for another recorder's and a file that was cut off is noticed.

If a fight was open, its begin is the first line. If the fight is still open when the tasks are
read, it goes on; if it was ended meanwhile, they become a fight of their own.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Annotated, Final

import msgspec

from resonance_logs.errors import InputError, InvalidArgument
from resonance_logs.fights.identity import DEFAULT_GAME, DEFAULT_RECORDER, Identity
from resonance_logs.sources.task_source import Batch, TaskSource
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.system.whole_files import whole_file, write_whole
from resonance_logs.tasks import (
    MAX_INTEGER,
    SKIPPED_LINE,
    BeginEncounter,
    SkippedLine,
    StreamItem,
    encode_task,
)

_logger = limited_logger(__name__)

_NUMBERS: Final = r"(\d{1,18})(?:-(\d{1,9}))?"
_SPILL: Final = ".spill-"
_DAMAGED: Final = ".damaged-spill-"

_NO_TASK: Final = b'{"type":"no_task"}'
"""The line of an item that is no task: like the invalid line that it was, it only counts."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """The tasks of one recorder that could not be written."""

    identity: Identity
    items: Sequence[StreamItem]
    position: int
    """The recorder's position after them."""
    is_positioned: bool = False
    """Whether its sender says where its tasks begin, and may send them again."""
    begun: BeginEncounter | None = None
    """The begin of the fight that was open before them."""


@dataclass(frozen=True, slots=True)
class Spill:
    """A spill that was read: whose tasks they are, and the position after them, if known."""

    identity: Identity
    items: Sequence[StreamItem]
    position: int | None
    begun: BeginEncounter | None = None
    """The begin of the fight that was open before them."""
    run_started_at_ms: int | None = None
    """Only the file in which a run began at this time may read it; None for any."""

    def after(self, position: int) -> Sequence[StreamItem]:
        """The items that follow a position of the recorder."""
        if self.position is None:
            return self.items
        return self.items[max(0, position - (self.position - len(self.items))) :]


_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]


class _Owner(msgspec.Struct, forbid_unknown_fields=True):
    """What the owner file says."""

    recorder: str
    game: str
    position: _Count | None
    tasks: _Count | None = None
    """None in the files of older versions."""
    is_positioned: bool = False
    has_begin: bool = False
    """Whether the begin of the open fight is before the tasks."""
    run_started_at_ms: int | None = None


def write_spill(
    path: Path,
    run_id: int,
    number: int,
    unwritten: Unwritten,
    *,
    run_started_at_ms: int | None = None,
) -> Path:
    """Write the tasks (NDJSON) beside the database at ``path``, or else to the temporary folder.

    ``number`` distinguishes the recorders of a run, from 0. Returns the file with the tasks. One
    beside the database is read when that is next opened for recording; one in the temporary folder
    must be recorded by hand, see ``ingest_command``. With ``run_started_at_ms`` it is only for the
    file in which the run began at that time.

    Raises:
        OSError: neither folder is writable; nothing is left in them.
    """
    name = f"{path.name}{_SPILL}{run_id}{f'-{number}' if number else ''}.ndjson"
    try:
        return _write_both(path.with_name(name), unwritten, run_started_at_ms)
    except OSError as error:
        _logger.error("%s is not writable: %s", path.parent, error.strerror or error)
    folder = Path(tempfile.mkdtemp(prefix="resonance-logs-"))
    try:
        return _write_both(folder / name, unwritten, run_started_at_ms)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def find_spills(path: Path) -> Mapping[int, Sequence[Path]]:
    """The files with tasks beside a database, by the run that wrote them, oldest first."""
    return _by_run(_find(path, _SPILL, "ndjson"))


def find_missing(path: Path) -> Mapping[int, Sequence[Path]]:
    """The same of those that are missing, although there is an owner file."""
    owners = _find(path, _SPILL, "json")
    files = ((run_id, file.with_suffix(".ndjson")) for run_id, file in owners)
    return _by_run((run_id, file) for run_id, file in files if not file.exists())


def find_set_aside(path: Path) -> Sequence[Path]:
    """The files with tasks beside a database that were set aside."""
    return [file for _, file in _find(path, _DAMAGED, "ndjson")]


def read_spill(file: Path) -> Spill:
    """Read a spill; invalid lines are logged.

    Raises:
        InputError: it is not whole; the message says why.
    """
    owner = _read_owner(file)
    items: list[StreamItem] = []
    expected = 0
    batches: list[Batch] = []
    try:
        for batch in TaskSource(file).batches():
            batches.append(batch)
            items += batch.items(is_complete=False).new
            expected += batch.items(is_complete=True).total
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from error
    if owner.tasks is not None:
        expected = owner.tasks
    begun = _take_begin(file, items) if owner.has_begin else None
    if len(items) != expected or (owner.tasks is None and not items):
        raise InputError(f"{file} has {len(items):,} tasks instead of {expected:,}")
    for refusal in (each for batch in batches for each in batch.refusals):
        if refusal.text != _NO_TASK:
            _logger.error("%s; skipped: %s", refusal, refusal.text[:200])
    identity = Identity(owner.recorder, owner.game)
    return Spill(identity, items, owner.position, begun, owner.run_started_at_ms)


def _take_begin(file: Path, items: list[StreamItem]) -> BeginEncounter:
    first = items.pop(0) if items else None
    if not isinstance(first, BeginEncounter):
        raise InputError(f"{file} lacks the begin of its fight")
    return first


def remove_spill(file: Path) -> None:
    """Delete a spill that has been read."""
    file.unlink(missing_ok=True)
    _owner_file(file).unlink(missing_ok=True)


def set_aside(file: Path) -> Path:
    """Rename a spill, so that it is not read again; returns the new name.

    Raises:
        OSError: the folder is not writable.
    """
    kept = _aside_names(file)
    target = next(each for each in kept if not each.exists())
    for old, new in ((_owner_file(file), _owner_file(target)), (file, target)):
        if old.exists():
            old.rename(new)
    return target


def was_set_aside(file: Path) -> bool:
    """Whether a spill of the same name was set aside before."""
    return next(_aside_names(file)).exists()


def ingest_command(path: Path, file: Path) -> str:
    """The command that records a spill, once however often it is run.

    What the sender of a recorder with positions sends again is skipped by its position; otherwise
    ``ingest`` knows the file again.
    """
    whose = ["--recorder", "NAME"]
    try:
        owner = _read_owner(file)
        whose = ["--recorder", owner.recorder, "--game", owner.game]
        if owner.is_positioned and owner.position is not None and owner.tasks is not None:
            first = owner.position - owner.tasks - owner.has_begin
            whose += ["--from", str(max(0, first))]
    except InputError as error:
        _logger.debug("the recorder is not known: %s", error)
    return shlex.join(["resonance-logs", "ingest", "--db", str(path), *whose, str(file)])


def _find(path: Path, what: str, ending: str) -> list[tuple[int, Path]]:
    """Files beside a database, each with the run that wrote it, oldest first."""
    prefix = path.name + what
    again = r"(?:\.\d+)?" if what == _DAMAGED else ""
    pattern = re.compile(rf"{re.escape(prefix)}{_NUMBERS}{again}\.{ending}", re.ASCII)
    found = sorted(
        (int(match[1]), int(match[2] or 0), path.with_name(name))
        for name in os.listdir(path.parent)  # noqa: PTH208 - without a Path for each
        if name.startswith(prefix) and (match := pattern.fullmatch(name))
    )
    return [(run_id, file) for run_id, _, file in found]


def _by_run(found: Iterable[tuple[int, Path]]) -> Mapping[int, Sequence[Path]]:
    files: defaultdict[int, list[Path]] = defaultdict(list)
    for run_id, file in found:
        files[run_id].append(file)
    return files


def _aside_names(file: Path) -> Iterator[Path]:
    database, _, numbers = file.stem.rpartition(_SPILL)
    for number in count(1):
        again = f".{number}" if number > 1 else ""
        yield file.with_name(f"{database}{_DAMAGED}{numbers}{again}.ndjson")


def _owner_file(file: Path) -> Path:
    return file.with_suffix(".json")


def _read_owner(file: Path) -> _Owner:
    path = _owner_file(file)
    try:
        owner = msgspec.json.decode(path.read_bytes(), type=_Owner)
        Identity.checked(owner.recorder, owner.game)
    except FileNotFoundError:
        return _Owner(DEFAULT_RECORDER, DEFAULT_GAME, None)  # of an older version
    except (OSError, msgspec.MsgspecError, UnicodeError, InvalidArgument) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    return owner


def _encode_line(item: StreamItem) -> bytes:
    if isinstance(item, SkippedLine):
        return _NO_TASK + b"\n"
    try:
        return encode_task(item) + b"\n"
    except (TypeError, ValueError, OverflowError) as error:
        _logger.critical("a task that cannot be saved is lost: %s: %r", error, item)
        return _encode_line(SKIPPED_LINE)


def _write_both(file: Path, unwritten: Unwritten, run_started_at_ms: int | None) -> Path:
    """Write the tasks, and give both files their names once they are complete."""
    whose, items = unwritten.identity, unwritten.items
    owner = _Owner(
        whose.recorder,
        whose.game,
        unwritten.position,
        len(items),
        unwritten.is_positioned,
        unwritten.begun is not None,
        run_started_at_ms,
    )
    lines = items if unwritten.begun is None else [unwritten.begun, *items]
    is_owner_written = False
    try:
        with whole_file(file, replaces=False) as part:
            with part.open("wb") as stream:
                stream.writelines(map(_encode_line, lines))
            write_whole(_owner_file(file), [msgspec.json.encode(owner)], replaces=False)
            is_owner_written = True
    except BaseException:
        if is_owner_written:
            _owner_file(file).unlink(missing_ok=True)
        raise
    return file
