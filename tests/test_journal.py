"""The journal: the batches of the open fight, in order, until it is pruned."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from resonance_logs import journal
from resonance_logs.collector import collect_events
from resonance_logs.errors import CorruptArchive
from resonance_logs.store import tables
from resonance_logs.store.engine import Store
from resonance_logs.store.migrate import prepare
from resonance_logs.tasks import Task
from tests.store.test_contract import add_fight
from tests.strategies import events as event_tasks


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
        with store.writing() as connection:
            fight, other = (add_fight(connection) for _ in range(2))
            for chunk, tasks in enumerate(batches):
                journal.append(connection, fight, chunk, collect_events(tasks))
            journal.append(connection, other, 0, collect_events([]))
            read = journal.read(connection, fight)
            assert [each.damage.numbers.tolist() for each in read] == [
                collect_events(tasks).damage.numbers.tolist() for tasks in batches
            ]
            assert [each.heals.numbers.tolist() for each in read] == [
                collect_events(tasks).heals.numbers.tolist() for tasks in batches
            ]
            size = journal.prune(connection, fight)
            assert (size > 0) == bool(batches)
            assert journal.read(connection, fight) == []
            assert len(journal.read(connection, other)) == 1
    finally:
        store.close()


def test_a_damaged_row_is_told(path: Path) -> None:
    prepare(path)
    store = Store(path)
    try:
        with store.writing() as connection:
            connection.execute(insert(tables.encounters), {"id": 1, "started_at_ms": 0})
            row = {"encounter_id": 1, "chunk": 0, "events": 1, "payload": b"nonsense"}
            connection.execute(insert(tables.encounter_journal), row)
            with pytest.raises(CorruptArchive):
                journal.read(connection, 1)
    finally:
        store.close()
