"""Migrations: every file of every version opens, even if others open it at the same time."""

import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from resonance_logs import BackupError, DamagedDatabase, Database, NewerDatabase
from resonance_logs.commands import Filters, Sort
from resonance_logs.store.facets import find_encounters
from resonance_logs.store.schema import facet_values, metadata
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import (
    APPLICATION_ID,
    REBUILDING,
    SCHEMA_VERSION,
    prepare,
)
from tests.helpers.frozen import FROZEN, OLDER, thaw
from tests.helpers.recording import fight, record

EVERYTHING_OF_A_GAME = (
    "SELECT game FROM entities UNION SELECT game FROM catalog_names "
    "UNION SELECT game FROM facet_values"
)


def schema(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        found = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return {" ".join(row[0].split()) for row in found}
    finally:
        connection.close()


def test_the_newest_migration_is_the_version_of_the_program() -> None:
    config = Config()
    config.set_main_option("script_location", "resonance_logs.store:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION


def test_every_version_has_a_frozen_file() -> None:
    config = Config()
    config.set_main_option("script_location", "resonance_logs.store:migrations")
    versions = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    assert {frozen.stem for frozen in FROZEN} == versions


def faults(db: Database) -> list[str]:
    """What a check finds; the archive in the file of 0001 is a stand-in."""
    found = db.commands.check_database().findings
    return [each.message for each in found if (each.part, each.encounter_id) != ("archive", 1)]


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda frozen: frozen.stem)
def test_a_frozen_file_migrates_and_keeps_its_fights(frozen: Path, path: Path) -> None:
    thaw(frozen, path)
    prepare(path)
    prepare(path.with_name("new.db"))
    assert schema(path) == schema(path.with_name("new.db"))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("SELECT total_dmg, scene_name FROM encounters").fetchall() == [
        (30, "Tina's Court")
    ]
    identities = "SELECT DISTINCT recorder, game FROM encounters"
    assert connection.execute(identities).fetchall() == [("default", "bpsr")]
    assert connection.execute(EVERYTHING_OF_A_GAME).fetchall() == [("bpsr",)]
    connection.close()
    with Database.open(path, record=False) as db:
        assert faults(db) == []
        assert db.commands.get_player_name_command(7) == "Aoi"
        for filters in (
            Filters(boss_names=["Boss"]),
            Filters(player_name="ao", class_ids=[1], is_defeated=True, is_favorite=False),
            Filters(sort=Sort.TOTAL_DMG, encounter_names=["Tina's Court"]),
        ):
            page = db.commands.get_recent_encounters_filtered(10, 0, filters)
            assert [fight.id for fight in page.rows] == [1]


def found_under(path: Path, kind: str, value: str, game: str = "bpsr") -> list[int]:
    """The ended fights that the index lists under a value."""
    store = Store(path)
    names = facet_values.c
    wanted = (names.kind == kind) & (names.value == value) & (names.game == game)
    try:
        with store.read_transaction() as connection:
            return list(find_encounters(connection, wanted))
    finally:
        store.close()


@pytest.mark.parametrize("frozen", OLDER, ids=lambda frozen: frozen.stem)
def test_every_ended_fight_of_a_migrated_file_is_the_default_recorders(
    frozen: Path, path: Path
) -> None:
    thaw(frozen, path)
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO encounters (id, started_at_ms) VALUES (2, 5)")
    connection.commit()
    connection.close()
    prepare(path)
    assert found_under(path, "recorder", "default") == [1]
    assert found_under(path, "class", "1") == [1]


@pytest.mark.parametrize("frozen", OLDER, ids=lambda frozen: frozen.stem)
def test_a_migrated_file_can_be_recorded_into(frozen: Path, path: Path) -> None:
    thaw(frozen, path)
    with Database.open(path) as db:
        record(db, fight(started=9_000))
        other = db.recorder("second", "wow")
        other.enqueue_many(fight(started=9_000))
        db.flush(30)
        assert db.own_recorder.position == other.position == len(fight())
        assert faults(db) == []
        found = db.commands.get_recent_encounters().rows
    assert [(each.id, each.recorder, each.game) for each in found] == [
        (3, "second", "wow"),
        (2, "default", "bpsr"),
        (1, "default", "bpsr"),
    ]
    assert found_under(path, "recorder", "default") == [1, 2]
    assert found_under(path, "class", "1") == [1, 2]
    assert found_under(path, "class", "1", "wow") == [3]
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_names_by_id_are_those_of_the_default_game_after_a_migration(path: Path) -> None:
    thaw(OLDER[-1], path)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM catalog_names")
    connection.execute("INSERT INTO catalog_names VALUES ('skill', 17, 'Slash')")
    connection.commit()
    connection.close()
    prepare(path)
    connection = sqlite3.connect(path)
    names = connection.execute("SELECT game, kind, id, name FROM catalog_names").fetchall()
    connection.close()
    assert names == [("bpsr", "skill", 17, "Slash")]


def test_many_fights_of_the_first_version_are_found_by_their_values(path: Path) -> None:
    thaw(FROZEN[0], path)
    connection = sqlite3.connect(path)
    for number in range(2, 70_001):
        connection.execute(
            "INSERT INTO encounters (id, started_at_ms, ended_at_ms) VALUES (?, 0, 1)", (number,)
        )
    connection.execute(
        "INSERT INTO facet_values (value_id, kind, value, folded) VALUES (99, 'boss', 'Imp', 'imp')"
    )
    connection.execute(
        "INSERT INTO encounter_facets SELECT id, 99, 0 FROM encounters WHERE id % 3 = 0"
    )
    connection.commit()
    connection.close()
    with Database.open(path, record=False) as db:
        page = db.commands.get_recent_encounters_filtered(2, 0, Filters(boss_names=["Imp"]))
    assert page.total_count == 70_000 // 3
    assert [fight.id for fight in page.rows] == [69_999, 69_996]


def test_the_migrations_make_the_tables_that_the_program_expects(path: Path) -> None:
    prepare(path)
    store = Store(path)
    with store.read_transaction() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    store.close()


def test_the_file_keeps_its_settings(path: Path) -> None:
    prepare(path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    connection.close()


def test_every_connection_has_its_settings(path: Path) -> None:
    prepare(path)
    store = Store(path)
    expected = {"foreign_keys": 1, "busy_timeout": 10_000, "synchronous": 1, "secure_delete": 0}
    for connect in (store.read_transaction, store.write_transaction):
        with connect() as connection:
            for name, value in expected.items():
                assert connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() == value
    store.close()


def test_processes_that_open_a_new_file_at_the_same_moment_all_succeed(path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from resonance_logs.store.sqlite.migrate import prepare\n"
        "sys.stdin.readline()\n"
        "prepare(pathlib.Path(sys.argv[1]))\n"
    )
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("go\n")
        opener.stdin.flush()
    errors = [opener.communicate(timeout=120)[1] for opener in openers]
    assert errors == [""] * len(openers)
    assert [opener.returncode for opener in openers] == [0] * len(openers)
    assert schema(path)


def test_threads_that_open_new_files_at_the_same_moment_all_succeed(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.db" for number in range(6)]
    with ThreadPoolExecutor(len(paths)) as pool:
        list(pool.map(prepare, paths))
    assert len({frozenset(schema(path)) for path in paths}) == 1


def copies(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.before-*"))


@pytest.mark.parametrize("frozen", [OLDER[0], OLDER[-1]], ids=lambda frozen: frozen.stem)
def test_before_a_table_is_rebuilt_the_file_is_copied(frozen: Path, path: Path) -> None:
    thaw(frozen, path)
    before = rows(path)
    prepare(path)
    (copy,) = copies(path)
    assert copy.name.startswith(f"fights.before-{SCHEMA_VERSION}-")
    assert rows(copy) == before
    prepare(path)
    assert copies(path) == [copy]


def test_a_migration_that_only_adds_makes_no_copy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which the newest one does not, so that it is left out here."""
    before = tuple(each for each in REBUILDING if each < "0003")
    monkeypatch.setattr("resonance_logs.store.sqlite.migrate.REBUILDING", before)
    thaw(FROZEN[1], path)
    prepare(path)
    assert copies(path) == []


def test_a_new_file_is_not_copied(path: Path) -> None:
    prepare(path.with_name("new.db"))
    assert copies(path) == []


def test_without_room_for_the_copy_nothing_is_migrated(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thaw(FROZEN[0], path)
    before = rows(path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(9, 9, 9))
    with pytest.raises(BackupError, match=r"must be migrated.*has 9 bytes free"):
        prepare(path)
    assert rows(path) == before
    assert copies(path) == []
    monkeypatch.undo()
    prepare(path)


def test_a_damaged_file_is_not_migrated(path: Path) -> None:
    thaw(FROZEN[1], path)
    connection = sqlite3.connect(path)
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'damage_skill_stats'"
    ).fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    content[4096 * (page - 1) : 4096 * page] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(DamagedDatabase, match="was not migrated"):
        prepare(path)
    assert path.read_bytes() == content
    with Database.open(path) as db:  # which saves what can be read of the older file
        (fight,) = db.commands.get_recent_encounters().rows
        assert (fight.total_dmg, fight.scene_name) == (30, "Tina's Court")
        assert db.commands.check_database().is_sound


def rows(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_alembic_does_not_flood_the_log_of_an_application(path: Path) -> None:
    program = (
        "import logging, sys; logging.basicConfig(level=logging.INFO)\n"
        "from resonance_logs import Database\n"
        "with Database.open(sys.argv[1]): pass\n"
        "logging.getLogger('alembic.runtime.migration').info('of the application')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert (
        lines[0] == f"INFO:resonance_logs.store.sqlite.migrate:{path} migrated from nothing to "
        f"{SCHEMA_VERSION}"
    )
    assert [line for line in lines if line.startswith("INFO:alembic")] == [
        "INFO:alembic.runtime.migration:of the application"
    ]


@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_newer_file_is_refused_as_newer_though_it_is_damaged(
    path: Path, is_damaged: bool
) -> None:
    """What looks damaged to this program may be what the newer one made; it stays as it is."""
    prepare(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'entities'"
    ).fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    if is_damaged:
        content[4096 * (page - 1) : 4096 * page] = b"\xff" * 4096
        path.write_bytes(content)
    with pytest.raises(NewerDatabase, match=rf"schema 9999, this one knows up to {SCHEMA_VERSION}"):
        Database.open(path)
    assert path.read_bytes() == content
    assert [each.name for each in path.parent.iterdir() if "damaged" in each.name] == []


def test_fights_with_damage_to_oneself_are_to_be_computed_again(path: Path) -> None:
    thaw(next(each for each in FROZEN if each.stem == "0006"), path)
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO damage_skill_stats (encounter_id, attacker_id, defender_id, skill_id) "
        "VALUES (1, 7, 7, -1)"
    )
    connection.commit()
    connection.close()
    prepare(path)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT encounter_id FROM outdated_figures").fetchall() == [(1,)]
    connection.close()
