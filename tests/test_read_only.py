"""A database opened with ``read_only`` cannot be changed, and never writes to its file."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from resonance_logs import (
    Database,
    DatabaseUnavailable,
    ReadOnly,
    ReadOnlyDatabase,
    RecordingError,
)
from tests.helpers.frozen import OLDER, thaw
from tests.helpers.recording import fight, record


@pytest.fixture
def recorded(path: Path) -> Path:
    """A file with one fight, closed cleanly."""
    with Database.open(path) as db:
        record(db, fight())
    return path


def test_it_answers_and_refuses_what_would_change_it(recorded: Path, tmp_path: Path) -> None:
    before = recorded.read_bytes()
    with Database.open(recorded, read_only=True) as db:
        assert (db.is_read_only, db.is_recording) == (True, False)
        assert db.commands.get_recent_encounters().total_count == 1
        assert db.commands.check_database().is_sound
        with pytest.raises(ReadOnly):
            db.commands.delete_encounter(1)
        with pytest.raises(RecordingError, match="record=False"):
            db.enqueue(fight()[0])
        with pytest.raises(ReadOnlyDatabase):
            db.import_fights(recorded)
        with pytest.raises(ReadOnlyDatabase):
            db.begin_input("default", "bpsr", "file", 0)
        assert db.backup(tmp_path / "backup.db") > 0
        assert db.export_fights([1], tmp_path / "exported.db") > 0
    assert recorded.read_bytes() == before


def test_its_connections_cannot_write(recorded: Path) -> None:
    with (
        Database.open(recorded, read_only=True) as db,
        db._store.read_transaction() as connection,
        pytest.raises(OperationalError, match="readonly"),
    ):
        connection.exec_driver_sql("UPDATE encounters SET note = 'x'")


def test_it_shows_what_another_program_records_from_then_on(recorded: Path) -> None:
    with Database.open(recorded, read_only=True) as reader, Database.open(recorded) as db:
        record(db, fight(started=60_000))
        assert reader.commands.get_recent_encounters().total_count == 2


def test_a_file_that_was_not_closed_cleanly_is_read_with_its_log(recorded: Path) -> None:
    script = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
        "c.execute(\"UPDATE encounters SET note = 'in the log'\"); c.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(recorded)], check=True)
    before = recorded.read_bytes()
    with Database.open(recorded, read_only=True) as db:
        assert db.commands.get_encounter_by_id(1).note == "in the log"
    assert recorded.read_bytes() == before


def test_a_missing_file_is_an_error_and_not_created(path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="there is no database"):
        Database.open(path, read_only=True)
    assert not path.exists()


def test_an_older_file_is_not_migrated_and_the_error_says_what_to_do(recorded: Path) -> None:
    older = recorded.with_name("older.db")
    thaw(OLDER[-1], older)
    with pytest.raises(ReadOnlyDatabase, match="open it once for writing"):
        Database.open(older, read_only=True)


def test_a_database_open_for_recording_is_not_read_only(db: Database) -> None:
    assert not db.is_read_only
