"""The journal: the batches of the open fight, in order, until it is pruned."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.store import journal, schema
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import prepare
from resonance_logs.tasks import InsertDamageEvent, Task
from tests.helpers.rows import add_fight
from tests.helpers.strategies import events as event_tasks

HIT = InsertDamageEvent(timestamp_ms=1, attacker_id=2, value=3)


def entry(tasks: Sequence[Task], position: int = 1, joined: Collection[int] = ()) -> journal.Entry:
    """What a batch with these events adds."""
    return journal.Entry(collect_events(tasks), position, joined)


def columns(events: Events) -> list[object]:
    """All columns of the events."""
    damage, heals = events.damage, events.heals
    names = [*damage.monster_names, None]
    return [
        damage.numbers.tolist(),
        damage.flags.tolist(),
        [names[code] for code in damage.monster.tolist()],
        heals.numbers.tolist(),
        heals.flags.tolist(),
    ]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(event_tasks(), min_size=1, max_size=20), max_size=5))
def test_what_is_appended_is_read_in_order_and_only_of_that_fight(
    path: Path, batches: list[list[Task]]
) -> None:
    prepare(path)
    store = Store(path)
    try:
        with store.write_transaction() as connection:
            fight, other = (add_fight(connection) for _ in range(2))
            for chunk, tasks in enumerate(batches):
                journal.append(connection, fight, chunk, entry(tasks))
            journal.append(connection, other, 0, entry([HIT]))
            read = journal.read(connection, fight)
            tasks = [task for batch in batches for task in batch]
            assert columns(read.events) == columns(collect_events(tasks))
            assert read.lost == 0
            size = journal.size(connection, fight)
            assert (size > 0) == bool(batches)
            journal.prune(connection, fight)
            assert journal.size(connection, fight) == 0
            assert len(journal.read(connection, fight).events) == 0
            assert len(journal.read(connection, other).events) == 1
    finally:
        store.close()


def test_of_a_damaged_row_the_events_are_counted_as_lost_and_the_others_read(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prepare(path)
    store = Store(path)
    try:
        with store.write_transaction() as connection:
            fight = add_fight(connection)
            journal.append(connection, fight, 0, entry([HIT, HIT]))
            row = {"encounter_id": fight, "chunk": 1, "events": 7, "payload": b"nonsense"}
            connection.execute(insert(schema.encounter_journal), row)
            journal.append(connection, fight, 2, entry([HIT]))
            read = journal.read(connection, fight)
    finally:
        store.close()
    assert (len(read.events), read.lost) == (3, 7)
    assert "7 events of the journal are lost: row 1 is damaged" in caplog.text


def test_the_position_is_that_of_the_last_entry_and_the_party_that_of_all(store: Store) -> None:
    with store.write_transaction() as connection:
        fight, other = (add_fight(connection) for _ in range(2))
        assert journal.last_position(connection, fight) == 0
        assert journal.read_party(connection, fight) == set()
        journal.append(connection, fight, 0, entry([HIT], 4, {8, 7}))
        journal.append(connection, fight, 1, entry([], 6, [9]))
        journal.append(connection, fight, 2, entry([HIT], 9))
        journal.append(connection, other, 0, entry([HIT], 70, [70]))
        assert journal.last_position(connection, fight) == 9
        assert journal.read_party(connection, fight) == {7, 8, 9}
        assert journal.count(connection, fight) == 3
        assert len(journal.read(connection, fight).events) == 2


@pytest.mark.parametrize("damaged", ["nonsense", "5", '[8, "x", null, 1.5]'])
def test_of_a_damaged_party_the_rest_is_read(
    store: Store, damaged: str, caplog: pytest.LogCaptureFixture
) -> None:
    with store.write_transaction() as connection:
        fight = add_fight(connection)
        journal.append(connection, fight, 0, entry([HIT], 4, [7]))
        journal.append(connection, fight, 1, entry([HIT], 5, [8]))
        table = schema.encounter_journal
        connection.execute(update(table).where(table.c.chunk == 1).values(party=damaged))
        expected = {7, 8} if damaged.startswith("[") else {7}
        assert journal.read_party(connection, fight) == expected
    assert ("some of its party is lost" in caplog.text) == (expected == {7})
