"""Files that somebody made to do harm: nothing of theirs runs, and nothing is lost."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from torture.fuzz.claims import Memory

from resonance_logs import AlteredDatabase, DamagedDatabase, Database, DatabaseError, Unavailable
from tests.helpers.hostile_claims import HostileClaims
from tests.helpers.hostile_files import hostile_files, make_template
from tests.helpers.recording import fight, record

pytestmark = pytest.mark.attack

FILES = 100
"""For each of three seeds."""

MEMORY_BYTES = 400 << 20


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_file_is_refused_with_a_clear_error_or_read_correctly(
    tmp_path: Path, seed: int
) -> None:
    """Through import, restore and opening; the claims are in ``hostile_claims``."""
    memory = Memory()
    claims = HostileClaims(tmp_path / "own")
    for file in hostile_files(tmp_path / "files", seed=seed, count=FILES):
        claims.check(file)
    claims.finish()
    assert claims.broken == []
    assert memory.grown() < MEMORY_BYTES
    for way in ("import", "restore", "open"):
        assert claims.counts[f"{way}: accepted"] > FILES // 10
        assert claims.counts[f"{way}: AlteredDatabase"] > FILES // 10


def test_the_same_seed_makes_the_same_files(tmp_path: Path) -> None:
    one, other = (
        [each.story for each in hostile_files(tmp_path / name, seed=5, count=30)] for name in "ab"
    )
    assert one == other


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A sound file of three fights."""
    return make_template(tmp_path)


def run(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement).close()


TRIGGER = "CREATE TRIGGER evil AFTER INSERT ON encounters BEGIN DELETE FROM encounters; END"


def test_a_trigger_in_a_backup_does_not_delete_the_fights_that_come_later(
    path: Path, template: Path
) -> None:
    run(template, TRIGGER)
    with Database.open(path) as db:
        record(db, fight())
    with pytest.raises(AlteredDatabase, match=r"template\.rlog has .*: trigger 'evil'"):
        Database.restore(template, path)
    with Database.open(path) as db:
        record(db, fight(started=60_000))
        assert db.commands.get_recent_encounters().total_count == 2


@pytest.mark.parametrize("options", [{"record": True}, {"record": False}, {"read_only": True}])
def test_a_database_with_a_trigger_is_not_opened_until_it_was_salvaged(
    template: Path, options: dict[str, bool]
) -> None:
    run(template, TRIGGER)
    before = template.read_bytes()
    with pytest.raises(AlteredDatabase, match=r"trigger 'evil'.*resonance-logs salvage --db /"):
        Database.open(template, **options)  # type: ignore[arg-type]
    assert template.read_bytes() == before
    report = Database.salvage(template)
    assert report is not None
    assert report.damaged.read_bytes() == before
    with Database.open(template) as db:
        record(db, fight())
        assert db.commands.get_recent_encounters().total_count == 4
        assert db.commands.check_database().is_sound


@pytest.mark.parametrize(
    "name",
    ['a"b', "x\ny", "\u202e", "\x1b[31m", "n" * 9_000],
    ids=["quote", "line", "bidi", "esc", "long"],
)
def test_names_in_a_message_can_be_printed(path: Path, template: Path, name: str) -> None:
    quoted = name.replace('"', '""')
    run(template, *(f'CREATE VIEW "{quoted}{n}" AS SELECT 1' for n in range(9)))
    with Database.open(path) as db, pytest.raises(AlteredDatabase, match="4 more") as caught:
        db.import_fights(template)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("CREATE TABLE n (x CHECK (x > 0))", "table 'n'"),
        ("CREATE TABLE n (x REFERENCES encounters)", "table 'n'"),
        ("CREATE TABLE n (x, y AS (x))", "table 'n'"),
        ("CREATE INDEX n ON encounters (abs(id))", "index 'n'"),
        ("CREATE INDEX n ON encounters (id) WHERE id > 5", "index 'n'"),
        ("CREATE UNIQUE INDEX n ON encounters (game, id)", "index 'n'"),
        ("CREATE VIRTUAL TABLE n USING fts5(x)", "virtual table 'n'"),
        ("CREATE VIEW alembic AS SELECT 1", "view 'alembic'"),
    ],
)
def test_what_would_run_is_refused_by_its_name(template: Path, statement: str, what: str) -> None:
    run(template, statement)
    with pytest.raises(AlteredDatabase, match=what):
        Database.open(template, record=False)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE n (x, \"check\" TEXT DEFAULT 'AS (x)')  -- REFERENCES nothing",
        "CREATE TABLE n (x INTEGER PRIMARY KEY, y TEXT UNIQUE) STRICT",
        "CREATE INDEX n ON encounters (total_heal, id)",
        "ANALYZE",
    ],
)
def test_plain_tables_and_indexes_that_a_user_added_stay(
    path: Path, template: Path, statement: str
) -> None:
    run(template, statement)
    with Database.open(template) as db:
        record(db, fight())
    Database.restore(template, path)
    with Database.open(path) as db:
        assert db.commands.get_recent_encounters().total_count == 4
        assert list(db.import_fights(template).known)


def test_a_value_of_another_type_than_its_column_has_is_damage(template: Path) -> None:
    """As SQLite's STRICT refuses to write it, it takes a forged file; commands say what it is."""
    run(
        template,
        "PRAGMA writable_schema=ON",
        "CREATE TEMP TABLE kept AS SELECT sql FROM sqlite_schema WHERE name = 'encounters'",
        "UPDATE sqlite_schema SET sql = replace(sql, ' STRICT', '') WHERE name = 'encounters'",
    )
    with closing(sqlite3.connect(template.with_name("whole.db"))) as connection:
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE name = 'encounters'"
        ).fetchone()
    run(template, "UPDATE encounters SET started_at_ms = X'ff00' WHERE id = 2")
    with closing(sqlite3.connect(template, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema=ON").close()
        connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'encounters'", (sql,))
    with Database.open(template, record=False) as db:
        with pytest.raises(Unavailable, match="is damaged: non-INTEGER value in encounters"):
            db.commands.get_recent_encounters()
        with pytest.raises(Unavailable, match="is damaged: non-INTEGER value in encounters"):
            db.commands.get_encounter_by_id(2)


def test_an_incomplete_file_is_not_imported_or_restored(path: Path, template: Path) -> None:
    run(template, "DROP INDEX ix_encounters_open")
    with Database.open(path) as db, pytest.raises(DamagedDatabase, match="ix_encounters_open is m"):
        db.import_fights(template)
    with pytest.raises(DamagedDatabase, match="ix_encounters_open is missing"):
        Database.restore(template, path)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
def test_a_message_quotes_a_path_so_that_the_command_can_be_run(tmp_path: Path) -> None:
    template = make_template(tmp_path)
    path = tmp_path / "my fights.db"
    shutil.copyfile(template, path)
    run(path, TRIGGER)
    with pytest.raises(DatabaseError, match=r"salvage --db '/.*/my fights\.db'"):
        Database.open(path)
