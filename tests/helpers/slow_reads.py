"""A database that cannot be read for a while: another process holds SQLite's locks for readers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX, 5, 123)  # the five marks of readers, in SQLite's file format
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def unreadable(database: Path) -> Iterator[None]:
    """Queries wait while the block runs. SQLite gives up after about ten seconds."""
    index = database.with_name(f"{database.name}-shm")
    process = subprocess.Popen(
        [sys.executable, "-c", _LOCK, str(index)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"locked\n"
    try:
        yield
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
