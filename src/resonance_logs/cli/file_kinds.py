"""Recognise the kind of a file, so that a command given the wrong kind names the right command."""

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
    """A kind of file; the value says what the file is and which command reads it."""

    DATABASE = "is a database; import its fights with: resonance-logs import"
    COMPRESSED_DATABASE = "is a compressed database; decompress it, then use: resonance-logs import"
    TASKS = "contains tasks (NDJSON); record them with: resonance-logs ingest"
    NAMES = "contains names; load them with: resonance-logs catalog load"


def kind_of(path: Path) -> FileKind | None:
    """Recognise the kind of a file by its beginning; None if it is unknown or unreadable."""
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
        return FileKind.COMPRESSED_DATABASE
    except DecompressionError:
        return None
    if _NAMES.match(text):
        return FileKind.NAMES
    return FileKind.TASKS if _contains_tasks(text) else None


def refuse_other_kinds(path: Path, *wanted: FileKind) -> None:
    """Refuse a file of a known kind that is not one of ``wanted``.

    Call it while the process has no database open: closing a database file other than through
    SQLite releases SQLite's locks on it for the whole process.

    Raises:
        InputError: the file is meant for another command, which the message names.
    """
    kind = kind_of(path)
    if kind is not None and kind not in wanted:
        raise InputError(f"{path} {kind.value}")


def _contains_tasks(text: bytes) -> bool:
    decoder = LineDecoder("")
    tasks, _ = decoder.feed(text)
    last, _ = decoder.finish()
    return bool(tasks or last)
