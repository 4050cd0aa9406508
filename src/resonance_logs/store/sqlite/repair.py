"""Check a file for damage, and salvage it if there is any."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from resonance_logs.errors import AlteredDatabase, DamagedDatabase, DatabaseUnavailable
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.file_copies import preserve_wal
from resonance_logs.store.sqlite.integrity import find_damage
from resonance_logs.store.sqlite.lock import RecorderLock
from resonance_logs.store.sqlite.migrate import prepare
from resonance_logs.store.sqlite.salvage import SalvageReport, finish_salvage, salvage


def salvage_if_damaged(path: Path) -> SalvageReport | None:
    """Salvage the file if a check finds anything wrong with it, or something in it would run.

    Raises:
        AlreadyRecording: the database is being recorded.
        DatabaseError: the file does not exist, or cannot be repaired; the subclass says why.
    """
    if not path.exists():
        raise DatabaseUnavailable(f"there is no database at {path}")
    lock = RecorderLock(path)
    lock.acquire()
    try:
        finish_salvage(path)
        with preserve_wal(path):
            return None if _is_intact(path) else salvage(path)
    finally:
        lock.release()


def _is_intact(path: Path) -> bool:
    try:
        prepare(path)
        with closing(Store(path)) as store:
            # Tables that somebody added would be lost by salvaging the file.
            return not any(each.is_damage for each in find_damage(store).findings)
    except (DamagedDatabase, AlteredDatabase):
        return False
