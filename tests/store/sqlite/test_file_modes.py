"""What is created can be read by its owner only, whatever the umask; what exists keeps its mode."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from resonance_logs import Database
from tests.helpers.recording import fight, record

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


@pytest.fixture(autouse=True)
def _no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()}


def damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'entities'")
        connection.commit()


def test_everything_new_is_its_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "resonance"
    with Database.open(folder / "fights.db") as db:
        record(db, fight())
        db.backup(folder / "saved.db")
        db.export_fights([1], tmp_path / "exports" / "fight.rlog")
        assert modes(folder) == dict.fromkeys(
            ["fights.db", "fights.db-wal", "fights.db-shm", "fights.db.lock", "saved.db"], 0o600
        )
    damage(folder / "fights.db")
    assert Database.salvage(folder / "fights.db") is not None
    found = modes(folder)
    assert len([name for name in found if "damaged" in name]) == 2
    assert set(found.values()) == {0o600}
    assert modes(tmp_path / "exports") == {"fight.rlog": 0o600}
    assert modes(tmp_path) == {"data": 0o700, "exports": 0o700}
    assert modes(tmp_path / "data") == {"resonance": 0o700}


def test_a_database_that_others_may_read_stays_so(path: Path) -> None:
    Database.open(path).close()
    path.chmod(0o644)
    path.parent.chmod(0o755)
    with Database.open(path) as db:
        record(db, fight())
        assert modes(path.parent)["fights.db-wal"] == 0o644
    assert modes(path.parent)["fights.db"] == 0o644
    assert path.parent.stat().st_mode & 0o777 == 0o755
    damage(path)
    assert Database.salvage(path) is not None
    assert modes(path.parent)["fights.db"] == 0o644
