"""The events of a fight: joined, cut and counted over all kinds."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.fights.events import Events
from resonance_logs.tasks import InsertDamageEvent, InsertHealEvent
from tests.helpers.payloads import assert_equal
from tests.helpers.small_events import columns, heals, hits

times = st.none() | st.integers(-1, 20_001)


@given(hits, heals, st.integers(0, 40))
def test_parts_joined_are_the_whole(
    damage: list[InsertDamageEvent], healing: list[InsertHealEvent], cut: int
) -> None:
    parts = [columns(damage[:cut], healing[:cut]), columns(damage[cut:], healing[cut:])]
    assert_equal(Events.concatenate(parts), columns(damage, healing))


@given(hits, heals, times, times)
def test_a_cut_has_the_events_from_its_start_to_before_its_end(
    damage: list[InsertDamageEvent],
    healing: list[InsertHealEvent],
    start: int | None,
    end: int | None,
) -> None:
    found = columns(damage, healing).between(start, end)

    def inside(task: InsertDamageEvent | InsertHealEvent) -> bool:
        return (start is None or start <= task.timestamp_ms) and (
            end is None or task.timestamp_ms < end
        )

    assert found.damage.value.tolist() == [task.value for task in damage if inside(task)]
    assert found.heals.value.tolist() == [task.value for task in healing if inside(task)]


@given(hits, heals, st.integers(0, 50))
def test_the_latest_of_each_kind_are_its_last_ones(
    damage: list[InsertDamageEvent], healing: list[InsertHealEvent], most: int
) -> None:
    found = columns(damage, healing).latest(most)
    assert found.damage.value.tolist() == [task.value for task in last(damage, most)]
    assert found.heals.value.tolist() == [task.value for task in last(healing, most)]
    assert len(found) == min(most, len(damage)) + min(most, len(healing))


def last(tasks: Sequence[Any], most: int) -> Sequence[Any]:
    return tasks[max(0, len(tasks) - most) :]


def test_damage_and_heals_are_empty_unless_given() -> None:
    assert (len(Events().damage), len(Events().heals), len(Events())) == (0, 0, 0)
