"""One recorder a file: a lock that its process holds, and that is gone when the process is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from resonance_logs.errors import AlreadyRecording, DatabaseUnavailable

PATIENCE_S: Final = 0.2
"""Longer than somebody holds the lock who only asks whether it is held."""


def is_held(path: Path) -> bool:
    """Whether anybody records into the database file at present."""
    lock = _file_lock(path)
    if not Path(lock.lock_file).exists():
        return False
    try:
        with lock.acquire(timeout=0):
            return False
    except (Timeout, OSError):
        return True


def _file_lock(path: Path) -> FileLock:
    return FileLock(path.with_name(f"{path.name}.lock"), timeout=PATIENCE_S, thread_local=False)


class RecorderLock:
    """The right to record into a database file.

    The operating system holds the lock for the process, so that a crash leaves none behind; the
    file ``<database>.lock`` that it is tied to stays, empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = _file_lock(path)

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            AlreadyRecording: another program, or this one a second time, records into the file.
            DatabaseUnavailable: the lock's file cannot be made.
        """
        try:
            self._lock.acquire()
        except Timeout as error:
            raise AlreadyRecording(
                f"{self._path} is being recorded by another program; close that one, send the "
                "tasks to it where it serves (POST /api/tasks), or only read the file"
            ) from error
        except OSError as error:
            raise DatabaseUnavailable(
                f"{self._path} cannot be locked for recording: {error.strerror or error}"
            ) from error

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()
