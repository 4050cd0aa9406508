"""The schema of a file is compared with what the migrations make."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from resonance_logs import AlteredDatabase, DamagedDatabase, NewerDatabase
from resonance_logs.store.sqlite.migrate import SCHEMA_VERSION, prepare
from resonance_logs.store.sqlite.schema_check import (
    KNOWN_SCHEMAS,
    MAX_OBJECTS,
    check_schema,
    known_schemas,
)
from tests.helpers.frozen import FROZEN, thaw

ROOT = Path(__file__).parents[3]


def checked(path: Path) -> str | None:
    with closing(sqlite3.connect(path)) as connection:
        return check_schema(connection, path, is_complete=True)


def run(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement).close()


def generate(*words: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, ROOT / "tools/generate_known_schemas.py", *words],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stderr


def test_the_known_schemas_are_those_that_the_migrations_make(tmp_path: Path) -> None:
    assert generate() == (0, "")
    copy = tmp_path / "known.json"
    copy.write_text(KNOWN_SCHEMAS.read_text().replace(SCHEMA_VERSION, "0000"))
    code, error = generate("--check", copy)
    assert (code, error.count("known.json is out of date; run: python tools/")) == (1, 1)
    assert generate("--write", copy) == (0, "")
    assert copy.read_bytes() == KNOWN_SCHEMAS.read_bytes()


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda frozen: frozen.stem)
def test_every_frozen_file_has_the_schema_of_its_version(frozen: Path, path: Path) -> None:
    thaw(frozen, path)
    assert checked(path) == frozen.stem
    prepare(path)
    assert checked(path) == SCHEMA_VERSION


def test_a_table_of_another_version_does_not_belong_to_this_one(path: Path) -> None:
    thaw(FROZEN[3], path)
    run(path, "UPDATE alembic_version SET version_num = '0003'")
    with pytest.raises(DamagedDatabase, match="differs from its definition"):
        checked(path)


def test_a_newer_version_is_called_so_whatever_its_tables_are(path: Path) -> None:
    prepare(path)
    run(path, "UPDATE alembic_version SET version_num = '9999'", "CREATE VIEW newer AS SELECT 1")
    with pytest.raises(NewerDatabase):
        prepare(path)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW alembic_version AS WITH RECURSIVE n(version_num) AS "
        "(SELECT 1 UNION ALL SELECT version_num FROM n) SELECT * FROM n WHERE 0",
        "CREATE TABLE alembic_version (x, version_num AS (length(hex(zeroblob(100000000)))))",
    ],
)
def test_the_version_is_not_read_from_what_is_not_a_plain_table(path: Path, sql: str) -> None:
    prepare(path)
    run(path, "DROP TABLE alembic_version", sql)
    with pytest.raises(AlteredDatabase, match="alembic_version"):
        checked(path)


@pytest.mark.parametrize("version", ["'x;y'", "zeroblob(9)", "''", "'" + "9" * 40 + "'"])
def test_a_version_that_is_none_is_damage(path: Path, version: str) -> None:
    prepare(path)
    run(path, f"UPDATE alembic_version SET version_num = {version}")
    with pytest.raises(DamagedDatabase, match="is not one of this program"):
        checked(path)


def test_a_table_in_another_case_does_not_take_the_place_of_ours(path: Path) -> None:
    prepare(path)
    run(path, "DROP TABLE recorder_runs", "CREATE TABLE RECORDER_RUNS (id, made)")
    with pytest.raises(DamagedDatabase, match="table 'RECORDER_RUNS' differs"):
        checked(path)


def test_too_many_tables_are_refused(path: Path) -> None:
    prepare(path)
    run(path, "BEGIN", *(f"CREATE TABLE t{n} (x)" for n in range(MAX_OBJECTS)), "COMMIT")
    with pytest.raises(AlteredDatabase, match="more than 1,000 tables"):
        checked(path)


@pytest.mark.parametrize("space", ["\u00a0", "\u2003", "\x1c"])
def test_only_the_spaces_of_sqlite_are_spaces(path: Path, space: str) -> None:
    prepare(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema=ON").close()
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'scene_name TEXT', ?) "
            "WHERE name = 'encounters'",
            (f"scene_name{space}TEXT",),
        ).close()
    with pytest.raises((DamagedDatabase, sqlite3.DatabaseError)):
        checked(path)


def test_every_version_is_known() -> None:
    assert set(known_schemas()) == {each.stem for each in FROZEN}
