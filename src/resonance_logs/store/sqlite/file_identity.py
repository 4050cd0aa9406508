"""Which file is at a path, and whether it is still the one that was opened.

A file is identified by its device and inode. SQLite keeps using the file that it has opened,
wherever that is moved, and also once it is deleted; who opens the path later gets another one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from resonance_logs.errors import DatabaseMoved, DatabaseUnavailable

_GONE: Final = (FileNotFoundError, NotADirectoryError)
_PATH_ONLY: Final = getattr(os, "O_PATH", None)
"""Closing a descriptor of any other kind would release SQLite's locks on the file."""


class Identity(NamedTuple):
    """What tells a file from all others, whatever its name."""

    device: int
    inode: int


def identify(path: Path) -> Identity | None:
    """The identity of the file at a path; None if there is none, or it cannot be found out."""
    try:
        return _identity(path.stat())
    except OSError:
        return None


class OpenedFile:
    """The file that was at a path when it was opened.

    ``name`` is a symlink to it, if it was opened as that.
    """

    def __init__(self, path: Path, name: Path | None = None) -> None:
        self._path = path
        self._name = None if name == path else name
        self._identity = identify(path)

    def follow(self) -> None:
        """Take the file that is at the path now for the opened one, because it was replaced."""
        self._identity = identify(self._path)

    def check(self) -> None:
        """Check that it is still at its path.

        Raises:
            DatabaseMoved: it is not: it was deleted, moved or replaced.
            DatabaseUnavailable: that cannot be found out now.
        """
        self._check(self._path)
        if self._name is not None:
            self._check(self._name)

    def _check(self, path: Path) -> None:
        try:
            found = path.stat()
        except _GONE:
            raise DatabaseMoved(
                f"{path} was deleted or moved since it was opened; put it back, or open another one"
            ) from None
        except OSError as error:
            raise DatabaseUnavailable(
                f"{path} cannot be examined now: {error.strerror or error}"
            ) from error
        if self._identity is None:
            self._identity = _identity(found)
        elif self._identity != _identity(found):
            raise DatabaseMoved(
                f"{path} was replaced by another file since it was opened; open it again"
            )


class Place(NamedTuple):
    """Where a file is now."""

    is_linked: bool | None
    """Whether it has a name anywhere; None if unknown."""
    path: Path | None
    """Its name, if known."""


class HeldFile:
    """Holds a file without opening it, where the system can do so, to find it again."""

    def __init__(self, path: Path) -> None:
        self._descriptor = -1
        self.follow(path)

    def follow(self, path: Path) -> None:
        """Hold the file that is at a path now."""
        self.release()
        if _PATH_ONLY is not None:
            try:
                self._descriptor = os.open(path, _PATH_ONLY)
            except OSError:
                self._descriptor = -1  # then it is not known where it is

    def find(self) -> Place:
        """Where it is now."""
        if self._descriptor < 0:
            return Place(None, None)
        found = os.fstat(self._descriptor)
        if not found.st_nlink:
            return Place(is_linked=False, path=None)
        try:
            path = Path(f"/proc/self/fd/{self._descriptor}").readlink()
        except OSError:
            return Place(is_linked=True, path=None)
        is_there = identify(path) == _identity(found)
        return Place(is_linked=True, path=path if is_there else None)

    def release(self) -> None:
        """Hold it no more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class LogFiles:
    """The files beside a database that its connections have open: the log and its index."""

    def __init__(self, path: Path) -> None:
        path = path.resolve()  # SQLite puts them beside the file, not beside a symlink to it
        self._files = [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")]
        self._seen = self._look()

    def find_moved(self) -> Path | None:
        """One that was deleted or replaced since; None if they are all there."""
        for file, before, now in zip(self._files, self._seen, self._look(), strict=True):
            if before is not None and before != now:
                return file
        return None

    def take_away(self, *, keep: bool) -> None:
        """Have no other file use them; with ``keep`` they are renamed, not deleted."""
        if self.find_moved() is not None:
            return  # those are not the ones that were seen
        for file in self._files:
            with suppress(FileNotFoundError):
                if keep:
                    file.replace(file.with_name(f"{file.name}.old"))
                else:
                    file.unlink()

    def _look(self) -> list[Identity | None]:
        return [identify(each) for each in self._files]


def _identity(found: os.stat_result) -> Identity:
    return Identity(found.st_dev, found.st_ino)
