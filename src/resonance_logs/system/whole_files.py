"""Files that are written whole: whatever happens, the old file or the new one, never half of one.

A file is written under a temporary name of its own in the same folder, synced, and renamed. The
name says which program made it, and the program holds a lock on it, so that what a dead program
left behind can be told from what another one is writing. New files can be read by their owner only.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from resonance_logs.system.repeated_messages import limited_logger

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700

COMPANIONS: Final = ("-wal", "-shm", "-journal")
"""What SQLite writes beside a database of the same name."""

_KEPT_LENGTH: Final = 40
"""So much of the name is in the temporary one, which must not be too long for the folder."""

_TEMPORARY: Final = re.compile(
    r"(.{1,40}\.resonance-logs-([0-9]{1,10})-[0-9a-f]{16}\.part)(-wal|-shm|-journal)?", re.DOTALL
)

_logger = limited_logger(__name__)

_own: Final[set[str]] = set()
"""The temporary names that this process is using."""


@contextmanager
def whole_file(
    target: Path, *, replaces: bool = True, mode_of: Path | None = None
) -> Iterator[Path]:
    """A temporary file that becomes the target at the end of the block.

    On an error nothing is left of it. A target that exists is replaced, and keeps its mode; without
    ``replaces`` it is never touched. A new file gets the mode of ``mode_of``, if that exists.

    Raises:
        FileExistsError: the target exists, and is not to be replaced.
        OSError: it cannot be written.
    """
    if replaces and target.is_symlink():
        target = target.resolve()
    with _temporary(target) as temporary:
        yield temporary.path
        mode = _mode(target if replaces else None) or _mode(mode_of)
        temporary.publish(target, replaces=replaces, mode=mode)


@contextmanager
def scratch_file(beside: Path) -> Iterator[Path]:
    """A temporary file that is removed at the end of the block, in the folder of another one.

    Raises:
        OSError: it cannot be created.
    """
    with _temporary(beside) as temporary:
        yield temporary.path


def write_whole(target: Path, content: Iterable[bytes], *, replaces: bool = True) -> None:
    """Write a whole file; see ``whole_file``.

    Raises:
        FileExistsError: the target exists, and is not to be replaced.
        OSError: it cannot be written.
    """
    with whole_file(target, replaces=replaces) as part, part.open("wb") as stream:
        stream.writelines(content)


def create_empty(path: Path) -> None:
    """Create an empty file, unless there is one.

    Raises:
        OSError: it cannot be created.
    """
    with suppress(FileExistsError), whole_file(path, replaces=False):
        pass


def open_private(path: str | os.PathLike[str], flags: int) -> int:
    """An opener for ``open``: a file that it creates can be read by its owner only."""
    return os.open(path, flags, FILE_MODE)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, where missing; only their owner can enter.

    Raises:
        OSError: it cannot be created.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    folder.mkdir(FOLDER_MODE, exist_ok=True)


def remove_stale(folder: Path) -> None:
    """Remove the temporary files that programs left in a folder when they died."""
    try:
        with os.scandir(folder) as entries:
            # Sorted, a file is before its companions.
            names = sorted(each.name for each in entries if _TEMPORARY.fullmatch(each.name))
    except OSError as error:
        _logger.debug("%s cannot be searched: %s", folder, error)
        return
    for name in names:
        try:
            if _is_stale(folder, name):
                (folder / name).unlink(missing_ok=True)
                _logger.info("removed %s, which a program left when it died", folder / name)
        except OSError as error:
            _logger.debug("%s stays: %s", folder / name, error)


class _Temporary:
    """A file under a temporary name, locked while it is written."""

    def __init__(self, target: Path) -> None:
        while True:
            unique = f"resonance-logs-{os.getpid()}-{secrets.token_hex(8)}.part"
            self.path = target.with_name(f"{target.name[:_KEPT_LENGTH]}.{unique}")
            _own.add(self.path.name)
            self._descriptor = _create(self.path)
            # Between the creation and the lock, another program may take it for a stale one.
            if _lock(self._descriptor) is not False and self.path.exists():
                return
            self.remove()

    def publish(self, target: Path, *, replaces: bool, mode: int | None) -> None:
        """Give it its name, once it is on the disk."""
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(self._descriptor, mode)
        os.fsync(self._descriptor)
        self._remove_companions()
        self._close()  # Windows renames no open file; and SQLite may open it under the new name
        if replaces:
            self.path.replace(target)
        else:
            _rename_new(self.path, target)
        _sync_folder(target.parent)

    def remove(self) -> None:
        """Remove what is left of it."""
        self._close()
        try:
            self._remove_companions()
            self.path.unlink(missing_ok=True)
        except OSError as error:
            _logger.debug("%s stays: %s", self.path, error)
        _own.discard(self.path.name)

    def _remove_companions(self) -> None:
        for suffix in COMPANIONS:
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def _temporary(target: Path) -> Iterator[_Temporary]:
    remove_stale(target.parent)
    temporary = None
    try:
        temporary = _Temporary(target)
        yield temporary
    except OSError as error:
        if isinstance(error.filename, str) and _TEMPORARY.fullmatch(Path(error.filename).name):
            error.filename = str(target)  # the name that the user knows
        raise
    finally:
        if temporary is not None:
            temporary.remove()


def _create(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)
    except BaseException:
        _own.discard(path.name)
        raise


def _mode(path: Path | None) -> int | None:
    """The mode of a file; None if it does not exist."""
    try:
        return None if path is None else stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


def _rename_new(path: Path, target: Path) -> None:
    """Rename a file, unless there is one of the new name."""
    try:
        os.link(path, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(target):
            raise FileExistsError(f"{target} already exists") from None
        path.replace(target)
    else:
        with suppress(OSError):
            path.unlink()


def _sync_folder(folder: Path) -> None:
    """Have a new name survive a power failure, where folders can be synced."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        _logger.debug("%s cannot be synced: %s", folder, error)


def _lock(descriptor: int) -> bool | None:
    """Lock a file as long as it is open; False if another program has, None if that is unknown."""
    try:
        import fcntl
    except ImportError:
        return None  # Windows deletes no open file
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_stale(folder: Path, name: str) -> bool:
    match = _TEMPORARY.fullmatch(name)
    if match is None or match[1] in _own:
        return False
    maker = int(match[2])
    if maker != os.getpid() and _is_running(maker):
        return False
    if match[3]:
        return not (folder / match[1]).exists()  # removed after its file
    path = folder / name
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        return False
    # With a second name it is complete, and may be in use: closing it would release SQLite's locks.
    return sys.platform == "win32" or found.st_nlink > 1 or _can_be_locked(path)


def _can_be_locked(path: Path) -> bool:
    """Whether no program is writing the file, including those in other containers."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return _lock(descriptor) is True
    finally:
        os.close(descriptor)


def _is_running(pid: int) -> bool:
    if sys.platform == "win32":
        return False  # os.kill would end the process there
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # of another user
        pass
    return True
