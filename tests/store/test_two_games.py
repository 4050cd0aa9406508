"""Ids and names of two games never mix, though they are the same."""

from pathlib import Path

import pytest
from sqlalchemy import select

from resonance_logs import Database, InsertDamageEvent, Task, UpsertEntity
from resonance_logs.store import schema
from resonance_logs.store.facets import Facet, add_to_index, find_encounters, remove_from_index
from resonance_logs.store.players import EntityCache
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.recording import fight, record, rows


def upsert(store: Store, cache: EntityCache, task: UpsertEntity, updated: set[int]) -> None:
    with store.write_transaction() as connection:
        draft = cache.draft(updated)
        draft.upsert(connection, task)
        draft.mark_updated([task.entity_id])
        draft.store(connection, with_seen=True)
    draft.publish(with_seen=True)


def test_players_of_two_games_with_the_same_id_are_two(store: Store) -> None:
    caches = {game: EntityCache(game) for game in ("bpsr", "wow")}
    for game, name in (("bpsr", "Aoi"), ("wow", "Thrall")):
        task = UpsertEntity(entity_id=7, seen_at_ms=5, name=name, class_id=len(name))
        upsert(store, caches[game], task, set())
    upsert(store, caches["wow"], UpsertEntity(entity_id=7, seen_at_ms=9, level=60), set())
    with store.read_transaction() as connection:
        for cache in (*caches.values(), EntityCache("bpsr"), EntityCache("wow")):
            known = cache.draft().players(connection, [7, 8])
            expected = ("Aoi", None, 5) if cache.game == "bpsr" else ("Thrall", 60, 9)
            assert [(each.name, each.level, each.last_seen_ms) for each in known.values()] == [
                expected
            ]
        assert EntityCache("other").draft().players(connection, [7]) == {}


def test_a_player_updated_by_one_recorder_is_not_updated_by_another_of_its_game(
    store: Store,
) -> None:
    cache = EntityCache("wow")
    first: set[int] = set()
    second: set[int] = set()
    upsert(store, cache, UpsertEntity(entity_id=7, seen_at_ms=5, name="Aoi"), first)
    upsert(store, cache, UpsertEntity(entity_id=8, seen_at_ms=5, name="Ben"), second)
    assert (first, second) == ({7}, {8})
    assert cache.draft(first).updated([7, 8, 9]) == {7}
    assert cache.draft(second).updated([7, 8, 9]) == {8}
    assert cache.draft().updated([7, 8, 9]) == set()


def test_a_draft_that_is_dropped_marks_nobody_as_updated(store: Store) -> None:
    updated: set[int] = set()
    with store.read_transaction():
        draft = EntityCache().draft(updated)
        draft.mark_updated([7])
        assert draft.updated([7]) == {7}
    assert updated == set()


def test_fights_of_two_games_are_listed_under_the_same_value_apart(store: Store) -> None:
    values = schema.facet_values.c
    boss = Facet("boss", "Ogre")
    with store.write_transaction() as connection:
        add_to_index(connection, 1, "bpsr", [boss, Facet("class", "1")])
        add_to_index(connection, 2, "wow", [boss, Facet("class", "1")])
        add_to_index(connection, 3, "wow", [boss])
        for game, of_class, of_boss in (("bpsr", [1], [1]), ("wow", [2], [2, 3])):
            is_game = values.game == game
            assert list(find_encounters(connection, is_game & (values.kind == "class"))) == of_class
            assert list(find_encounters(connection, is_game & (values.kind == "boss"))) == of_boss
        assert list(find_encounters(connection, values.value == "Ogre")) == [1, 2, 3]
        remove_from_index(connection, [2, 3])
        left = connection.execute(select(values.game, values.kind)).all()
    assert sorted(tuple(each) for each in left) == [("bpsr", "boss"), ("bpsr", "class")]


def record_both(path: Path, tasks: list[Task]) -> None:
    """The same tasks as two recorders of two games; another name for the player of one."""
    with Database.open(path) as db:
        other = db.recorder("second", "wow")
        other.enqueue_many(tasks)
        other.enqueue(UpsertEntity(entity_id=7, seen_at_ms=9_000, name="Thrall", class_id=3))
        record(db, tasks)
        other.flush(30)


QUERIES = (
    "SELECT recorder, game, total_dmg, players, fingerprint FROM encounters ORDER BY recorder",
    "SELECT game, entity_id, name, class_id FROM entities ORDER BY game",
    "SELECT game, kind, value FROM facet_values ORDER BY game, kind, value",
    "SELECT game, kind, id, name FROM catalog_names ORDER BY game, kind, id",
    "SELECT recorder, game, task FROM rejected_tasks ORDER BY recorder",
)


def test_exported_fights_keep_their_recorder_and_game_and_are_imported_once(
    path: Path, tmp_path: Path
) -> None:
    bad = fight()
    bad[3] = InsertDamageEvent(timestamp_ms=1_100, attacker_id=7, value="x")  # type: ignore[arg-type]
    record_both(path, bad)
    store = Store(path)
    with store.write_transaction() as connection:
        for game, name in (("bpsr", "Slash"), ("wow", "Cleave")):
            connection.exec_driver_sql(
                "INSERT INTO catalog_names VALUES (?, 'skill', -1, ?)", (game, name)
            )
    store.close()
    other = tmp_path / "other.db"
    with Database.open(path, record=False) as db:
        ids = [each.id for each in db.commands.get_recent_encounters().rows]
        db.export_fights(ids, tmp_path / "export.db")
    with Database.open(other) as db:
        first = db.import_fights(tmp_path / "export.db")
        again = db.import_fights(tmp_path / "export.db")
        assert (len(first.imported), len(again.imported)) == (2, 0)
        assert db.commands.check_database().is_sound
    for query in QUERIES:
        assert rows(other, query) == rows(path, query)
    assert len(rows(other, QUERIES[-1])) == 2


def test_the_same_fight_of_another_game_is_another_fight(path: Path, tmp_path: Path) -> None:
    """Though its times, its scene and its ids are the same."""
    with Database.open(path, recorder="default", game="wow") as db:
        record(db, fight())
    other = tmp_path / "other.db"
    with Database.open(other) as db:
        record(db, fight())
        assert len(db.import_fights(path).imported) == 1
        assert len(db.import_fights(path).imported) == 0
    assert rows(other, "SELECT game, count(*) FROM encounters GROUP BY 1 ORDER BY 1") == [
        ("bpsr", 1),
        ("wow", 1),
    ]
    assert rows(other, "SELECT game, entity_id FROM entities ORDER BY 1") == [
        ("bpsr", 7),
        ("wow", 7),
    ]


@pytest.mark.parametrize("kept", ["bpsr", "wow"])
def test_deleting_the_fight_of_a_game_leaves_the_others_values(path: Path, kept: str) -> None:
    record_both(path, fight())
    with Database.open(path) as db:
        db.commands.delete_encounters(
            [each.id for each in db.commands.get_recent_encounters().rows if each.game != kept]
        )
    assert rows(path, "SELECT DISTINCT game FROM facet_values") == [(kept,)]
