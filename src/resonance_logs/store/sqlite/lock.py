"""The recorder's locks of a file: held by a process, and released when it ends.

The file ``<database>.lock`` is beside the real path, so that all symlinks share one lock. A hard
link is another real path to the same file. SQLite uses a separate write-ahead log for each of these
names, and writing through two of them damages the file. So a recorder also holds a lock named after
the file's device and inode, in a folder of the user in the temporary folder.
"""

from __future__ import annotations

import getpass
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from resonance_logs.errors import AlreadyRecording, DatabaseUnavailable
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.system.whole_files import FILE_MODE, write_whole

LOCK_TIMEOUT_S: Final = 0.2
"""Longer than a test of the lock holds it."""

_logger = limited_logger(__name__)


def is_held(path: Path) -> bool:
    """Whether the database file is being recorded, under any of its names."""
    path = path.resolve()
    by_identity = _identity_file(path)
    files = [_lock_file(path)] if by_identity is None else [_lock_file(path), by_identity]
    return any(map(_is_locked, files))


def check_other_names(path: Path) -> None:
    """Check that a file with several names (hard links) is not in use under another one.

    Raises:
        AlreadyRecording: the file is being recorded under another name.
        DatabaseUnavailable: the file was not closed cleanly under another name; part of its content
            is in the log beside that name.
    """
    path = path.resolve()
    try:
        if path.stat().st_nlink < 2:
            return
    except FileNotFoundError:
        return
    identity = _identity_file(path)
    if identity is None or _is_locked(_lock_file(path)):
        return
    other = _recorded_name(identity)
    if _is_locked(identity):
        raise AlreadyRecording(
            f"{path} is another name (a hard link) of {other or 'a file'} that is being recorded; "
            "use the name under which it is recorded"
        )
    if other is not None and other != path and _has_log(other) and _is_same(other, path):
        raise DatabaseUnavailable(
            f"{path} is another name (a hard link) of {other}, which was not closed cleanly; "
            f"open {other} first"
        )


class RecorderLock:
    """The right to record into a database file.

    The operating system holds the locks for the process, so that a crash leaves none behind; the
    lock files remain.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._lock = _file_lock(_lock_file(self._path))
        self._identity: FileLock | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            AlreadyRecording: the file is already being recorded, by another program or by this one.
            DatabaseUnavailable: the lock file cannot be created, or the database was not
                closed cleanly under another name.
        """
        check_other_names(self._path)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise self._already_recording() from error
        except OSError as error:
            raise DatabaseUnavailable(
                f"{self._path} cannot be locked for recording: {error.strerror or error}"
            ) from error
        try:
            self.follow_file()
        except BaseException:
            self.release()
            raise

    def follow_file(self) -> None:
        """Lock the file that is now at the path; call it after the file was replaced.

        If the temporary folder cannot be used, only the lock beside the path is held.

        Raises:
            AlreadyRecording: the file is being recorded under another name.
        """
        file = _identity_file(self._path)
        if file is None or (self._identity and Path(self._identity.lock_file) == file):
            return
        lock = _file_lock(file)
        try:
            lock.acquire()
        except Timeout as error:
            raise self._already_recording() from error
        except OSError as error:
            _logger.debug("%s cannot be locked: %s", file, error)
            return
        self._release_identity()
        self._identity = lock
        _write_name(file, self._path)

    def release(self) -> None:
        """Release the lock."""
        self._release_identity()
        self._lock.release()

    def _release_identity(self) -> None:
        if self._identity is None:
            return
        file = Path(self._identity.lock_file)
        try:
            # Unlinked under the lock, so that no other process has it; waiting ones retry.
            for each in (_name_file(file), file):
                each.unlink(missing_ok=True)
        except OSError as error:  # as on Windows, where open files cannot be deleted
            _logger.debug("%s was not deleted: %s", file, error)
        self._identity.release()
        self._identity = None

    def _already_recording(self) -> AlreadyRecording:
        return AlreadyRecording(
            f"{self._path} is being recorded by another program; close that program, send the "
            "tasks to it if it is a server (POST /api/tasks), or open the file for reading"
        )


def _file_lock(file: Path) -> FileLock:
    return FileLock(file, timeout=LOCK_TIMEOUT_S, mode=FILE_MODE, thread_local=False)


def _lock_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _identity_file(path: Path) -> Path | None:
    """The lock file for the device and inode; None without a file or a folder for locks."""
    try:
        found = path.stat()
        folder = _locks_folder()
    except OSError as error:
        _logger.debug("no lock for the identity of %s: %s", path, error)
        return None
    # Some file systems on Windows have no inode numbers.
    return folder / f"{found.st_dev:x}-{found.st_ino:x}.lock" if found.st_ino else None


def _locks_folder() -> Path:
    """The user's folder for locks, not writable for others.

    Raises:
        OSError: it cannot be created, or belongs to another user.
    """
    user = str(os.getuid()) if hasattr(os, "getuid") else getpass.getuser()
    folder = Path(tempfile.gettempdir()) / f"resonance-logs-locks-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    is_own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    if not (stat.S_ISDIR(found.st_mode) and is_own):
        raise PermissionError(f"{folder} does not belong to this user")
    return folder


def _is_locked(file: Path) -> bool:
    if not file.exists():
        return False
    try:
        with _file_lock(file).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return _is_locked_read_only(file)


def _is_locked_read_only(file: Path) -> bool:
    """The same for a read-only file: a shared lock fails if another process holds the lock."""
    try:
        import fcntl
    except ImportError:
        return True  # Windows refuses to open the file only while it is locked
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError as error:
        _logger.debug("%s cannot be tested: %s", file, error)
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _name_file(identity: Path) -> Path:
    return identity.with_suffix(".name")


def _write_name(identity: Path, path: Path) -> None:
    """Write the name under which the file is recorded."""
    try:
        write_whole(_name_file(identity), [os.fsencode(path)])
    except OSError as error:
        _logger.debug("the name of %s cannot be written: %s", path, error)


def _recorded_name(identity: Path) -> Path | None:
    """The name under which the file is, or was last, recorded; None if unknown."""
    try:
        return Path(os.fsdecode(_name_file(identity).read_bytes()))
    except OSError:
        return None


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _is_same(path: Path, other: Path) -> bool:
    return path.exists() and path.samefile(other)
