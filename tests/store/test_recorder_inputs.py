"""Inputs: how much of each a recorder has accepted, in whatever order they come."""

from __future__ import annotations

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from resonance_logs.fights.identity import Identity
from resonance_logs.store.recorder_inputs import begin_input
from resonance_logs.store.sqlite.connections import Store

RAID = Identity("raid", "bpsr")


def begin(store: Store, input_id: str, position: int, identity: Identity = RAID) -> int:
    with store.write_transaction() as connection:
        return begin_input(connection, identity, input_id, position)


def segments(store: Store) -> list[tuple[int, str, int]]:
    with store.read_transaction() as connection:
        return _segments(connection)


def _segments(connection: Connection) -> list[tuple[int, str, int]]:
    rows = connection.exec_driver_sql(
        "SELECT position, input, input_position FROM recorder_inputs ORDER BY 1"
    )
    return [tuple(row) for row in rows]


def test_an_input_begins_at_nothing_and_continues_after_what_was_accepted(store: Store) -> None:
    assert begin(store, "night", 0) == 0
    assert begin(store, "night", 70) == 70
    assert segments(store) == [(0, "night", 0)]


def test_an_input_continues_after_another_one(store: Store) -> None:
    assert begin(store, "night", 0) == 0
    assert begin(store, "day", 70) == 0
    assert begin(store, "night", 100) == 70
    assert begin(store, "day", 105) == 30
    assert begin(store, "night", 106) == 75
    assert segments(store) == [
        (0, "night", 0),
        (70, "day", 0),
        (100, "night", 70),
        (105, "day", 30),
        (106, "night", 75),
    ]


def test_what_was_accepted_but_never_stored_is_forgotten(store: Store) -> None:
    begin(store, "night", 0)
    begin(store, "day", 70)
    assert begin(store, "night", 50) == 50
    assert begin(store, "day", 60) == 0
    assert segments(store) == [(0, "night", 0), (60, "day", 0)]


def test_recorders_do_not_share_their_inputs(store: Store) -> None:
    begin(store, "night", 0)
    assert begin(store, "night", 70, Identity("other", "wow")) == 0
    assert begin(store, "night", 70) == 70


_numbers = count()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_inputs_counts_each_item_once(
    store: Store, steps: list[tuple[str, int]]
) -> None:
    recorder = Identity(f"recorder {next(_numbers)}")
    position, taken = 0, dict.fromkeys("abc", 0)
    for name, items in steps:
        assert begin(store, name, position, recorder) == taken[name]
        position += items
        taken[name] += items
