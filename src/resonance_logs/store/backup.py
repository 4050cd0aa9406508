"""Copies of the whole file: made while recording goes on, checked, and put back."""

from __future__ import annotations

from pathlib import Path

from resonance_logs.errors import BackupError
from resonance_logs.store.copies import (
    check_copy,
    check_room,
    copy_checked,
    copy_database,
    copy_files,
    fold,
    free_name,
    log_kept,
    part_of,
)
from resonance_logs.store.lock import RecorderLock
from resonance_logs.store.migrate import check_source, prepare


def back_up(path: Path, target: Path) -> int:
    """Copy the database at ``path`` into the new file ``target``; its size in bytes.

    The copy is what was committed at one moment; whoever records goes on meanwhile. It is checked
    before it gets its name, so that a half-made copy never looks like a backup.

    Raises:
        BackupError: the target is there already, the disk has no room, or the copy is not sound.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; choose another name")
    check_room(path.stat().st_size, target.parent)
    copy_checked(path, target)
    return target.stat().st_size


def restore(path: Path, source: Path) -> Path | None:
    """Put the backup ``source`` in the place of the database at ``path``.

    The backup is checked, and brought to this program's version, before anything is replaced. What
    was there is kept under a name of its own, which is returned; None where nothing was there.

    Raises:
        AlreadyRecording: the database is being recorded.
        DatabaseUnavailable: there is no such source.
        DatabaseError: the source cannot be used; the subclass says why.
        BackupError: another program has the database open, or the disk has no room.
    """
    check_source(source)
    old = path.stat().st_size if path.exists() else 0
    check_room(source.stat().st_size + old, path.parent)
    lock = RecorderLock(path)
    lock.acquire()
    try:
        with part_of(path) as part:
            copy_database(source, part)
            prepare(part, copy_first=False)
            check_copy(part, source)
            kept = _keep(path) if path.exists() else None
            part.replace(path)
    finally:
        lock.release()
    return kept


def _keep(path: Path) -> Path:
    """Keep a copy of the database that is to be replaced, with its log, as they are."""
    kept = free_name(path, "before-restore")
    with log_kept(path):
        copy_files(path, kept)
    fold(path)  # which nobody else may have open
    # Of a file too damaged to be folded, or whose mending was cut off in its last step.
    for suffix in ("-wal", "-shm", ".mended"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return kept
