"""Looking for damage, and saving what can be saved where there is any."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from resonance_logs.commands.arguments import CheckOf
from resonance_logs.commands.check import check_database
from resonance_logs.errors import DamagedDatabase, DatabaseUnavailable
from resonance_logs.salvage import SalvageReport, finish_salvage, salvage
from resonance_logs.store.copies import log_kept
from resonance_logs.store.engine import Store
from resonance_logs.store.lock import RecorderLock
from resonance_logs.store.migrate import prepare


def mend(path: Path) -> SalvageReport | None:
    """Salvage the file, where a check finds anything wrong with it.

    Raises:
        AlreadyRecording: the database is being recorded.
        DatabaseError: there is no such file, or it cannot be mended; the subclass says why.
    """
    if not path.exists():
        raise DatabaseUnavailable(f"there is no database at {path}")
    lock = RecorderLock(path)
    lock.acquire()
    try:
        finish_salvage(path)
        with log_kept(path):
            return None if _is_sound(path) else salvage(path)
    finally:
        lock.release()


def _is_sound(path: Path) -> bool:
    try:
        prepare(path)
        with closing(Store(path)) as store:
            findings = check_database(store, CheckOf()).findings
            # Tables that somebody added would be lost by salvaging the file.
            return not any(each.is_damage for each in findings)
    except DamagedDatabase:
        return False
