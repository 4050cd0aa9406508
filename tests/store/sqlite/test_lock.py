"""The lock belongs to the file, whatever it is called."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from resonance_logs import (
    AlreadyRecording,
    Database,
    DatabaseUnavailable,
    ReadOnlyDatabase,
    Unavailable,
)
from resonance_logs.store.sqlite.access import Access
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.lock import RecorderLock, is_held
from resonance_logs.store.sqlite.migrate import prepare
from tests.helpers.recording import fight, record, rows

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")


@pytest.fixture
def symlink(path: Path, tmp_path: Path) -> Path:
    """Another name in another folder; the file need not be there yet."""
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "other-name.db"
    link.symlink_to(path)
    return link


def hard_link(path: Path) -> Path:
    folder = path.parent / "links"
    folder.mkdir(exist_ok=True)
    link = folder / "other-name.db"
    link.hardlink_to(path)
    return link


def test_a_symlink_is_the_same_file(db: Database, path: Path, symlink: Path) -> None:
    record(db, fight()[:-1])
    with pytest.raises(AlreadyRecording, match=f"{path} is being recorded"):
        Database.open(symlink)
    assert is_held(symlink)
    with Database.open(symlink, record=False) as reader:
        assert reader.path == path
        assert reader.commands.get_live_encounter() is not None
    record(db, fight()[-1:])
    assert rows(path, "SELECT total_dmg, was_interrupted FROM encounters") == [(30, 0)]


def test_what_lies_beside_the_file_lies_beside_the_real_one(path: Path, symlink: Path) -> None:
    with Database.open(symlink) as db:
        record(db, fight())
        assert path.with_name("fights.db-wal").exists()
        assert [file.name for file in symlink.parent.iterdir()] == ["other-name.db"]


def test_a_symlink_to_itself_is_an_error(tmp_path: Path) -> None:
    loop = tmp_path / "loop.db"
    loop.symlink_to(loop)
    with pytest.raises(DatabaseUnavailable, match="loop"):
        Database.open(loop)


def test_a_hard_link_to_a_file_that_is_recorded_is_refused(db: Database, path: Path) -> None:
    record(db, fight()[:-1])
    link = hard_link(path)
    for use in (
        lambda: Database.open(link),
        lambda: Database.open(link, record=False),
        lambda: Database.restore(path, link),
        lambda: Database.salvage(link),
        lambda: prepare(link),
        lambda: RecorderLock(link).acquire(),
    ):
        with pytest.raises(AlreadyRecording, match=f"is another name .* of {path}"):
            use()
    assert is_held(link)
    assert not list(link.parent.glob("*-wal"))
    record(db, fight()[-1:])
    with Database.open(path, record=False) as reader:
        assert reader.commands.check_database().is_sound


def test_a_hard_link_that_is_open_already_cannot_be_written_once_recording_begins(
    path: Path,
) -> None:
    with Database.open(path) as db:
        record(db, fight())
    link = hard_link(path)
    with Database.open(link, record=False) as reader:
        with Database.open(path) as db:
            record(db, fight(90_000))
            with pytest.raises(Unavailable, match="is another name"):
                reader.commands.set_encounter_note(1, "by the other name")
        reader.commands.set_encounter_note(1, "when it is closed")


def test_a_hard_link_may_be_recorded_when_the_other_name_is_closed(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fight())
    with Database.open(hard_link(path)) as db:
        record(db, fight(90_000))
        with pytest.raises(AlreadyRecording):
            Database.open(path)
    assert rows(path, "SELECT count(*) FROM encounters") == [(2,)]


def test_a_hard_link_is_refused_while_the_other_name_has_a_log_of_a_crash(path: Path) -> None:
    script = (
        "import os, sys; from resonance_logs import *; db = Database.open(sys.argv[1]);"
        "db.enqueue(BeginEncounter(started_at_ms=1)); db.flush(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    link = hard_link(path)
    assert not is_held(link)
    with pytest.raises(DatabaseUnavailable, match=f"{path}, which was not closed cleanly"):
        Database.open(link)
    Database.open(path).close()
    Database.open(link).close()


def test_a_file_put_in_the_place_of_another_is_locked_too(path: Path) -> None:
    Database.open(path).close()
    lock = RecorderLock(path)
    lock.acquire()
    other = path.with_name("copy.db")
    shutil.copy(path, other)
    other.replace(path)
    lock.follow_file()
    with pytest.raises(AlreadyRecording):
        RecorderLock(hard_link(path)).acquire()
    lock.release()
    assert not is_held(path)


def test_a_lock_leaves_nothing_in_the_temporary_folder(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Database.open(path):
        (folder,) = tmp_path.glob("resonance-logs-locks-*")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(list(folder.iterdir())) == 2
    assert not list(folder.iterdir())


def test_a_temporary_folder_that_cannot_be_used_does_not_stop_a_recording(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    name = f"resonance-logs-locks-{os.getuid()}"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / name).symlink_to(elsewhere)  # as somebody else may leave one there
    with Database.open(path) as db:
        record(db, fight())
        with pytest.raises(AlreadyRecording):
            Database.open(path)
    assert not list(elsewhere.iterdir())


def test_a_file_that_is_read_as_unchanging_tells_when_it_was_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database.open(path).close()
    monkeypatch.setattr(
        "resonance_logs.store.sqlite.connections.find_access",
        lambda _, **_given: Access.FROZEN_READ,
    )
    store = Store(path)
    with store.read_transaction():
        pass
    with pytest.raises(ReadOnlyDatabase), store.write_transaction():
        pass
    monkeypatch.undo()
    with Database.open(path) as db:
        record(db, fight())
    with pytest.raises(DatabaseUnavailable, match="open it again"), store.read_transaction():
        pass
    store.close()
