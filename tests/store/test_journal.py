"""The journal: the batches of the open fight, in order, until it is pruned."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.store import journal, schema
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import prepare
from resonance_logs.tasks import InsertDamageEvent, Task
from tests.helpers.rows import add_fight
from tests.helpers.strategies import events as event_tasks

HIT = InsertDamageEvent(timestamp_ms=1, attacker_id=2, value=3)


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
                journal.append(connection, fight, chunk, collect_events(tasks))
            journal.append(connection, other, 0, collect_events([HIT]))
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
            journal.append(connection, fight, 0, collect_events([HIT, HIT]))
            row = {"encounter_id": fight, "chunk": 1, "events": 7, "payload": b"nonsense"}
            connection.execute(insert(schema.encounter_journal), row)
            journal.append(connection, fight, 2, collect_events([HIT]))
            read = journal.read(connection, fight)
    finally:
        store.close()
    assert (len(read.events), read.lost) == (3, 7)
    assert "7 events of the journal are lost: row 1 is damaged" in caplog.text
