"""Everything readable in a damaged file is saved, and nothing wrong is reported as right."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from resonance_logs import (
    AlreadyRecording,
    DamagedDatabase,
    Database,
    DatabaseError,
    DatabaseUnavailable,
    EndEncounter,
    InsertDamageEvent,
    NotADatabase,
    Settings,
    Unavailable,
    UpsertEntity,
    decode_task,
)
from resonance_logs.commands.time_range import EncounterRange
from resonance_logs.store.sqlite import salvage as salvage_module
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.file_copies import copy_files
from resonance_logs.store.sqlite.salvage import SalvageReport
from resonance_logs.store.sqlite.salvaged_fight import Outcome
from tests.helpers.fights import everything, rich_fight
from tests.helpers.processes import kill_recorder_after
from tests.helpers.recording import fight, record, rows

FIGHTS = 60


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many fights with something in every table; one is a favourite. Never changed."""
    path = tmp_path_factory.mktemp("salvage") / "fights.db"
    with Database.open(path) as db:
        for number in range(FIGHTS):
            record(db, rich_fight(60_000 * number, name=f"Player {number}"))
        db.commands.toggle_favorite_encounter(id=5, is_favorite=True)
        db.commands.set_encounter_note(10, "close")
        db.commands.set_encounter_tags(10, ["progress"])
        db.commands.delete_encounter(7)
        db.commands.delete_encounter(FIGHTS)
    return path


@pytest.fixture
def recorded(template: Path, path: Path) -> Path:
    shutil.copy(template, path)
    return path


def pages_of(path: Path, table: str) -> list[int]:
    """The leaf pages of a table, found by walking from its root."""
    connection = sqlite3.connect(path)
    (root,) = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)
    ).fetchone()
    connection.close()
    content = path.read_bytes()

    def leaves(page: int) -> list[int]:
        start = 4_096 * (page - 1)
        kind = content[start]
        if kind in {10, 13}:
            return [page]
        cells = int.from_bytes(content[start + 3 : start + 5], "big")
        children = []
        for number in range(cells):
            at = start + 12 + 2 * number
            cell = start + int.from_bytes(content[at : at + 2], "big")
            children.append(int.from_bytes(content[cell : cell + 4], "big"))
        children.append(int.from_bytes(content[start + 8 : start + 12], "big"))
        return [leaf for child in children for leaf in leaves(child)]

    return leaves(root)


def overwrite(path: Path, page: int, with_byte: bytes = b"\xff") -> None:
    content = bytearray(path.read_bytes())
    content[4_096 * (page - 1) : 4_096 * page] = with_byte * 4_096
    path.write_bytes(content)


