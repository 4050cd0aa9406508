"""What kind of file a user names, so that a command given the wrong one names the right command."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Final

from resonance_logs.errors import InputError
from resonance_logs.sources.compression import (
    SQLITE,
    DecompressionError,
    Decompressor,
    HoldsDatabaseError,
)
from resonance_logs.sources.ndjson import LineDecoder

READ_BYTES: Final = 64 * 1024
_NAMES: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"-?\d{1,16}"\s*:\s*"')


class FileKind(Enum):
    """A kind of file that some command takes; the value says what it is and which command."""

    DATABASE = "is a database; resonance-logs import takes in its fights"
    PACKED_DATABASE = "is a packed database; unpack it, then resonance-logs import takes it"
    TASKS = "holds tasks (NDJSON); resonance-logs ingest records them"
    NAMES = "holds names; resonance-logs catalog load takes them"


def kind_of(path: Path) -> FileKind | None:
    """Tell the kind of a file by its beginning; None where it is none of them, or not readable."""
    try:
        with path.open("rb") as stream:
            head = stream.read(READ_BYTES)
    except (OSError, ValueError):
        return None
    if head.startswith(SQLITE):
        return FileKind.DATABASE
    try:
        text = next(Decompressor().feed(head), b"")
    except HoldsDatabaseError:
        return FileKind.PACKED_DATABASE
    except DecompressionError:
        return None
    if _NAMES.match(text):
        return FileKind.NAMES
    return FileKind.TASKS if _holds_tasks(text) else None


def refuse_other_kinds(path: Path, *wanted: FileKind) -> None:
    """See that a file is none that another command takes.

    Call it while the program has no database open: closing a database file by other means than
    SQLite takes SQLite's locks on it from the whole process.

    Raises:
        InputError: it is; the message names that command.
    """
    kind = kind_of(path)
    if kind is not None and kind not in wanted:
        raise InputError(f"{path} {kind.value}")


def _holds_tasks(text: bytes) -> bool:
    decoder = LineDecoder("")
    tasks, _ = decoder.feed(text)
    last, _ = decoder.finish()
    return bool(tasks or last)
