"""What every store must do, whatever its backend."""

import threading
from itertools import pairwise

import pytest
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from resonance_logs.fights.identity import DEFAULT_GAME
from resonance_logs.store import schema
from resonance_logs.store.facets import Facet, add_to_index, find_encounters, remove_from_index
from resonance_logs.store.rejects import Rejection, store_rejections
from resonance_logs.store.rows import MAX_PARAMETERS, insert_rows, select_in
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.rows import add_fight

EVERY_TABLE = sorted(schema.metadata.tables.values(), key=lambda table: table.name)


def count(store: Store, name: str) -> int:
    with store.read_transaction() as connection:
        table = schema.metadata.tables[name]
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def add_players(store: Store, ids: range, name: str) -> None:
    rows = [(each, f"{name} {each}", 0, 0) for each in ids]
    with store.write_transaction() as connection:
        columns = ("entity_id", "name", "first_seen_ms", "last_seen_ms")
        insert_rows(connection, schema.entities, columns, rows, replace=True)


def test_what_is_committed_is_read(store: Store) -> None:
    with store.write_transaction() as connection:
        add_fight(connection)
    assert count(store, "encounters") == 1


def test_a_reader_sees_nothing_of_what_is_not_committed(store: Store) -> None:
    with store.write_transaction() as connection:
        add_fight(connection)
        assert count(store, "encounters") == 0


def test_a_block_that_fails_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.write_transaction() as connection:
            raise ZeroDivisionError(add_fight(connection))

    with pytest.raises(ZeroDivisionError):
        fail()
    assert count(store, "encounters") == 0


def test_a_readers_view_stays_as_it_was_while_others_write(store: Store) -> None:
    counted = select(func.count()).select_from(schema.encounters)
    with store.read_transaction() as reader:
        before = reader.execute(counted).scalar_one()
        with store.write_transaction() as connection:
            add_fight(connection)
        assert reader.execute(counted).scalar_one() == before == 0
    assert count(store, "encounters") == 1


