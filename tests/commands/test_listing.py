"""Lists of fights: order, pages, filters, and constant cost however long they are."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from resonance_logs import BeginEncounter, Database, UpsertEntity
from resonance_logs.commands import Commands, Filters, Sort
from resonance_logs.errors import Unavailable
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.builder import Builder
from tests.helpers.recording import fight, record

NASTY = "x' OR 1=1; DROP TABLE encounters; --"


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, given: Any, *_rest: Any) -> None:
        seen.append((statement, given))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def plan(store: Store, sql: str, given: Any) -> list[str]:
    """SQLite's plan for a statement."""
    with store.read_transaction() as connection:
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)
        return [step.detail for step in steps]


def ids(commands: Commands, limit: int = 50, offset: int = 0, **filters: Any) -> list[int]:
    page = commands.get_recent_encounters_filtered(limit, offset, Filters(**filters))
    assert page.total_count >= len(page.rows)
    return [row.id for row in page.rows]


@pytest.fixture
def five(builder: Builder) -> Builder:
    """Fights 1 to 5: one per second, each shorter and weaker than the one before."""
    builder.fight(
        1_000, 50_000, ["Ogre"], ["Ogre"], "Court", [(1, "Aoi", 1), (2, "Ben", 5)], total_dmg=500
    )
    builder.fight(2_000, 40_000, ["Ogre", "Imp"], [], "Keep", [(1, "Aoi", 1)], total_dmg=400)
    builder.fight(3_000, 30_000, ["Imp"], ["Imp"], "Court", [(3, "50%_Ä", 2)], True, total_dmg=300)
    builder.fight(4_000, 20_000, [], [], None, [(4, NASTY, 9), (5, None, None)], total_dmg=200)
    builder.fight(5_000, 10_000, [NASTY], [], NASTY, [(2, "Ben", 5)], True, total_dmg=100)
    return builder


def test_the_newest_fight_comes_first_and_an_open_one_is_left_out(
    five: Builder, commands: Commands
) -> None:
    five.fight(9_000, None)
    page = commands.get_recent_encounters(limit=2)
    assert [row.id for row in page.rows] == [5, 4]
    assert page.total_count == 5
    assert page.rows[0].actors == []


def test_a_row_shows_what_the_writer_left(five: Builder, commands: Commands) -> None:
    row = commands.get_recent_encounters(limit=1, offset=4).rows[0]
    assert row.model_dump(by_alias=True) == {
        "id": 1,
        "recorder": "default",
        "game": "bpsr",
        "startedAtMs": 1_000,
        "endedAtMs": 51_000,
        "duration": 50.0,
        "totalDmg": 500,
        "totalHeal": 0,
        "sceneId": None,
        "sceneName": "Court",
        "isFavorite": False,
        "note": None,
        "tags": [],
        "dps": 10.0,
        "bosses": [{"monsterName": "Ogre", "maxHp": 900, "isDefeated": True}],
        "players": [
            {"name": "Aoi", "classId": 1, "isLocalPlayer": False},
            {"name": "Ben", "classId": 5, "isLocalPlayer": False},
        ],
        "actors": [],
        "wasInterrupted": False,
        "rejectedEvents": 0,
        "lostEvents": 0,
        "clockJumped": False,
        "unknownDmg": None,
        "isDamaged": False,
        "isComplete": True,
    }
    assert commands.get_recent_encounters(1, 1).rows[0].players[1].name == "#5"


