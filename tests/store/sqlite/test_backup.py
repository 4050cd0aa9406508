"""Backups are complete or absent; restoring loses nothing, whatever goes wrong."""

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from resonance_logs import (
    AlreadyRecording,
    BackupError,
    BeginEncounter,
    Database,
    DatabaseError,
    DatabaseUnavailable,
    InsertDamageEvent,
    NewerDatabase,
    NotADatabase,
)
from resonance_logs.store.sqlite import file_copies
from tests.helpers.recording import fight, record


def fights(path: Path) -> list[tuple[int, bool]]:
    """The start and the interruption of each fight."""
    with Database.open(path) as db:
        rows = db.commands.get_recent_encounters_filtered(1_000, 0).rows
    return [(each.started_at_ms, each.was_interrupted) for each in rows]


@pytest.fixture
def saved(path: Path) -> Path:
    """A backup with one fight; the database has had another since."""
    target = path.with_name("saved.db")
    with Database.open(path) as db:
        record(db, fight())
        assert db.backup(target) == target.stat().st_size
        record(db, fight(started=60_000))
    return target


def test_a_backup_made_while_recording_has_what_was_committed(path: Path) -> None:
    target = path.with_name("saved.db")
    with Database.open(path) as db:
        record(db, fight())
        hit = InsertDamageEvent(timestamp_ms=50_100, attacker_id=7, value=3)
        record(db, [BeginEncounter(started_at_ms=50_000), hit])
        db.backup(target)
        record(db, fight(started=60_000)[1:])
    assert fights(target) == [(50_000, True), (1_000, False)]
    assert fights(path) == [(50_000, False), (1_000, False)]
    assert not list(path.parent.glob("*.part*"))


def test_a_backup_is_put_back_and_what_was_there_is_kept(path: Path, saved: Path) -> None:
    kept = Database.restore(saved, path)
    assert kept is not None
    assert fights(path) == [(1_000, False)]
    assert fights(kept) == [(60_000, False), (1_000, False)]
    assert fights(saved) == [(1_000, False)]


def test_restoring_twice_in_a_second_keeps_both(path: Path, saved: Path) -> None:
    first, second = Database.restore(saved, path), Database.restore(saved, path)
    assert first is not None
    assert second is not None
    assert first != second
    assert len(fights(first)) == 2


def test_a_backup_is_restored_where_nothing_was(tmp_path: Path, saved: Path) -> None:
    new = tmp_path / "elsewhere" / "new.db"
    assert Database.restore(saved, new) is None
    assert fights(new) == [(1_000, False)]


def test_a_damaged_database_is_replaced_and_kept(path: Path, saved: Path) -> None:
    path.write_bytes(b"nonsense" * 10_000)
    kept = Database.restore(saved, path)
    assert kept is not None
    assert kept.read_bytes() == b"nonsense" * 10_000
    assert fights(path) == [(1_000, False)]


def test_an_existing_file_is_not_overwritten(path: Path, saved: Path) -> None:
    before = saved.read_bytes()
    with (
        Database.open(path) as db,
        pytest.raises(BackupError, match="already exists; choose another name"),
    ):
        db.backup(saved)
    assert saved.read_bytes() == before


def test_a_backup_where_there_is_no_room_is_refused_before_it_begins(
    path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(9, 9, 9))
    with Database.open(path) as db, pytest.raises(BackupError, match="has 9 bytes free"):
        db.backup(path.with_name("second.db"))


def test_a_backup_that_fails_half_way_leaves_nothing(
    path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_part: Path, _source: Path) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(file_copies, "check_copy", fail)
    with Database.open(path) as db, pytest.raises(BackupError, match="disk I/O error"):
        db.backup(path.with_name("second.db"))
    assert not path.with_name("second.db").exists()
    assert not list(path.parent.glob("*.part*"))


def test_nothing_is_replaced_while_the_database_is_recorded(path: Path, saved: Path) -> None:
    with Database.open(path) as db:
        with pytest.raises(AlreadyRecording):
            Database.restore(saved, path)
        record(db, fight(started=90_000))
    assert len(fights(path)) == 3


def test_nothing_is_replaced_while_another_program_reads(path: Path, saved: Path) -> None:
    with Database.open(path, record=False) as reader:
        assert reader.commands.get_recent_encounters().total_count == 2
        with pytest.raises(BackupError, match="is open in another program"):
            Database.restore(saved, path)
        assert reader.commands.get_recent_encounters().total_count == 2
    assert len(fights(path)) == 2