def test_many_read_at_once_while_one_writes(store: Store) -> None:
    seen: list[int] = []
    with store.write_transaction() as connection:
        add_fight(connection)
        threads = [
            threading.Thread(target=lambda: seen.append(count(store, "encounters")))
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert seen == [0] * 20


def test_those_who_write_at_once_take_turns(store: Store) -> None:
    def add_many() -> None:
        for _ in range(20):
            with store.write_transaction() as connection:
                add_fight(connection)

    threads = [threading.Thread(target=add_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert count(store, "encounters") == 80


def test_more_rows_than_a_statement_takes_go_in_and_come_out(store: Store) -> None:
    ids = range(MAX_PARAMETERS + 7)
    add_players(store, ids, "Aoi")
    with store.read_transaction() as connection:
        found = select_in(connection, schema.entities, ("entity_id", "name"), "entity_id", ids)
    assert sorted(found) == [(each, f"Aoi {each}") for each in ids]


def test_no_rows_and_no_ids_are_nothing(store: Store) -> None:
    with store.write_transaction() as connection:
        insert_rows(connection, schema.entities, ("entity_id",), [])
        assert select_in(connection, schema.entities, ("entity_id",), "entity_id", []) == []


def test_replacing_overwrites_the_given_columns_and_no_others(store: Store) -> None:
    with store.write_transaction() as connection:
        columns = ("entity_id", "name", "level", "first_seen_ms", "last_seen_ms")
        insert_rows(connection, schema.entities, columns, [(1, "Aoi", 60, 5, 5)])
    add_players(store, range(1, 3), "Mika")
    with store.read_transaction() as connection:
        found = select_in(connection, schema.entities, ("name", "level"), "entity_id", [1, 2])
    assert sorted(found, key=str) == [("Mika 1", 60), ("Mika 2", None)]


@pytest.mark.parametrize("number", [0, -1, 2**53 - 1, -(2**53), 2**63 - 1, -(2**63)])
def test_whole_numbers_of_64_bits_are_kept(store: Store, number: int) -> None:
    with store.write_transaction() as connection:
        add_fight(connection, number)
    with store.read_transaction() as connection:
        assert connection.execute(select(schema.encounters.c.started_at_ms)).scalar_one() == number


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 10_000,
        "a\nb\tc\x1b[31m",
        "שלום\u202e",
        "'; DROP TABLE entities; --",
        "%_\\",
        "月影 🗡️",
    ],
)
def test_any_text_is_kept_as_it_is(store: Store, name: str) -> None:
    with store.write_transaction() as connection:
        columns = ("entity_id", "name", "first_seen_ms", "last_seen_ms")
        insert_rows(connection, schema.entities, columns, [(1, name, 0, 0)])
    with store.read_transaction() as connection:
        assert connection.execute(select(schema.entities.c.name)).scalar_one() == name


def test_the_id_of_a_deleted_fight_is_never_given_again(store: Store) -> None:
    with store.write_transaction() as connection:
        first = add_fight(connection)
        connection.execute(delete(schema.encounters))
    with store.write_transaction() as connection:
        assert add_fight(connection) > first


def test_ids_rise(store: Store) -> None:
    with store.write_transaction() as connection:
        ids = [add_fight(connection) for _ in range(10)]
    assert all(one < other for one, other in pairwise(ids))


@pytest.mark.parametrize(
    "name",
    [
        table.name
        for table in EVERY_TABLE
        if any(key.column.table.name == "encounters" for key in table.foreign_keys)
    ],
)
def test_every_table_of_a_fight_begins_its_key_with_the_fight_and_goes_with_it(
    store: Store, name: str
) -> None:
    table = schema.metadata.tables[name]
    assert next(iter(table.primary_key)).name == "encounter_id"
    with store.write_transaction() as connection:
        fights = [add_fight(connection), add_fight(connection)]
        for fight in fights:
            row = {column.name: _filler(column.type.python_type) for column in table.columns}
            connection.execute(insert(table), row | {"encounter_id": fight})
    with store.write_transaction() as connection:
        connection.execute(delete(schema.encounters).where(schema.encounters.c.id == fights[0]))
    with store.read_transaction() as connection:
        left = connection.execute(select(table.c.encounter_id)).scalars().all()
    assert left == [fights[1]]


def _filler(kind: type) -> object:
    return {int: 1, str: "x", bytes: b"x"}[kind]


def test_nothing_belongs_to_a_fight_that_does_not_exist(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write_transaction() as connection:
        insert_rows(
            connection,
            schema.actor_attributes,
            ("encounter_id", "actor_id", "attributes"),
            [(99, 1, "{}")],
        )


def test_a_number_is_never_taken_for_text_nor_text_for_a_number(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write_transaction() as connection:
        add_fight(connection, "soon")  # type: ignore[arg-type]


def test_fights_are_found_by_any_of_the_values_under_which_they_are_listed(store: Store) -> None:
    kind, value = schema.facet_values.c.kind, schema.facet_values.c.value
    with store.write_transaction() as connection:
        add_to_index(connection, 3, DEFAULT_GAME, [Facet("boss", "Ogre"), Facet("boss", "Imp")])
        add_to_index(
            connection, 70_000, DEFAULT_GAME, [Facet("boss", "Ogre"), Facet("scene", "Ogre")]
        )
        add_to_index(connection, 70_000, DEFAULT_GAME, [Facet("boss", "Ogre")])
    with store.read_transaction() as connection:
        bosses = find_encounters(connection, kind == "boss")
        imps = find_encounters(connection, (kind == "boss") & (value == "Imp"))
        ghosts = find_encounters(connection, value == "Ghost")
    assert [list(each) for each in (bosses, imps, ghosts)] == [
        [3, 70_000],
        [3],
        [],
    ]


def test_a_fight_removed_from_the_index_is_no_longer_found_and_leaves_no_empty_value(
    store: Store,
) -> None:
    with store.write_transaction() as connection:
        for fight in (1, 2, 70_000):
            add_to_index(
                connection, fight, DEFAULT_GAME, [Facet("boss", "Ogre"), Facet("class", str(fight))]
            )
        remove_from_index(connection, [2, 70_000, 77])
        remove_from_index(connection, [1], only=Facet("class", "1"))
        found = find_encounters(connection, schema.facet_values.c.kind == "boss")
        assert list(found) == [1]
    assert count(store, "facet_values") == 1
    assert count(store, "facet_encounters") == 1


def test_a_fight_may_be_listed_under_more_values_than_a_statement_takes(store: Store) -> None:
    bosses = [Facet("boss", f"Boss {number}") for number in range(MAX_PARAMETERS // 2)]
    with store.write_transaction() as connection:
        add_to_index(connection, 1, DEFAULT_GAME, bosses + bosses[:5])
        add_to_index(connection, 2, DEFAULT_GAME, bosses[:7])
    assert count(store, "facet_values") == count(store, "facet_encounters") == len(bosses)
    with store.write_transaction() as connection:
        remove_from_index(connection, [1])
    assert count(store, "facet_values") == 7


def test_a_rejected_task_is_kept_with_its_error_and_its_time(store: Store) -> None:
    with store.write_transaction() as connection:
        store_rejections(
            connection, [Rejection.from_error({"bad": "\ud800"}, ValueError("\udcff why"))]
        )
    rejected = schema.rejected_tasks
    with store.read_transaction() as connection:
        row = connection.execute(select(rejected)).one()
    assert "bad" in row.task
    assert row.error == "\\udcff why"
    assert row.rejected_at_ms > 1_700_000_000_000
