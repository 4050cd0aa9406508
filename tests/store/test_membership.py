"""The condition that an id is in a set: exact, and small, however large the ids are."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap64
from sqlalchemy import insert, select

from resonance_logs.store import membership
from resonance_logs.store.membership import MAX_GAP, MIN_MAP_BYTES, is_member
from resonance_logs.store.schema import entities
from resonance_logs.store.sqlite.connections import Store

LARGEST = 2**63 - 1
STORED = sorted(
    {
        *(2**32 + step for step in range(8)),
        *range(40),
        *range(MAX_GAP - 3, MAX_GAP + 4),
        *range(MIN_MAP_BYTES - 3, MIN_MAP_BYTES + 4),
        *(2**53 - 1 + step for step in range(-3, 4)),
        *range(LARGEST - 3, LARGEST + 1),
    }
)


@pytest.fixture
def numbered(store: Store) -> Store:
    """A store with a row for each of STORED."""
    rows = [{"entity_id": each, "first_seen_ms": 0, "last_seen_ms": 0} for each in STORED]
    with store.write_transaction() as connection:
        connection.execute(insert(entities), rows)
    return store


@pytest.fixture
def small(store: Store) -> Store:
    """A store whose ids are all below those that SQLite takes for a position."""
    with store.write_transaction() as connection:
        rows = [{"entity_id": each, "first_seen_ms": 0, "last_seen_ms": 0} for each in range(40)]
        connection.execute(insert(entities), rows)
    return store


def found(store: Store, ids: Iterable[int]) -> list[int]:
    column = entities.c.entity_id
    with store.read_transaction() as connection:
        condition = is_member(connection, column, BitMap64(ids))
        statement = select(column).where(condition).order_by(column)
        return list(connection.execute(statement).scalars())


@pytest.mark.parametrize("few", [0, 1_000])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sets(st.sampled_from(STORED) | st.integers(0, LARGEST)))
def test_the_members_are_found_and_no_others(numbered: Store, few: int, ids: set[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(membership, "FEW", few)
        assert found(numbered, ids) == sorted(ids & set(STORED))


@pytest.mark.parametrize("ids", [range(3, 2_000), range(MAX_GAP + 7, MAX_GAP + 2_000)])
def test_among_small_ids_the_members_are_found(small: Store, ids: range) -> None:
    assert found(small, ids) == [each for each in range(40) if each in ids]


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param([*range(0, 30, 2), *range(30, 3_000)], id="dense"),
        pytest.param([*range(3_000), 2**53 - 1], id="one large"),
        pytest.param([*range(3_000), *range(2**53 - 4, 2**53 + 3_000)], id="two runs"),
        pytest.param(range(0, 2**40, 2**28), id="far apart"),
        pytest.param(range(0, MAX_GAP * 2_000, MAX_GAP), id="sparse"),
    ],
)
def test_many_members_are_found(numbered: Store, ids: Iterable[int]) -> None:
    assert len(list(ids)) > membership.FEW
    assert found(numbered, ids) == sorted(set(ids) & set(STORED))


@pytest.mark.parametrize(
    ("ids", "at_most"),
    [
        pytest.param(range(1, 100_001), 100_100, id="dense"),
        pytest.param([*range(1, 100_001), 2**53 - 1], 100_100, id="one large"),
        pytest.param(range(0, 2**40, 2**28), 0, id="far apart"),
        pytest.param(range(0, MAX_GAP * 2_000, MAX_GAP), 0, id="sparse"),
        pytest.param(range(2**40, 2**40 + MIN_MAP_BYTES, 2**13), MIN_MAP_BYTES + 100, id="far out"),
    ],
)
def test_what_a_statement_is_given_does_not_grow_with_the_largest_id(
    store: Store, ids: Iterable[int], at_most: int
) -> None:
    with store.read_transaction() as connection:
        condition = is_member(connection, entities.c.entity_id, BitMap64(ids))
    given_bytes = [
        value for value in condition.compile().params.values() if isinstance(value, bytes)
    ]
    assert sum(map(len, given_bytes)) <= at_most
    assert bool(given_bytes) is bool(at_most)