def test_a_fight_of_no_length_lasts_one_second(builder: Builder, commands: Commands) -> None:
    builder.fight(1_000, 0)
    assert commands.get_recent_encounters().rows[0].duration == 1.0


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"boss_names": ["Ogre"]}, [2, 1]),
        ({"boss_names": ["Ogre", "Imp"]}, [3, 2, 1]),
        ({"boss_names": ["ogre"]}, []),
        ({"boss_names": []}, [5, 4, 3, 2, 1]),
        ({"boss_names": None, "class_ids": None, "player_names": None}, [5, 4, 3, 2, 1]),
        ({"boss_names": [NASTY]}, [5]),
        ({"encounter_names": ["Court"]}, [3, 1]),
        ({"encounter_names": [NASTY]}, [5]),
        ({"player_name": "aO"}, [2, 1]),
        ({"player_name": "%"}, [3]),
        ({"player_name": "%_ä"}, [3]),
        ({"player_name": "_"}, [3]),
        ({"player_name": "e"}, [5, 4, 1]),
        ({"player_name": ""}, [5, 4, 3, 2, 1]),
        ({"player_name": "' or 1"}, [4]),
        ({"player_names": ["Ben", "50%_Ä"]}, [5, 3, 1]),
        ({"player_names": ["Be"]}, []),
        ({"class_ids": [5]}, [5, 1]),
        ({"class_ids": [1, 5]}, [5, 2, 1]),
        ({"class_ids": [77]}, []),
        ({"date_from_ms": 3_000}, [5, 4, 3]),
        ({"date_to_ms": 3_000}, [3, 2, 1]),
        ({"date_from_ms": 2_000, "date_to_ms": 4_000}, [4, 3, 2]),
        ({"encounter_ids": [1, 5, 3]}, [5, 3, 1]),
        ({"encounter_ids": [1, 5, 3, 77, -1, 2**53 - 1], "is_favorite": False}, [1]),
        ({"encounter_ids": [77]}, []),
        ({"encounter_ids": [2, 3], "boss_names": ["Imp"], "is_defeated": True}, [3]),
        ({"is_favorite": True}, [5, 3]),
        ({"is_favorite": False}, [4, 2, 1]),
        ({"min_duration_ms": 30_000}, [3, 2, 1]),
        ({"is_defeated": True}, [3, 1]),
        ({"is_defeated": False}, [5, 4, 2]),
        ({"boss_names": ["Ogre"], "is_defeated": True}, [1]),
        ({"boss_names": ["Imp"], "is_favorite": False}, [2]),
        ({"boss_names": ["Imp", "Ogre"], "date_from_ms": 2_000}, [3, 2]),
        ({"player_names": ["Ben"], "min_duration_ms": 20_000}, [1]),
        ({"player_name": "e", "class_ids": [5], "is_favorite": False}, [1]),
        ({"sort": "duration"}, [1, 2, 3, 4, 5]),
        ({"sort": "duration", "descending": False}, [5, 4, 3, 2, 1]),
        ({"sort": "totalDmg", "boss_names": ["Ogre", "Imp"]}, [1, 2, 3]),
        ({"sort": "totalDmg", "is_favorite": True}, [3, 5]),
        ({"sort": "duration", "is_favorite": False, "min_duration_ms": 30_000}, [1, 2]),
        ({"sort": "totalDmg", "min_duration_ms": 20_000, "class_ids": [1, 9]}, [1, 2, 4]),
        ({"descending": False, "is_favorite": True}, [3, 5]),
    ],
)
def test_all_given_filters_hold_and_of_a_list_any(
    five: Builder, commands: Commands, filters: dict[str, Any], expected: list[int]
) -> None:
    assert ids(commands, **filters) == expected
    page = commands.get_recent_encounters_filtered(1, 0, Filters(**filters))
    assert page.total_count == len(expected)
    one_by_one = [ids(commands, 1, offset, **filters) for offset in range(len(expected))]
    assert list(itertools.chain(*one_by_one)) == expected


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("boss_names", [[], ["Ogre"], ["Ogre", "Imp"]])
def test_equal_fights_are_ordered_by_id_so_that_pages_never_overlap(
    builder: Builder, commands: Commands, sort: Sort, descending: bool, boss_names: list[str]
) -> None:
    for _ in range(7):
        builder.fight(bosses=["Ogre", "Imp"], total_dmg=5)
    filters = {"sort": sort, "descending": descending, "boss_names": boss_names}
    pages = [ids(commands, 2, offset, **filters) for offset in (0, 2, 4, 6, 8)]
    expected = [7, 6, 5, 4, 3, 2, 1] if descending else [1, 2, 3, 4, 5, 6, 7]
    assert list(itertools.chain(*pages)) == expected
    assert [len(page) for page in pages] == [2, 2, 2, 1, 0]


