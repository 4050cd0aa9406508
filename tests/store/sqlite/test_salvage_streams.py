"""What is saved of a damaged file still belongs to its recorder and its game."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from resonance_logs import Database, InsertDamageEvent, UpsertEntity
from resonance_logs.store.sqlite.salvage import salvage
from tests.helpers.damage import root_page, write_page
from tests.helpers.frozen import OLDER, thaw
from tests.helpers.recording import fight, record, rows

QUERIES = (
    "SELECT name, game, position, can_resume, seen_at_ms, strays FROM recorders ORDER BY name",
    "SELECT * FROM entities ORDER BY game, entity_id",
    "SELECT * FROM catalog_names ORDER BY game, kind, id",
    "SELECT id, recorder, game, total_dmg, players, fingerprint FROM encounters ORDER BY id",
    "SELECT game, kind, value FROM facet_values ORDER BY game, kind, value",
    "SELECT encounter_id, chunk, events, payload, position, party FROM encounter_journal",
    "SELECT recorder, game, task FROM rejected_tasks",
    "SELECT * FROM recorder_inputs",
)


@pytest.fixture
def recorded(path: Path) -> Path:
    """Ended fights of two games, an open one that can be continued, and strays."""
    bad = UpsertEntity(entity_id=7, seen_at_ms="soon")  # type: ignore[arg-type]
    with Database.open(path) as db:
        other, third = db.recorder("second", "wow"), db.recorder("third", "wow")
        record(db, fight())
        with other.sending(0), third.sending(0):
            other.enqueue_many([*fight(), bad, *fight(started=60_000)[:-1]])
            other.enqueue(UpsertEntity(entity_id=7, seen_at_ms=61_000, name="Thrall"))
            third.enqueue(InsertDamageEvent(timestamp_ms=5, attacker_id=7, value=3))
        db.flush(30)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO catalog_names VALUES ('bpsr', 'skill', 17, 'Slash')")
        connection.execute("INSERT INTO catalog_names VALUES ('wow', 'skill', 17, 'Cleave')")
        connection.execute(
            "INSERT INTO recorder_inputs "
            "SELECT id, 3, 'file', 5 FROM recorders WHERE name = 'third'"
        )
        connection.commit()
    return path


@pytest.mark.parametrize("damaged", [None, "heal_skill_stats", "facet_encounters", "facet_values"])
def test_recorders_games_players_and_open_fights_are_saved_as_they_were(
    recorded: Path, damaged: str | None
) -> None:
    before = [rows(recorded, query) for query in QUERIES]
    assert all(before)
    if damaged is not None:
        write_page(recorded, root_page(recorded, damaged), bytes(4_096))
    salvage(recorded)
    assert [rows(recorded, query) for query in QUERIES] == before
    assert rows(recorded, "PRAGMA foreign_key_check") == []
    with Database.open(recorded) as db:
        assert db.commands.check_database().is_sound
        other = db.recorder("second", "wow", resume=True)
        tasks = fight(started=60_000)
        with other.sending(other.position):
            other.enqueue(tasks[-1])
        other.flush(30)
        newest = db.commands.get_recent_encounters(1).rows[0]
    assert (newest.recorder, newest.game, newest.total_dmg) == ("second", "wow", 30)
    assert (newest.is_complete, [each.name for each in newest.players]) == (True, ["Thrall"])


def test_a_fight_rebuilt_from_its_hits_keeps_its_recorder_and_game(recorded: Path) -> None:
    query = "SELECT id, recorder, game, total_dmg, players FROM encounters WHERE id <= 2"
    before = rows(recorded, query)
    write_page(recorded, root_page(recorded, "damage_skill_stats"), bytes(4_096))
    report = salvage(recorded)
    assert "2 rebuilt from the individual hits" in report.summary
    assert rows(recorded, query) == before


@pytest.mark.parametrize("frozen", OLDER[1:], ids=lambda frozen: frozen.stem)
def test_what_is_saved_of_an_older_file_is_the_default_recorders(frozen: Path, path: Path) -> None:
    """The archive in the file of the first version is a stand-in."""
    thaw(frozen, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO encounters (id, started_at_ms) VALUES (2, 5)")
        connection.execute("INSERT INTO encounter_journal VALUES (2, 0, 1, X'00')")
        connection.commit()
    salvage(path)
    query = "SELECT id, recorder, game, total_dmg FROM encounters ORDER BY id"
    assert rows(path, query) == [(1, "default", "bpsr", 30), (2, "default", "bpsr", 0)]
    assert rows(path, "SELECT game, entity_id, name FROM entities") == [("bpsr", 7, "Aoi")]
    assert rows(path, "SELECT position, party FROM encounter_journal") == [(None, None)]
    assert rows(path, "SELECT value FROM facet_values WHERE kind = 'recorder'") == [("default",)]
    with Database.open(path) as db:
        assert db.own_recorder.position == 0
        assert db.commands.check_database().is_sound
