"""Reading needs no write access: neither to the file nor to its folder."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from resonance_logs import Database
from tests.helpers.cli import error_lines
from tests.helpers.frozen import OLDER, thaw
from tests.helpers.unprivileged import lock_up, run_unprivileged, unlocked_afterwards

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


@pytest.fixture
def archived(template: Path, tmp_path: Path) -> Iterator[Path]:
    """The three fights in a folder that may be locked up."""
    folder = tmp_path / "archive"
    folder.mkdir()
    with unlocked_afterwards(folder):
        yield Path(shutil.copy(template, folder / "fights.db"))


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["list"], "The Court"),
        (["show", "1"], "Aoi"),
        (["info"], "fights.db"),
        (["check"], "OK: 3 fights match"),
        (["doctor"], "recorded now"),
        (["call", "get_recorder_runs", "{}"], '"totalCount":'),
        (["prune", "--keep-fights-newest", "1", "--dry-run"], "2"),
    ],
)
@pytest.mark.parametrize("rights", [(0o555, 0o444), (0o755, 0o444), (0o555, 0o666)])
def test_reading_commands_answer(
    archived: Path, command: list[str], told: str, rights: tuple[int, int]
) -> None:
    archived.with_name("fights.db.lock").touch()
    lock_up(archived.parent, folder_mode=rights[0], file_mode=rights[1])
    done = run_unprivileged(*command, "--db", archived)
    assert (done.returncode, done.stderr) == (0, "")
    assert told in done.stdout
    assert {file.name for file in archived.parent.iterdir()} == {"fights.db", "fights.db.lock"}


def test_backup_and_export_write_elsewhere(archived: Path, tmp_path: Path) -> None:
    lock_up(archived.parent)
    backup, exported = tmp_path / "backup.db", tmp_path / "exported.db"
    commands: list[list[str | Path]] = [["backup", backup], ["export", exported, "--all"]]
    for command in commands:
        done = run_unprivileged(*command, "--db", archived)
        assert (done.returncode, done.stderr) == (0, "")
    imported = run_unprivileged("import", archived, "--db", tmp_path / "new.db")
    assert "imported 3" in imported.stdout
    for file in (backup, exported):
        with Database.open(file, record=False) as db:
            assert db.commands.get_recent_encounters().total_count == 3


@pytest.mark.parametrize(
    "command",
    [["favorite", "1"], ["delete", "1", "--yes"], ["note", "1", "x"], ["ingest", "/dev/null"]],
)
def test_writing_commands_say_that_the_file_may_only_be_read(
    archived: Path, command: list[str]
) -> None:
    lock_up(archived.parent)
    done = run_unprivileged(*command, "--db", archived)
    assert done.returncode == 1
    assert error_lines(done.stderr) == [
        f"error: {archived} is read-only: you have no permission to write to it or to its folder"
    ]


def test_a_file_that_was_not_closed_cleanly_is_not_read_without_its_log(archived: Path) -> None:
    crash(archived)
    archived.with_name("fights.db-shm").unlink()
    lock_up(archived.parent)
    done = run_unprivileged("list", "--db", archived)
    assert done.returncode == 1
    (line,) = error_lines(done.stderr)
    assert "was not closed cleanly" in line
    assert "copy it and fights.db-wal to a folder that you can write to" in line


def test_a_file_is_read_with_its_log_where_both_files_beside_it_are_there(archived: Path) -> None:
    crash(archived)
    lock_up(archived.parent)
    done = run_unprivileged("show", "1", "--db", archived)
    assert (done.returncode, done.stderr) == (0, "")
    assert "only in the log" in done.stdout


def test_an_older_file_is_not_migrated(archived: Path) -> None:
    older = archived.with_name("older.db")
    thaw(OLDER[3], older)
    lock_up(archived.parent)
    done = run_unprivileged("list", "--db", older)
    assert done.returncode == 1
    (line,) = error_lines(done.stderr)
    assert "is of an older version (schema 0004) and cannot be migrated" in line


def test_a_newer_file_and_a_foreign_one_are_refused_as_ever(archived: Path) -> None:
    with closing(sqlite3.connect(archived)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with closing(sqlite3.connect(archived.with_name("other.db"))) as connection:
        connection.execute("CREATE TABLE t (x)")
    archived.with_name("text.db").write_text("nothing of the kind" * 100)
    lock_up(archived.parent)
    for name, reason in (
        ("fights.db", "was written by a newer version"),
        ("other.db", "is a database of another program"),
        ("text.db", "is not a database"),
    ):
        done = run_unprivileged("list", "--db", archived.with_name(name))
        assert done.returncode == 1
        assert reason in error_lines(done.stderr)[0]


def crash(path: Path) -> None:
    """Leave a change in the log, as a program does that is killed."""
    script = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
        "c.execute(\"UPDATE encounters SET note = 'only in the log'\"); c.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)


def test_a_backup_on_read_only_media_is_restored(archived: Path, tmp_path: Path) -> None:
    backup = archived.with_name("backup.db")
    with Database.open(archived, record=False) as db:
        db.backup(backup)
    lock_up(archived.parent)
    before = sorted(archived.parent.iterdir())
    for source in (backup, archived):
        target = tmp_path / f"{source.stem}-restored.db"
        done = run_unprivileged("restore", source, "--db", target)
        assert (done.returncode, done.stderr) == (0, "")
        with Database.open(target, record=False) as db:
            assert db.commands.get_recent_encounters().total_count == 3
    assert sorted(archived.parent.iterdir()) == before


@pytest.mark.parametrize("command", ["restore", "import"])
def test_a_backup_on_read_only_media_that_was_not_closed_cleanly_is_refused(
    archived: Path, tmp_path: Path, command: str
) -> None:
    crash(archived)
    archived.with_name("fights.db-shm").unlink()
    lock_up(archived.parent)
    done = run_unprivileged(command, archived, "--db", tmp_path / "new.db")
    assert done.returncode == 1
    (line,) = error_lines(done.stderr)
    assert "was not closed cleanly" in line
    assert "copy it and fights.db-wal to a folder that you can write to" in line