def test_many_fights_are_found_as_few_are(
    five: Builder, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [ids(commands, sort=sort, **each) for each in FILTERS for sort in Sort]
    monkeypatch.setattr("resonance_logs.store.membership.FEW", 0)
    assert [ids(commands, sort=sort, **each) for each in FILTERS for sort in Sort] == few


def test_the_number_of_statements_does_not_grow_with_the_page(
    builder: Builder, commands: Commands
) -> None:
    for number in range(60):
        builder.fight(number, bosses=["Ogre"], players=[(1, "Aoi", 1)])
    counts = set()
    for limit in (1, 10, 50):
        with statements() as seen:
            assert len(ids(commands, limit, boss_names=["Ogre"])) == limit
        counts.add(len(seen))
    assert counts == {4}, seen  # BEGIN, the fights of the boss, the ids, the rows
    with statements() as seen:
        ids(commands, boss_names=["Ogre"], class_ids=[1], min_duration_ms=0)
    assert len(seen) == 6, seen  # one statement per filter, one to count


FILTERS: list[dict[str, Any]] = [
    {},
    {"boss_names": ["Ogre"]},
    {"boss_names": ["Ogre", "Imp"]},
    {"encounter_names": ["Court"]},
    {"player_name": "e"},
    {"player_names": ["Ben"]},
    {"class_ids": [5]},
    {"date_from_ms": 3_000, "date_to_ms": 9_000},
    {"is_favorite": True},
    {"is_favorite": False},
    {"min_duration_ms": 1},
    {"is_defeated": True},
    {"games": ["bpsr"]},
    {"recorders": ["default"]},
    {"boss_names": ["Ogre"], "games": ["bpsr"], "recorders": ["default"]},
    {"boss_names": ["Ogre"], "is_defeated": True, "is_favorite": False, "min_duration_ms": 1},
]


@pytest.mark.parametrize("few", [0, 1_000])
@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("filters", FILTERS, ids=repr)
def test_no_filter_makes_sqlite_read_whole_tables(
    five: Builder,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    filters: dict[str, Any],
    sort: Sort,
    few: int,
) -> None:
    """A walk along an index of ended fights is fine if many match."""
    monkeypatch.setattr("resonance_logs.store.membership.FEW", few)
    with statements() as seen:
        ids(Commands(store), sort=sort, **filters)
    asked = [each for each in seen if each[0].startswith("SELECT")]
    steps = [step for each in asked for step in plan(store, *each)]
    scans = [step for step in steps if step.startswith("SCAN")]
    allowed = ("SCAN encounters USING COVERING INDEX ix_encounters_", "SCAN ids VIRTUAL")
    assert all(scan.startswith(allowed) for scan in scans), steps
    assert any("facet_encounters USING PRIMARY KEY (value_id=?)" in step for step in steps)
    assert any("facet_values USING" in step and "(kind=?" in step for step in steps), steps
    if few and filters and filters.keys().isdisjoint(("date_from_ms", "min_duration_ms")):
        assert any("encounters USING INTEGER PRIMARY KEY" in step for step in steps)


def test_a_page_of_all_fights_is_read_along_one_index(five: Builder, store: Store) -> None:
    with statements() as seen:
        ids(Commands(store))
    (page,) = [each for each in seen if "LIMIT" in each[0]]
    assert plan(store, *page) == ["SCAN encounters USING COVERING INDEX ix_encounters_started"]


def test_a_damaged_set_of_fights_is_unavailable(five: Builder, commands: Commands) -> None:
    with five.store.write_transaction() as connection:
        connection.exec_driver_sql("UPDATE facet_encounters SET encounters = X'FF'")
    with pytest.raises(Unavailable, match="the filter index is damaged"):
        commands.get_recent_encounters()


def test_filters_that_are_null_on_the_wire_are_no_filters(
    five: Builder, commands: Commands
) -> None:
    for filters in (None, {}, {"bossNames": None, "encounterNames": None, "isFavorite": None}):
        answer = commands.call(
            "get_recent_encounters_filtered", {"limit": 5, "offset": 0, "filters": filters}
        )
        assert isinstance(answer, dict)
        assert answer["totalCount"] == 5


def test_a_list_is_the_same_as_json_whether_its_rows_have_fingerprints_or_are_damaged(
    path: Path,
) -> None:
    nasty = fight(started=50_000)
    nasty[0] = BeginEncounter(started_at_ms=50_000, scene_name='"\\\u2028</script>\x00🦊')
    nasty[1] = UpsertEntity(entity_id=7, seen_at_ms=50_000, name='A"o\\i\n🦊')
    with Database.open(path) as db:
        for tasks in (fight(), nasty, fight(started=100_000)):
            record(db, tasks)
        db.commands.set_encounter_note(2, "so\nclose")
        db.commands.set_encounter_tags(2, ["a", "b"])
        with db._store.write_transaction() as connection:
            connection.exec_driver_sql("UPDATE encounters SET bosses = '[' WHERE id = 1")
            connection.exec_driver_sql("UPDATE encounters SET fingerprint = NULL WHERE id = 3")
        for name in ("get_recent_encounters", "get_recent_encounters_filtered"):
            found = json.loads(db.commands.call_json(name))
            assert found == db.commands.call(name)
            assert [row["isDamaged"] for row in found["rows"]] == [False, False, True]
            assert found["rows"][1]["note"] == "so\nclose"