@pytest.mark.parametrize("content", [b"", b"text", b"nonsense" * 1_000])
def test_what_is_not_a_backup_is_refused_and_nothing_replaced(
    path: Path, saved: Path, content: bytes
) -> None:
    saved.write_bytes(content)
    with pytest.raises(DatabaseError, match=saved.name):
        Database.restore(saved, path)
    assert len(fights(path)) == 2


def test_a_backup_of_another_program_or_of_a_newer_version_is_refused(
    path: Path, saved: Path
) -> None:
    connection = sqlite3.connect(saved)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(NewerDatabase):
        Database.restore(saved, path)
    other = path.with_name("other.db")
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(NotADatabase):
        Database.restore(other, path)
    assert len(fights(path)) == 2


def test_a_backup_that_does_not_exist_is_reported(path: Path, saved: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="there is no such file"):
        Database.restore(path.with_name("nowhere.db"), path)


def test_a_backup_of_an_older_version_is_brought_to_this_one(path: Path, saved: Path) -> None:
    from tests.helpers.frozen import FROZEN, thaw

    old = path.with_name("old.db")
    thaw(FROZEN[0], old)
    Database.restore(old, path)
    assert [started for started, _ in fights(path)] == [1_000]


def test_of_two_backups_to_one_file_the_first_stays_and_the_other_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = path.with_name("saved.db")
    check = file_copies.check_copy

    def overtaken(part: Path, source: Path) -> None:
        check(part, source)
        monkeypatch.setattr(file_copies, "check_copy", check)
        db.backup(target)

    with Database.open(path) as db:
        record(db, fight())
        monkeypatch.setattr(file_copies, "check_copy", overtaken)
        with pytest.raises(BackupError, match=r"saved\.db already exists"):
            db.backup(target)
    assert fights(target) == [(1_000, False)]
    assert not list(path.parent.glob("*.part*"))


def test_a_users_own_part_files_are_not_touched(path: Path) -> None:
    own = [
        path.with_name(name) for name in ("saved.db.part", "fights.db.part", "saved.db.part-wal")
    ]
    for each in own:
        each.write_bytes(b"mine")
    with Database.open(path) as db:
        record(db, fight())
        db.backup(path.with_name("saved.db"))
        db.export_fights([1], path.with_name("fight.rlog"))
    Database.restore(path.with_name("saved.db"), path)
    assert [each.read_bytes() for each in own] == [b"mine"] * 3


@pytest.mark.parametrize("step", ["fsync", "link", "open"])
def test_on_a_full_disk_no_backup_is_made_and_the_next_one_works(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = path.with_name("saved.db")
    with Database.open(path) as db:
        record(db, fight())
        monkeypatch.setattr(os, step, fail)
        if step == "link":
            monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(BackupError, match=r"saved\.db could not be made: .*No space left"):
            db.backup(target)
        monkeypatch.undo()
        assert not list(path.parent.glob("saved.db*"))
        db.backup(target)
    assert fights(target) == [(1_000, False)]


@pytest.mark.parametrize("step", ["fsync", "link", "check_copy"])
def test_what_a_killed_backup_left_is_gone_with_the_next_recording(path: Path, step: str) -> None:
    with Database.open(path) as db:
        record(db, fight())
    script = """
        import os, signal, sys
        from resonance_logs import Database
        from resonance_logs.store.sqlite import file_copies
        db = Database.open(sys.argv[1], record=False)
        module = file_copies if sys.argv[3] == "check_copy" else os
        setattr(module, sys.argv[3], lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        db.backup(sys.argv[2])
    """
    target = path.with_name("saved.db")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), path, target, step],
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    assert list(path.parent.glob("*.part"))
    assert not target.exists()
    Database.open(path).close()
    assert {each.name for each in path.parent.iterdir()} == {"fights.db", "fights.db.lock"}


def test_a_restored_database_keeps_the_mode_of_the_one_it_replaces(path: Path, saved: Path) -> None:
    path.chmod(0o640)
    kept = Database.restore(saved, path)
    assert kept is not None
    assert [each.stat().st_mode & 0o777 for each in (path, kept, saved)] == [0o640, 0o600, 0o600]
