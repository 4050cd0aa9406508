"""Copies of the whole file: made during recording, verified, and restored."""

from __future__ import annotations

from pathlib import Path

from resonance_logs.errors import BackupError
from resonance_logs.store.sqlite.file_copies import (
    check_room,
    collapse_wal,
    copy_verified,
    free_name,
    keep_copy,
    preserve_wal,
    whole_database,
)
from resonance_logs.store.sqlite.foreign_files import copy_foreign
from resonance_logs.store.sqlite.guard import Guard
from resonance_logs.store.sqlite.lock import RecorderLock
from resonance_logs.store.sqlite.migrate import check_source


def back_up(path: Path, target: Path, *, is_read_only: bool = False) -> int:
    """Copy the database at ``path`` to the new file ``target``; returns its size in bytes.

    The copy is a snapshot of the committed data; recording continues meanwhile. It is verified
    before it gets its name, so that a partial copy never looks like a backup. With ``is_read_only``
    the database is opened without write access.

    Raises:
        BackupError: the target already exists, the disk has no room, or the copy is damaged.
    """
    if target.exists():
        raise BackupError(f"{target} already exists; choose another name")
    check_room(path.stat().st_size, target.parent)
    copy_verified(path, target, is_read_only=is_read_only)
    return target.stat().st_size


def restore(path: Path, source: Path) -> Path | None:
    """Restore the backup ``source`` as the database at ``path``.

    The backup is verified, and migrated to this program's version, before anything is replaced. It
    may be from anybody, and may lie where nothing can be written. The previous database is kept
    under another name, which is returned; None if there was none.

    Raises:
        AlreadyRecording: the database is being recorded.
        DatabaseUnavailable: there is no such source, or it takes too long to read.
        AlteredDatabase: somebody added triggers, views or the like to the source.
        DatabaseError: the source cannot be used; the subclass says why.
        BackupError: another program has the database open, or the disk has no room.
    """
    check_source(source)
    old = path.stat().st_size if path.exists() else 0
    check_room(source.stat().st_size + old, path.parent)
    lock = RecorderLock(path)
    lock.acquire()
    try:
        with whole_database(path, replaces=True) as part:
            copy_foreign(source, part, Guard(source))
            kept = _keep_copy(path) if path.exists() else None
    finally:
        lock.release()
    return kept


def _keep_copy(path: Path) -> Path:
    """Keep a copy of the database to be replaced, with its log, unchanged."""
    kept = free_name(path, "before-restore")
    with preserve_wal(path):
        keep_copy(path, kept)
    collapse_wal(path)  # no other process may have it open
    # Left by a file too damaged to be collapsed, or by a salvage interrupted in its last step.
    for suffix in ("-wal", "-shm", ".mended"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return kept
