"""Fights move between databases completely, and are never duplicated."""

import contextlib
import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from resonance_logs import (
    BackupError,
    Database,
    DatabaseError,
    DatabaseUnavailable,
    EndEncounter,
    NewerDatabase,
    NotADatabase,
    NotFound,
    UpsertEntity,
    decode_task,
)
from resonance_logs.commands import Filters
from resonance_logs.commands.listing import read_ids
from resonance_logs.exports.fight_files import export_fights
from resonance_logs.store.sqlite import file_copies
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.fights import everything, rich_fight
from tests.helpers.recording import fight, record, rows
from tests.helpers.two_games import record_two_games

CHECK = "resonance_logs.exports.fight_files.check_copy"
SHARED = Path(__file__).parents[3] / "shared/data/malygos.ndjson"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A second database, with one fight of its own."""
    path = tmp_path / "other.db"
    with Database.open(path) as db:
        record(db, fight(started=500_000))
    return path


def test_a_fight_arrives_with_all_that_belongs_to_it(path: Path, other: Path) -> None:
    target = path.with_name("raid.rlog")
    with Database.open(path) as db:
        record(db, fight())
        record(db, rich_fight(60_000))
        with db._store.write_transaction() as connection:
            connection.exec_driver_sql(
                "INSERT INTO catalog_names VALUES ('bpsr', 'skill', 17, 'Slash')"
            )
            connection.exec_driver_sql(
                "INSERT INTO catalog_names VALUES ('bpsr', 'skill', 99, 'Other')"
            )
        db.commands.toggle_favorite_encounter(id=2, is_favorite=True)
        db.commands.set_encounter_note(2, "ours")
        db.commands.set_encounter_tags(2, ["progress"])
        assert db.export_fights([2], target) == target.stat().st_size
        before = everything(db, 2)
    with Database.open(other) as db:
        report = db.import_fights(target)
        assert (list(report.imported), list(report.known), list(report.damaged)) == ([2], [], [])
        assert everything(db, 2) == before
        assert db.commands.get_unique_tags().names == ["progress"]
        assert db.commands.get_player_name_command(7) == "Aoi"
        assert [each.id for each in db.commands.get_recent_encounters().rows] == [1, 2]
        assert db.commands.check_database().is_sound
    assert rows(other, "SELECT id, name FROM catalog_names") == [(17, "Slash")]
    assert rows(other, "SELECT encounter_id FROM rejected_tasks") == [(2,)]
    assert rows(other, "SELECT attributes FROM actor_attributes") == [('{"a":1}',)]


def test_importing_twice_adds_nothing_twice(path: Path, other: Path) -> None:
    target = path.with_name("raid.rlog")
    with Database.open(path) as db:
        record(db, rich_fight(60_000))
        record(db, fight())
        db.export_fights([1, 2, 1], target)
        own = db.import_fights(target)
        assert (list(own.imported), list(own.known)) == ([], [1, 2])
    with Database.open(other) as db:
        assert list(db.import_fights(target).imported) == [2, 3]
        again = db.import_fights(target)
        assert (list(again.imported), list(again.known)) == ([], [2, 3])
        assert list(db.import_fights(path).known) == [2, 3]
        assert db.commands.get_recent_encounters().total_count == 3
    assert rows(other, "SELECT count(*) FROM rejected_tasks") == [(1,)]


def test_an_export_is_a_database_by_itself_in_one_file(path: Path) -> None:
    target = path.with_name("raid.rlog")
    with Database.open(path) as db:
        record(db, fight())
        record(db, rich_fight(60_000))
        db.export_fights([2], target)
    assert sorted(each.name for each in path.parent.iterdir() if "raid" in each.name) == [
        "raid.rlog"
    ]
    with Database.open(target, record=False) as db:
        assert [each.total_dmg for each in db.commands.get_recent_encounters().rows] == [30]
        assert db.commands.check_database().is_sound


def test_fights_are_exported_while_another_is_recorded_and_that_one_is_not(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fight())
        record(db, fight(started=50_000)[:-1])
        db.export_fights([1], path.with_name("first.rlog"))
        with pytest.raises(NotFound, match="fight 2 is still being recorded"):
            db.export_fights([1, 2], path.with_name("second.rlog"))
        record(db, [EndEncounter(ended_at_ms=60_000)])
    assert not path.with_name("second.rlog").exists()
    assert not list(path.parent.glob("*.part*"))


def test_of_two_exports_to_one_file_the_first_stays_and_the_other_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = path.with_name("raid.rlog")
    check = file_copies.check_copy

    def overtaken(part: Path, source: Path) -> None:
        check(part, source)
        monkeypatch.setattr(CHECK, check)
        db.export_fights([1], target)

    with Database.open(path) as db:
        record(db, fight())
        record(db, rich_fight(60_000))
        monkeypatch.setattr(CHECK, overtaken)
        with pytest.raises(BackupError, match=r"raid\.rlog already exists"):
            db.export_fights([1, 2], target)
    with Database.open(target, record=False) as db:
        assert db.commands.get_recent_encounters().total_count == 1
    assert not list(path.parent.glob("*.part*"))


@pytest.mark.parametrize("step", ["open", "fsync", "link"])
def test_on_a_full_disk_nothing_is_left_of_an_export(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = path.with_name("raid.rlog")
    with Database.open(path) as db:
        record(db, fight())
        monkeypatch.setattr(os, step, fail)
        if step == "link":
            monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(BackupError, match=r"raid\.rlog could not be made: .*No space left"):
            db.export_fights([1], target)
        monkeypatch.undo()
        assert not list(path.parent.glob("raid.rlog*"))
        assert db.export_fights([1], target)


def test_imports_go_on_while_a_fight_is_recorded(path: Path, other: Path) -> None:
    with Database.open(path) as db:
        record(db, fight()[:-1])
        assert len(db.import_fights(other).imported) == 1
        record(db, [EndEncounter(ended_at_ms=9_000)])
        assert db.commands.get_recent_encounters().total_count == 2


def test_a_player_is_known_by_the_newer_of_both(path: Path, other: Path) -> None:
    with Database.open(path) as db:
        record(db, rich_fight(400_000, name="Older"))
        record(db, [UpsertEntity(entity_id=7, seen_at_ms=400_100, ability_score=77)])
        record(db, rich_fight(410_000, name="Older"))
    with Database.open(other) as db:
        db.import_fights(path)
    assert rows(
        other,
        "SELECT name, ability_score, first_seen_ms, last_seen_ms FROM entities WHERE entity_id=7",
    ) == [("Aoi", 77, 400_000, 500_000)]


def test_what_is_not_an_export_is_reported(path: Path, other: Path, tmp_path: Path) -> None:
    with Database.open(other) as db:
        with pytest.raises(DatabaseUnavailable, match="there is no such file"):
            db.import_fights(tmp_path / "nowhere.rlog")
        empty = tmp_path / "empty.rlog"
        empty.touch()
        with pytest.raises(NotADatabase, match="is empty"):
            db.import_fights(empty)
        text = tmp_path / "text.rlog"
        text.write_text("nothing of the kind" * 500)
        with pytest.raises(NotADatabase, match="is a folder"):
            db.import_fights(tmp_path)
        with pytest.raises(NotADatabase, match=r"text\.rlog is not a database"):
            db.import_fights(text)
        foreign = tmp_path / "foreign.db"
        connection = sqlite3.connect(foreign)
        connection.execute("CREATE TABLE mine (x)")
        connection.close()
        with pytest.raises(NotADatabase):
            db.import_fights(foreign)
        newer = tmp_path / "newer.db"
        shutil.copy(other, newer)
        connection = sqlite3.connect(newer)
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        connection.close()
        with pytest.raises(NewerDatabase):
            db.import_fights(newer)
        assert db.commands.get_recent_encounters().total_count == 1


def test_an_existing_file_is_not_overwritten_and_no_fight_unknown(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fight())
        with pytest.raises(BackupError, match="already exists"):
            db.export_fights([1], path)
        with pytest.raises(NotFound, match="there is no fight 5"):
            db.export_fights([5], path.with_name("new.rlog"))


def test_all_fights_that_match_are_exported_in_one_view(path: Path, other: Path) -> None:
    """A fight that is deleted, or ends, while the others are written changes nothing."""
    target = path.with_name("all.rlog")

    def choose(view: Connection) -> list[int]:
        ids = read_ids(view, Filters(descending=False))
        assert ids == [1, 2]
        meanwhile.commands.delete_encounter(2)
        record(meanwhile, fight(started=120_000))
        return ids

    with Database.open(path) as meanwhile:
        record(meanwhile, fight())
        record(meanwhile, fight(started=60_000))
        with closing(Store(path)) as store:
            report = export_fights(store, choose, target)
        assert (report.exported, report.size_bytes) == ([1, 2], target.stat().st_size)
        with Database.open(other) as db:
            assert len(db.import_fights(target).imported) == 2

        report = meanwhile.export_matching_fights(
            Filters(date_from_ms=2_000), path.with_name("new.rlog")
        )
        assert report.exported == [3]
        assert (
            meanwhile.export_matching_fights(
                Filters(boss_names=["Nobody"]), path.with_name("none.rlog")
            ).exported
            == []
        )


def test_a_damaged_fight_is_neither_exported_nor_imported(path: Path, other: Path) -> None:
    with Database.open(path) as db:
        record(db, fight())
        record(db, fight(started=60_000))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE damage_skill_stats SET hits = 9 WHERE encounter_id = 1")
    connection.commit()
    connection.close()
    with (
        Database.open(path, record=False) as db,
        pytest.raises(BackupError, match="fight 1 is damaged: its damage_skill_stats"),
    ):
        db.export_fights([2, 1], path.with_name("new.rlog"))
    with Database.open(other) as db:
        report = db.import_fights(path)
    assert (list(report.imported), list(report.damaged)) == ([2], [1])


def test_a_file_of_an_older_version_is_imported_and_left_as_it_is(path: Path, other: Path) -> None:
    from tests.helpers.frozen import FROZEN, thaw

    old = path.with_name("old.db")
    thaw(FROZEN[2], old)
    before = old.read_bytes()
    with Database.open(other) as db:
        assert list(db.import_fights(old).imported) == [2]
        assert list(db.import_fights(old).known) == [2]
        assert db.commands.check_database().is_sound
    assert old.read_bytes() == before


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded fights are not here")
def test_real_fights_arrive_as_they_were(path: Path, other: Path) -> None:
    target = path.with_name("real.rlog")
    with Database.open(path) as db:
        db.enqueue_many([decode_task(line) for line in SHARED.read_bytes().splitlines()])
        db.flush(60)
        page = db.commands.get_recent_encounters(1_000).rows
        db.export_fights([each.id for each in page], target)
    with Database.open(other) as db:
        assert len(db.import_fights(target).imported) == len(page) > 20
        assert db.commands.check_database().is_sound
        ours = db.commands.get_recent_encounters(1_000).rows
        assert (
            sorted(each.total_dmg for each in ours)[-3:]
            == sorted(each.total_dmg for each in page)[-3:]
        )


def test_what_an_import_knows_of_a_player_is_not_lost_to_who_records(
    path: Path, other: Path
) -> None:
    with Database.open(path) as db:
        record(db, [UpsertEntity(entity_id=7, seen_at_ms=9_000_000)])
        db.import_fights(other)
        record(db, [UpsertEntity(entity_id=7, seen_at_ms=9_000_001, level=60)])
    assert rows(path, "SELECT name, level FROM entities WHERE entity_id = 7") == [("Aoi", 60)]


def test_a_file_made_up_by_somebody_is_refused_or_left_out(path: Path, other: Path) -> None:
    with Database.open(path) as db:
        record(db, fight())
    spoilt = path.with_name("spoilt.db")
    for spoil in (
        "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name = 'encounters'",
        "UPDATE sqlite_schema SET sql = CAST(X'ff28' AS TEXT) WHERE name = 'encounters'",
    ):
        shutil.copy(path, spoilt)
        connection = sqlite3.connect(spoilt)
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(spoil)
        connection.commit()
        connection.close()
        connection = sqlite3.connect(spoilt)
        connection.text_factory = bytes
        with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
            connection.execute("UPDATE encounters SET duration_ms = 'abc', fingerprint = NULL")
            connection.commit()
        connection.close()
        with Database.open(other) as db:
            told = ""
            try:
                damaged = list(db.import_fights(spoilt).damaged)
            except DatabaseError as error:
                damaged, told = [], str(error)
            assert damaged == [1] or "spoilt.db" in told
            assert db.commands.get_recent_encounters().total_count == 1


def test_fights_of_two_games_arrive_with_their_recorders_games_and_names(
    path: Path, tmp_path: Path
) -> None:
    record_two_games(path)
    target = tmp_path / "export.db"
    with Database.open(path) as db:
        db.export_matching_fights(Filters(games=["wow"], descending=False), target)
        before = [everything(db, each) for each in (2, 3)]
    with Database.open(tmp_path / "other.db", record=False, create=True) as db:
        assert list(db.import_fights(target).imported) == [1, 2]
        assert list(db.import_fights(path).imported) == [3, 4]
        found = [(row.recorder, row.game) for row in db.commands.get_recent_encounters().rows]
        assert found == [("default", "bpsr"), ("alt", "wow"), ("alt", "wow"), ("default", "bpsr")]
        assert [everything(db, each) for each in (1, 2)] == before
        assert [each.position for each in db.commands.get_recorders()] == [0, 0]
        assert db.commands.get_player_name_command(7, "wow") == "Thrall"
        assert db.commands.get_catalog("wow").skills == 1
