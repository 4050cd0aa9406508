"""Reading through all fights, while others add and delete some: one view, each fight once."""

import pytest
from sqlalchemy import insert

from resonance_logs.commands import Commands, Filters
from resonance_logs.commands.listing import iterate_rows, read_ids
from resonance_logs.commands.models import MAX_LIMIT
from resonance_logs.exports.tables import fights_table
from resonance_logs.store import schema
from resonance_logs.store.facets import Facet, add_to_index
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.builder import Builder


def some_fights(builder: Builder, count: int) -> list[int]:
    return [builder.fight(started=1_000 * place, bosses=["Ogre"]) for place in range(count)]


@pytest.mark.parametrize("filters", [Filters(), Filters(boss_names=["Ogre"], date_from_ms=0)])
@pytest.mark.parametrize("descending", [True, False])
def test_fights_that_others_end_or_delete_meanwhile_are_neither_skipped_nor_repeated(
    builder: Builder, store: Store, filters: Filters, descending: bool
) -> None:
    there = some_fights(builder, 12)
    expected = there[::-1] if descending else there
    wanted = filters.model_copy(update={"descending": descending})
    found = []
    with store.read_transaction() as connection:
        for place, row in enumerate(iterate_rows(connection, wanted, rows_at_once=3)):
            found.append(row.id)
            # One that ends before all others, one after them, and one that was there is deleted.
            builder.fight(started=-place, bosses=["Ogre"])
            builder.fight(started=1_000_000 + place, bosses=["Ogre"])
            Commands(store).delete_encounter(expected[-1 - place])
    assert found == expected
    with store.read_transaction() as connection:
        assert len(read_ids(connection, wanted)) == (24 if filters == Filters() else 13)


def test_a_table_of_more_fights_than_a_page_has_each_once(store: Store) -> None:
    count = MAX_LIMIT + 5
    with store.write_transaction() as connection:
        rows = [{"id": n, "started_at_ms": n, "ended_at_ms": 2 * n} for n in range(1, count + 1)]
        connection.execute(insert(schema.encounters), rows)
        for row in rows:
            add_to_index(connection, row["id"], "bpsr", [Facet("outcome", "0")])
    table = fights_table(store, Filters(descending=False))
    assert table["id"] == list(range(1, count + 1))
    assert table["ended_at_ms"] == [2 * each for each in table["id"]]
