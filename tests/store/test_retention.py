"""Retention: only what exceeds the limits is deleted, oldest first, never favourites."""

import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resonance_logs.store.rejects import Rejection, store_rejections
from resonance_logs.store.retention import (
    DAY_MS,
    Limits,
    PrunePlan,
    Retention,
    plan_pruning,
    prune,
    prune_rejected,
)
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import prepare
from resonance_logs.store.sqlite.space import used_bytes
from tests.helpers.builder import Builder, hit


@pytest.fixture
def store(path: Path) -> Iterable[Store]:
    prepare(path)
    opened = Store(path)
    yield opened
    opened.close()


@pytest.fixture
def builder(store: Store) -> Builder:
    return Builder(store)


def add(builder: Builder, days: Iterable[int], hits: int = 20, **columns: object) -> list[int]:
    """Fights on these days, each with its hits."""
    ids = []
    for day in days:
        start = DAY_MS * day
        ids.append(builder.fight(start, 5_000, ["Ogre"], [], "Court", [(7, "Aoi", 1)], **columns))  # type: ignore[arg-type]
        builder.archive(ids[-1], [hit(start + n, n * n) for n in range(hits)])
    return ids


def plan_of(store: Store, retention: Retention) -> PrunePlan:
    with store.read_transaction() as connection:
        return plan_pruning(connection, retention)


def ids_of(plan: PrunePlan) -> tuple[list[int], list[int]]:
    """The fights whose hits are deleted, and the fights that are deleted."""
    return [each.encounter_id for each in plan.hits], [each.encounter_id for each in plan.fights]


def carry_out(store: Store, plan: PrunePlan) -> int:
    """The number of steps it took."""
    steps = 0
    while not plan.is_empty:
        with store.write_transaction() as connection:
            plan = prune(connection, plan)
        steps += 1
    return steps


def left(store: Store, table: str) -> list[int]:
    with store.read_transaction() as connection:
        key = "id" if table == "encounters" else "encounter_id"
        rows = connection.exec_driver_sql(f"SELECT {key} FROM {table} ORDER BY 1")
        return [row[0] for row in rows]


def test_without_limits_everything_is_kept(store: Store, builder: Builder) -> None:
    add(builder, [1, 2, 3])
    assert plan_of(store, Retention()).is_empty


def test_the_newest_n_are_kept_and_favourites_besides(store: Store, builder: Builder) -> None:
    add(builder, [5, 4])
    add(builder, [3], is_favorite=1)
    add(builder, [2, 1])
    plan = plan_of(store, Retention(fights=Limits(newest=1), hits=Limits(newest=1)))
    assert ids_of(plan) == ([], [5, 4, 2])
    assert ids_of(plan_of(store, Retention(hits=Limits(newest=2)))) == ([5, 4], [])
    assert plan_of(store, Retention(fights=Limits(newest=5))).is_empty


def test_age_counts_from_the_newest_fight_so_that_a_break_empties_nothing(
    store: Store, builder: Builder
) -> None:
    add(builder, [10, 11, 20])
    assert ids_of(plan_of(store, Retention(fights=Limits(days=9.5)))) == ([], [1])
    assert ids_of(plan_of(store, Retention(hits=Limits(days=8.5)))) == ([1, 2], [])
    assert plan_of(store, Retention(fights=Limits(days=10))).is_empty


def test_a_fight_from_the_future_makes_no_other_one_old(store: Store, builder: Builder) -> None:
    today = time.time_ns() // 1_000_000 // DAY_MS
    add(builder, [today - 3, today - 1, today + 100_000])
    assert ids_of(plan_of(store, Retention(fights=Limits(days=2)))) == ([], [1])


def test_individual_hits_go_before_whole_fights_where_the_file_is_too_large(
    store: Store, builder: Builder
) -> None:
    add(builder, range(1, 41), hits=800)
    with store.read_transaction() as connection:
        used = used_bytes(connection)
    some = plan_of(store, Retention(hits=Limits(file_bytes=used - 4_096)))
    assert ids_of(some) == (list(range(1, len(some.hits) + 1)), [])
    assert 1 <= len(some.hits) <= 4
    most = used * 4 // 5
    both = Retention(hits=Limits(file_bytes=most), fights=Limits(file_bytes=most))
    plan = plan_of(store, both)
    assert plan.hits
    assert not plan.fights
    carry_out(store, plan)
    with store.read_transaction() as connection:
        assert used_bytes(connection) <= most
    assert plan_of(store, both).is_empty


