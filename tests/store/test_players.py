"""Known players: what an update changes, and when it is stored."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from resonance_logs.errors import InvalidTask
from resonance_logs.fights.players import Entity
from resonance_logs.store import players as entities_module
from resonance_logs.store.players import EntityCache
from resonance_logs.store.rows import select_in
from resonance_logs.store.schema import entities
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import prepare
from resonance_logs.tasks import UpsertEntity


@pytest.fixture
def connection(path: Path) -> Iterator[Connection]:
    prepare(path)
    store = Store(path)
    with store.write_transaction() as opened:
        yield opened
    store.close()


def aoi(seen_at_ms: int = 10, **fields: Any) -> UpsertEntity:
    return UpsertEntity(entity_id=7, seen_at_ms=seen_at_ms, **fields)


def take(connection: Connection, cache: EntityCache, *tasks: UpsertEntity) -> None:
    """One committed batch."""
    draft = cache.draft()
    for task in tasks:
        draft.upsert(connection, task)
    draft.store(connection)
    draft.publish()


def settle(connection: Connection, cache: EntityCache) -> None:
    draft = cache.draft()
    draft.store(connection, with_seen=True)
    draft.publish(with_seen=True)


def stored(connection: Connection, *columns: str) -> tuple[object, ...]:
    (row,) = select_in(connection, entities, columns, "entity_id", [7])
    return row


def test_a_new_player_is_stored_with_what_is_known(connection: Connection) -> None:
    take(connection, EntityCache(), aoi(name="ÀOI", class_id=4, level=60))
    found = stored(connection, "name", "name_folded", "class_id", "class_spec", "level")
    assert found == ("ÀOI", "àoi", 4, None, 60)


@pytest.mark.parametrize(
    "nothing",
    [
        {},
        {"name": "", "class_id": 0, "class_spec": 0, "ability_score": 0, "level": 0},
        {"name": " \t", "class_id": -1, "ability_score": -5, "attributes": ""},
        {"name": None, "class_id": None, "attributes": " "},
    ],
)
def test_blanks_and_numbers_not_above_zero_never_overwrite(
    connection: Connection, nothing: dict[str, Any]
) -> None:
    known: dict[str, Any] = {
        "name": "Aoi",
        "class_id": 4,
        "class_spec": 5,
        "ability_score": 9,
        "level": 60,
    }
    take(connection, EntityCache(), aoi(**known, attributes="{}"), aoi(**nothing))
    assert stored(connection, *known, "attributes") == (*known.values(), "{}")


def test_the_first_time_only_falls_and_the_last_only_rises(connection: Connection) -> None:
    cache = EntityCache()
    for seen in (50, 20, 90, 30):
        take(connection, cache, aoi(seen, name="Aoi"))
    settle(connection, cache)
    assert stored(connection, "first_seen_ms", "last_seen_ms") == (20, 90)


def test_a_repeated_update_writes_nothing_until_it_is_settled(connection: Connection) -> None:
    cache = EntityCache()
    take(connection, cache, aoi(10, name="Aoi"))
    statements: list[str] = []
    event.listen(
        connection, "before_cursor_execute", lambda _c, _u, sql, *_: statements.append(sql)
    )
    for seen in range(11, 200):
        take(connection, cache, aoi(seen, name="Aoi"))
    assert statements == []
    assert stored(connection, "last_seen_ms") == (10,)
    settle(connection, cache)
    assert stored(connection, "last_seen_ms") == (199,)


def test_a_draft_that_is_dropped_leaves_no_trace_in_memory(connection: Connection) -> None:
    cache = EntityCache()
    take(connection, cache, aoi(10, name="Aoi"))
    savepoint = connection.begin_nested()
    dropped = cache.draft()
    dropped.upsert(connection, aoi(99, name="Mika"))
    dropped.store(connection)
    savepoint.rollback()
    take(connection, cache, aoi(11, level=60))
    assert stored(connection, "name", "level", "last_seen_ms") == ("Aoi", 60, 11)


def test_a_player_of_an_earlier_run_is_known_again(connection: Connection) -> None:
    take(connection, EntityCache(), aoi(10, name="Aoi", class_id=4))
    later = EntityCache()
    take(connection, later, aoi(5, level=60))
    found = stored(connection, "name", "class_id", "level", "first_seen_ms", "last_seen_ms")
    assert found == ("Aoi", 4, 60, 5, 10)


def test_memory_of_more_players_than_are_cached_is_freed_and_nothing_is_lost(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entities_module, "MAX_CACHED_PLAYERS", 10)
    cache = EntityCache()
    for number in range(30):
        take(connection, cache, UpsertEntity(entity_id=number, seen_at_ms=1, name=f"P{number}"))
        take(connection, cache, UpsertEntity(entity_id=number, seen_at_ms=5))
        settle(connection, cache)
    assert len(cache.known) <= 11
    found = select_in(connection, entities, ("name", "last_seen_ms"), "entity_id", range(30))
    assert sorted(found) == sorted((f"P{number}", 5) for number in range(30))


def test_a_wrong_field_is_named_and_changes_nothing(connection: Connection) -> None:
    cache = EntityCache()
    take(connection, cache, aoi(10, name="Aoi"))
    draft = cache.draft()
    with pytest.raises(InvalidTask, match="level"):
        draft.upsert(connection, aoi(11, level="high"))
    assert draft.find(7) == Entity(7, "Aoi", None, None, None, None, None, 10, 10)


def test_a_change_is_written_once_however_often_a_batch_stores(connection: Connection) -> None:
    """A batch stores at the end of each of its fights."""
    written: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO entities"):
            written.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    draft = EntityCache().draft()
    draft.upsert(connection, aoi(name="Aoi"))
    for _ in range(3):
        draft.store(connection)
    assert len(written) == 1
    draft.upsert(connection, aoi(level=60))
    draft.store(connection, with_seen=True)
    assert len(written) == 2
    assert stored(connection, "name", "level") == ("Aoi", 60)