def spoil(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def salvage_if_damaged(path: Path) -> SalvageReport:
    report = Database.salvage(path)
    assert report is not None
    assert report.damaged.exists()
    written = report.damaged.with_name(f"{report.damaged.name}.txt").read_text()
    assert written.splitlines() == [report.summary, *report.notes]
    assert not list(path.parent.glob("*.part*"))
    return report


def told(path: Path) -> dict[int, dict[str, object]]:
    with Database.open(path, record=False) as db:
        fights = db.commands.get_recent_encounters(1_000).rows
        return {each.id: everything(db, each.id) for each in fights}


def is_sound(path: Path) -> bool:
    with Database.open(path, record=False) as db:
        return db.commands.check_database().is_sound


@pytest.mark.parametrize(
    "table",
    [
        "damage_skill_stats",
        "heal_skill_stats",
        "actor_encounter_stats",
        "encounter_bosses",
        "actor_attributes",
    ],
)
@pytest.mark.parametrize("with_byte", [b"\xff", b"\0"])
def test_figures_on_a_damaged_page_are_rebuilt_from_the_individual_hits(
    recorded: Path, table: str, with_byte: bytes
) -> None:
    before = told(recorded)
    pages = pages_of(recorded, table)
    overwrite(recorded, pages[len(pages) // 2], with_byte)
    report = salvage_if_damaged(recorded)
    assert report.outcomes[Outcome.REBUILT] >= 1
    assert (
        report.outcomes.total() == report.outcomes[Outcome.REBUILT] + report.outcomes[Outcome.WHOLE]
    )
    assert is_sound(recorded)
    after = told(recorded)
    if table != "actor_encounter_stats":  # this table alone has the names as they were
        assert after == before
    assert {each: told["range"] for each, told in after.items()}.keys() == before.keys()


def test_a_fight_whose_row_is_lost_is_rebuilt_and_marked(recorded: Path) -> None:
    before = told(recorded)
    pages = pages_of(recorded, "encounters")
    overwrite(recorded, pages[1])
    report = salvage_if_damaged(recorded)
    after = told(recorded)
    assert after.keys() == before.keys()
    changed = [each for each in after if after[each] != before[each]]
    assert 1 <= len(changed) == report.outcomes[Outcome.REBUILT]
    with Database.open(recorded, record=False) as db:
        for each in changed:
            fight = db.commands.get_encounter_by_id(each)
            assert (fight.was_interrupted, fight.is_complete) == (True, False)
            assert fight.total_dmg == 30
    assert is_sound(recorded)


def test_where_the_archive_is_damaged_the_figures_stay_as_they_were(recorded: Path) -> None:
    spoil(recorded, "UPDATE encounter_archives SET payload = X'524c4101' WHERE encounter_id = 3")
    report = salvage_if_damaged(recorded)
    assert report.outcomes[Outcome.WITHOUT_HITS] == 1
    assert report.notes == ["fight 3 saved without the individual hits: encounter_archives"]
    with Database.open(recorded, record=False) as db:
        assert db.commands.get_encounter_by_id(3).lost_events == 0
        assert db.commands.get_encounter_player_skills(3, 7, "dps").skill_rows[0].total_dmg == 30
    assert is_sound(recorded)


def test_without_hits_and_with_damaged_figures_a_fight_is_kept_as_incomplete(
    recorded: Path,
) -> None:
    spoil(
        recorded,
        "DELETE FROM encounter_archives WHERE encounter_id = 3",
        "UPDATE damage_skill_stats SET total_value = 99 WHERE encounter_id = 3",
    )
    report = salvage_if_damaged(recorded)
    assert report.outcomes[Outcome.IN_PART] == 1
    with Database.open(recorded, record=False) as db:
        fight = db.commands.get_encounter_by_id(3)
        assert (fight.total_dmg, fight.is_complete, fight.lost_events) == (30, False, 3)
        assert db.commands.get_encounter_player_skills(3, 7, "dps").skill_rows == []
    assert is_sound(recorded)


def test_a_changed_number_is_put_right_from_the_individual_hits(recorded: Path) -> None:
    before = told(recorded)
    spoil(
        recorded,
        "UPDATE encounters SET total_dmg = 1 WHERE id = 9",
        "UPDATE actor_encounter_stats SET damage_dealt = 1 WHERE encounter_id = 10",
        "UPDATE damage_skill_stats SET hits = 9 WHERE encounter_id = 11",
    )
    assert salvage_if_damaged(recorded).outcomes[Outcome.REBUILT] == 3
    after = told(recorded)
    assert after[11] == before[11]
    assert after[10] == before[10]  # the names too: the row in the list confirms them
    assert is_sound(recorded)


def test_marks_rejected_tasks_names_and_players_are_saved(recorded: Path) -> None:
    spoil(recorded, "INSERT INTO catalog_names VALUES ('bpsr', 'skill', 17, 'Slash')")
    queries = (
        "SELECT * FROM entities",
        "SELECT * FROM rejected_tasks",
        "SELECT * FROM catalog_names",
        "SELECT id, is_favorite, note, tags FROM encounters",
        "SELECT id, started_at_ms FROM recorder_runs",
        "SELECT kind, value FROM facet_values ORDER BY kind, value",
    )
    before = [rows(recorded, query) for query in queries]
    overwrite(recorded, pages_of(recorded, "heal_skill_stats")[0])
    salvage_if_damaged(recorded)
    assert [rows(recorded, query) for query in queries] == before


def test_damaged_marks_cost_no_fight(recorded: Path) -> None:
    spoil(recorded, "UPDATE encounters SET tags = '[5', is_favorite = 77 WHERE id = 10")
    overwrite(recorded, pages_of(recorded, "heal_skill_stats")[0])
    salvage_if_damaged(recorded)
    found = rows(recorded, "SELECT is_favorite, note, tags FROM encounters WHERE id = 10")
    assert found == [(0, "close", "[]")]


def test_numbers_of_fights_are_never_given_again(recorded: Path) -> None:
    overwrite(recorded, pages_of(recorded, "heal_skill_stats")[0])
    salvage_if_damaged(recorded)
    with Database.open(recorded) as db:
        record(db, fight(started=90_000_000))
        assert db.commands.get_recent_encounters(1).rows[0].id == FIGHTS + 1
        assert 7 not in {each.id for each in db.commands.get_recent_encounters(100).rows}


def test_a_recorder_saves_what_it_can_of_a_damaged_file_and_continues(path: Path) -> None:
    kill_recorder_after(path, 200, lines=60)
    with sqlite3.connect(path) as connection:  # the log is moved into the file
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    overwrite(path, pages_of(path, "damage_skill_stats")[0])
    damaged = path.read_bytes()
    with Database.open(path) as db:
        saved = db.commands.get_recent_encounters(1_000).rows
        assert len(saved) >= 10
        assert all(each.total_dmg == 500 for each in saved[1:])
        assert saved[0].was_interrupted
        assert db.commands.check_database().is_sound
        record(db, fight(started=90_000_000))
    (kept,) = path.parent.glob("fights.damaged-*.db")
    assert kept.read_bytes() == damaged


def test_a_fight_being_recorded_is_saved_from_its_journal(path: Path) -> None:
    kill_recorder_after(path, 1_000, lines=3)
    spoil(path, "DELETE FROM encounters WHERE id > 1", "UPDATE encounters SET ended_at_ms = NULL")
    overwrite(path, pages_of(path, "heal_skill_stats")[0])
    with Database.open(path) as db:
        (saved,) = db.commands.get_recent_encounters().rows
        assert saved.was_interrupted


def test_a_log_whose_file_is_empty_is_put_aside_with_it(path: Path) -> None:
    other = path.with_name("other.db")
    with Database.open(other) as db:
        record(db, fight())
        copy_files(other, path)
    path.write_bytes(b"")
    log = path.with_name(f"{path.name}-wal")
    log.write_bytes(b"what was written last")
    with Database.open(path) as db:
        record(db, fight())
    (kept,) = path.parent.glob("fights.damaged-*-wal")
    assert kept.read_bytes() == b"what was written last"


def test_a_locked_file_is_never_taken_for_damaged(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.BUSY_TIMEOUT_MS", 20)
    monkeypatch.setattr("resonance_logs.store.sqlite.migrate.OPENING_TIMEOUT_S", 0.2)
    spoil(recorded, "UPDATE recorder_runs SET ended_at_ms = NULL")
    blocker = sqlite3.connect(recorded, isolation_level=None)
    blocker.execute("PRAGMA locking_mode=EXCLUSIVE")
    blocker.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseUnavailable):
        Database.open(recorded)
    blocker.close()
    assert not list(recorded.parent.glob("*damaged*"))
    Database.open(recorded).close()


def test_an_intact_file_is_left_as_it_is(recorded: Path) -> None:
    assert Database.salvage(recorded) is None
    assert not list(recorded.parent.glob("*damaged*"))


def test_what_cannot_be_repaired_is_reported_and_left_as_it_is(path: Path, recorded: Path) -> None:
    with Database.open(path) as db:
        with pytest.raises(AlreadyRecording):
            Database.salvage(path)
        record(db, [EndEncounter(ended_at_ms=1)])
    with pytest.raises(DatabaseUnavailable, match="there is no database"):
        Database.salvage(path.with_name("nowhere.db"))
    text = path.with_name("text.db")
    text.write_text("nothing of the kind" * 1_000)
    with pytest.raises(NotADatabase):
        Database.salvage(text)


def test_where_nothing_can_be_read_the_file_is_kept_and_a_new_one_begun(recorded: Path) -> None:
    content = bytearray(recorded.read_bytes())
    content[100:4_096] = b"\xff" * 3_996  # the list of all tables
    recorded.write_bytes(content)
    with Database.open(recorded) as db:
        assert db.commands.get_recent_encounters().total_count == 0
        record(db, fight())
    (kept,) = recorded.parent.glob("fights.damaged-*.db")
    assert kept.read_bytes() == bytes(content)


SHARED = Path(__file__).parents[4] / "shared/data/malygos.ndjson"


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded fights are not here")
@pytest.mark.parametrize("table", ["damage_skill_stats", "encounters", "facet_encounters"])
def test_real_fights_are_saved_to_the_last(path: Path, table: str) -> None:
    with Database.open(path) as db:
        db.enqueue_many([decode_task(line) for line in SHARED.read_bytes().splitlines()])
        db.flush(60)
    before = ranges(path)
    for page in pages_of(path, table)[::2]:
        overwrite(path, page)
    report = salvage_if_damaged(path)
    after = ranges(path)
    assert report.outcomes[Outcome.LOST] == 0
    if table == "encounters":  # whose times and scenes are lost with it
        assert [each.total_dmg for each in after] == [each.total_dmg for each in before]
    else:
        assert after == before
    assert is_sound(path)


def ranges(path: Path) -> list[EncounterRange]:
    with Database.open(path, record=False) as db:
        ids = sorted(each.id for each in db.commands.get_recent_encounters(1_000).rows)
        return [db.commands.get_encounter_range(each) for each in ids]


def test_tables_that_the_user_added_are_no_damage(recorded: Path) -> None:
    spoil(recorded, "CREATE TABLE notes (x)", "CREATE INDEX mine ON notes (x)")
    assert Database.salvage(recorded) is None


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW mine AS SELECT 1",
        "CREATE TRIGGER gone AFTER INSERT ON encounters BEGIN DELETE FROM encounters; END",
        "CREATE VIRTUAL TABLE words USING fts5(word)",
        "ALTER TABLE encounters ADD COLUMN late INTEGER AS (total_dmg / 0)",
        "ALTER TABLE damage_skill_stats ADD COLUMN more TEXT DEFAULT 'x'",
    ],
)
def test_the_fights_of_an_altered_file_are_saved_in_one_that_is_as_it_should_be(
    recorded: Path, statement: str
) -> None:
    before = told(recorded)
    spoil(recorded, statement)
    with pytest.raises(DatabaseError, match="resonance-logs salvage --db"):
        Database.open(recorded, record=False)
    salvage_if_damaged(recorded)
    assert told(recorded) == before
    assert is_sound(recorded)


def test_a_view_in_place_of_a_table_is_not_read_however_long_it_is(recorded: Path) -> None:
    """Its rows have no end; the figures that it hides are computed from the individual hits."""
    before = told(recorded)
    spoil(
        recorded,
        "DROP TABLE damage_skill_stats",
        "CREATE VIEW damage_skill_stats AS WITH RECURSIVE n(encounter_id) AS "
        "(SELECT 1 UNION ALL SELECT encounter_id + 1 FROM n) SELECT * FROM n",
        "DROP TABLE catalog_names",
        "CREATE VIEW catalog_names AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id FROM n)"
        " SELECT 'bpsr' AS game, 'skill' AS kind, id, 'x' AS name FROM n",
    )
    salvage_if_damaged(recorded)
    assert told(recorded) == before
    assert is_sound(recorded)


def test_a_disk_that_is_full_meanwhile_costs_no_fight(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = told(recorded)
    overwrite(recorded, pages_of(recorded, "heal_skill_stats")[0])
    writing, calls = Store.write_transaction, iter(range(1_000))

    def failing(self: Store) -> object:
        if 10 < next(calls) < 20:
            raise DatabaseUnavailable("the disk is full")
        return writing(self)

    content = recorded.read_bytes()
    monkeypatch.setattr(Store, "write_transaction", failing)
    with pytest.raises(DatabaseUnavailable, match="the disk is full"):
        Database.salvage(recorded)
    monkeypatch.undo()
    assert recorded.read_bytes() == content
    assert [each.name for each in recorded.parent.glob("*damaged*")] == []
    salvage_if_damaged(recorded)
    assert told(recorded) == before


@pytest.mark.parametrize("statement", ["2000000000000", "-5", "9007199254740993"])
def test_a_damaged_highest_number_is_not_believed(recorded: Path, statement: str) -> None:
    spoil(recorded, f"UPDATE sqlite_sequence SET seq = {statement} WHERE name = 'encounters'")
    overwrite(recorded, pages_of(recorded, "heal_skill_stats")[0])
    assert salvage_if_damaged(recorded).outcomes.total() == FIGHTS - 2


@pytest.mark.parametrize("stray", [2**53 - 1, 2**53, 2**62, 2**63 - 1])
def test_a_damaged_id_does_not_make_the_ids_of_new_fights_large(recorded: Path, stray: int) -> None:
    spoil(recorded, f"UPDATE heal_skill_stats SET encounter_id = {stray} WHERE encounter_id = 3")
    salvage_if_damaged(recorded)
    with Database.open(recorded) as db:
        record(db, fight())
        newest = rows(recorded, "SELECT max(id) FROM encounters")
        assert newest == [(FIGHTS + 1,)]
        assert db.commands.get_encounter_by_id(FIGHTS + 1).total_dmg > 0


def test_players_of_an_older_file_are_found_by_names_folded_anew(recorded: Path) -> None:
    spoil(recorded, "UPDATE entities SET name = '\u0130stanbul', name_folded = 'i\u0307stanbul'")
    overwrite(recorded, pages_of(recorded, "heal_skill_stats")[0])
    salvage_if_damaged(recorded)
    with Database.open(recorded, record=False) as db:
        assert db.commands.get_player_names_filtered("ISTANBUL").names == ["\u0130stanbul"]


def test_keys_out_of_order_do_not_go_round_in_circles(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fight())
        record(db, [UpsertEntity(entity_id=n, seen_at_ms=n, name=f"P{n}") for n in range(1, 11)])
    (page,) = pages_of(path, "entities")
    content = bytearray(path.read_bytes())
    start = 4_096 * (page - 1)
    last = start + int.from_bytes(content[start + 8 + 2 * 9 : start + 10 + 2 * 9], "big")
    assert content[last + 1] == 10  # the key of the last row, after its length
    content[last + 1] = 1
    path.write_bytes(content)
    spoil(path, "UPDATE damage_skill_stats SET hits = 9")
    salvage_if_damaged(path)
    assert rows(path, "SELECT count(*) FROM entities") == [(9,)]


def test_of_an_open_fight_only_the_unreadable_part_of_its_journal_is_lost(path: Path) -> None:
    with Database.open(path) as db:
        record(db, fight(hits=5)[:-1])
        for n in range(4):
            record(db, [hit_at(2_000 + 100 * n + k, 1_000 * k) for k in range(400)])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE encounter_journal SET payload = zeroblob(30000) WHERE chunk = 3")
    connection.execute("UPDATE recorder_runs SET ended_at_ms = NULL")
    connection.commit()
    connection.close()
    damage_overflow(path)
    with Database.open(path) as db:
        (fought,) = db.commands.get_recent_encounters().rows
        assert (fought.was_interrupted, fought.is_complete) == (True, False)
        assert fought.lost_events == 400
        assert fought.total_dmg == 50 + 3 * sum(1_000 * k for k in range(400))


def hit_at(time_ms: int, value: int) -> InsertDamageEvent:
    return InsertDamageEvent(timestamp_ms=time_ms, attacker_id=7, value=value, defender_id=900)


def damage_overflow(path: Path) -> None:
    """Make the page chain of a large value point nowhere."""
    content = bytearray(path.read_bytes())
    pages = [
        page
        for page in range(1, len(content) // 4_096)
        if content[4_096 * page + 4 : 4_096 * page + 4_096] == bytes(4_092)
        and int.from_bytes(content[4_096 * page : 4_096 * page + 4], "big")
    ]
    at = 4_096 * pages[len(pages) // 2]
    content[at : at + 4] = b"\xff" * 4
    path.write_bytes(content)


def test_a_program_stopped_before_the_last_step_takes_it_at_the_next_open(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = told(recorded)
    overwrite(recorded, pages_of(recorded, "heal_skill_stats")[0])
    damaged = recorded.read_bytes()

    def stop(_path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(salvage_module, "finish_salvage", stop)
    with pytest.raises(KeyboardInterrupt):
        Database.salvage(recorded)
    monkeypatch.undo()
    assert recorded.read_bytes() == damaged
    Database.open(recorded).close()
    assert told(recorded) == before
    (kept,) = recorded.parent.glob("fights.damaged-*.db")
    assert kept.read_bytes() == damaged


def test_the_log_of_a_damaged_file_stays_beside_it(path: Path) -> None:
    kill_recorder_after(path, 300, lines=40)
    log = path.with_name(f"{path.name}-wal")
    written = log.read_bytes()
    in_log = {
        int.from_bytes(written[at : at + 4], "big") for at in range(32, len(written), 24 + 4_096)
    }
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4_096 + 1):
        at = 4_096 * (page - 1)
        if page not in in_log and content[at] in {10, 13}:
            content[at : at + 4_096] = b"\xff" * 4_096
    path.write_bytes(content)
    before = (path.read_bytes(), log.read_bytes())
    with (
        contextlib.suppress(DamagedDatabase),
        Database.open(path, record=False) as reader,
        pytest.raises(Unavailable),
    ):
        reader.commands.check_database()
    assert (path.read_bytes(), log.read_bytes()) == before
    with pytest.raises(DamagedDatabase):
        Database.open(path, settings=Settings(salvage=False))
    assert (path.read_bytes(), log.read_bytes()) == before
    Database.open(path).close()
    (kept,) = path.parent.glob("fights.damaged-*.db")
    assert (kept.read_bytes(), kept.with_name(f"{kept.name}-wal").read_bytes()) == before


def test_a_list_of_tables_that_is_not_text_is_damage(recorded: Path) -> None:
    connection = sqlite3.connect(recorded)
    connection.execute("PRAGMA writable_schema=ON")
    connection.execute(
        "UPDATE sqlite_schema SET sql = CAST(X'ff28ff' AS TEXT), name = CAST(X'ffff' AS TEXT) "
        "WHERE name = 'heal_skill_stats'"
    )
    connection.commit()
    connection.close()
    with pytest.raises(DamagedDatabase):
        Database.open(recorded, record=False)
    Database.open(recorded).close()
    assert is_sound(recorded)