def test_where_the_hits_are_not_enough_the_oldest_fights_follow(
    store: Store, builder: Builder
) -> None:
    add(builder, range(1, 31))
    retention = Retention(hits=Limits(file_bytes=1), fights=Limits(file_bytes=1))
    plan = plan_of(store, retention)
    assert len(plan.fights) == 30
    carry_out(store, plan)
    assert left(store, "encounters") == []


def test_a_fight_that_goes_whole_is_not_counted_among_the_hits(
    store: Store, builder: Builder
) -> None:
    add(builder, [1, 2, 3, 4])
    plan = plan_of(store, Retention(fights=Limits(newest=3), hits=Limits(newest=1)))
    assert ids_of(plan) == ([2, 3], [1])
    assert all(candidate.bytes > 0 for candidate in (*plan.hits, *plan.fights))


def test_what_goes_is_gone_in_steps_with_all_that_belongs_to_it(
    store: Store, builder: Builder
) -> None:
    add(builder, range(1, 61))
    for each in range(1, 61):
        builder.actor(each, 7, is_player=1)
    retention = Retention(fights=Limits(newest=10), hits=Limits(newest=5))
    assert carry_out(store, plan_of(store, retention)) == 5
    assert left(store, "encounters") == list(range(51, 61))
    assert left(store, "actor_encounter_stats") == list(range(51, 61))
    assert left(store, "encounter_archives") == list(range(56, 61))
    assert plan_of(store, retention).is_empty


def test_a_fight_that_became_a_favourite_meanwhile_is_kept(store: Store, builder: Builder) -> None:
    add(builder, [1, 2, 3])
    plans = [
        plan_of(store, Retention(hits=Limits(newest=1))),
        plan_of(store, Retention(fights=Limits(newest=1))),
    ]
    with store.write_transaction() as connection:
        connection.exec_driver_sql("UPDATE encounters SET is_favorite = 1 WHERE id = 1")
    for plan in plans:
        carry_out(store, plan)
    assert left(store, "encounters") == [1, 3]
    assert left(store, "encounter_archives") == [1, 3]


def test_the_open_fight_is_never_deleted(store: Store, builder: Builder) -> None:
    builder.fight(1, None)
    add(builder, [2, 3])
    retention = Retention(fights=Limits(newest=1, days=0.5, file_bytes=1))
    carry_out(store, plan_of(store, retention))
    assert 1 in left(store, "encounters")


def test_of_rejected_tasks_the_newest_are_kept(store: Store) -> None:
    with store.write_transaction() as connection:
        store_rejections(connection, [Rejection(f"task {n}", "bad", n, None) for n in range(9)])
        assert prune_rejected(connection, 4) == 5
        assert prune_rejected(connection, 4) == 0
        kept = connection.exec_driver_sql("SELECT task FROM rejected_tasks ORDER BY id")
        assert [row[0] for row in kept] == ["task 5", "task 6", "task 7", "task 8"]


_limits = st.builds(
    Limits,
    days=st.none() | st.floats(0.1, 50),
    newest=st.none() | st.integers(1, 12),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=12),
    _limits,
    _limits,
)
def test_a_plan_is_what_a_simple_model_says(
    tmp_path_factory: pytest.TempPathFactory,
    given_fights: list[tuple[int, bool]],
    fights: Limits,
    hits: Limits,
) -> None:
    path = tmp_path_factory.mktemp("plan") / "fights.db"
    prepare(path)
    store = Store(path)
    builder = Builder(store)
    for day, favorite in given_fights:
        add(builder, [day], hits=1, is_favorite=int(favorite))
    plan = plan_of(store, Retention(fights, hits))
    store.close()
    by_age = sorted(
        ((day, number) for number, (day, _) in enumerate(given_fights, 1)), reverse=True
    )

    def beyond(limits: Limits) -> set[int]:
        gone = {number for _, number in by_age[limits.newest or len(by_age) :]}
        if limits.days is not None:
            gone |= {number for day, number in by_age if day < by_age[0][0] - limits.days}
        return {number for number in gone if not given_fights[number - 1][1]}

    whole = beyond(fights)
    assert set(ids_of(plan)[1]) == whole
    assert set(ids_of(plan)[0]) == beyond(hits) - whole
