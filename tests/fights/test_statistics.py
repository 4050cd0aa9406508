"""Bosses, active times and names equal those computed one by one in plain Python."""

from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.statistics import (
    MAX_DISORDER_MS,
    Boss,
    active_times,
    actor_ids,
    bosses,
    clock_went_back,
    last_time_ms,
    monster_names,
)
from resonance_logs.tasks import InsertDamageEvent, InsertHealEvent
from tests.helpers.small_events import columns, heals, hits


@given(hits)
def test_bosses_are_the_named_defenders_of_boss_hits(tasks: list[InsertDamageEvent]) -> None:
    found = bosses(collect_events(tasks).damage, ["A"])
    marked = [t for t in tasks if t.is_boss and (t.monster_name or "").strip()]
    names = {str(t.monster_name) for t in marked}
    assert [boss.monster_name for boss in found] == sorted(names | {"A"})
    for boss in found:
        called = [t for t in tasks if t.monster_name == boss.monster_name]
        own = [t for t in called if t.is_boss] or called
        known = [t.defender_max_hp for t in own if t.defender_max_hp is not None]
        assert (boss.hits, boss.total_damage) == (len(own), sum(t.value for t in own))
        assert boss.max_hp == max(known, default=None)
        assert boss.is_defeated == (boss.monster_name == "A")


@given(hits)
def test_active_time_is_the_gaps_of_at_most_five_seconds(tasks: list[InsertDamageEvent]) -> None:
    times: dict[int, list[int]] = defaultdict(list)
    for t in tasks:
        if t.attacker_id != t.defender_id:
            times[t.attacker_id].append(t.timestamp_ms)
    expected = {}
    for actor, own in times.items():
        own.sort()
        gaps = [later - sooner for sooner, later in pairwise(own)]
        expected[actor] = max(1_000, sum(gap for gap in gaps if gap <= 5_000))
    assert active_times(collect_events(tasks).damage) == expected


@given(hits)
def test_a_monster_has_the_name_that_it_was_last_given(tasks: list[InsertDamageEvent]) -> None:
    expected = {
        t.defender_id: t.monster_name
        for t in tasks
        if t.defender_id is not None and (t.monster_name or "").strip()
    }
    assert monster_names(collect_events(tasks).damage) == expected


@given(hits, heals)
def test_actors_are_all_who_deal_or_take(
    damage: list[InsertDamageEvent], healing: list[InsertHealEvent]
) -> None:
    expected = {t.attacker_id for t in damage} | {t.healer_id for t in healing}
    expected |= {t.defender_id for t in damage if t.defender_id is not None}
    expected |= {t.target_id for t in healing if t.target_id is not None}
    events = columns(damage, healing)
    assert actor_ids(events) == expected
    times = [t.timestamp_ms for t in damage] + [t.timestamp_ms for t in healing]
    assert last_time_ms(events) == max(times, default=None)


@pytest.mark.parametrize("spelling", ["Élan", "E\u0301lan", " élan\u00a0", "ÉLAN"])
def test_spellings_of_one_name_are_one_boss(spelling: str) -> None:
    tasks = [
        InsertDamageEvent(timestamp_ms=1, attacker_id=1, value=5, monster_name=name, is_boss=True)
        for name in ("Élan", spelling)
    ]
    (boss,) = bosses(collect_events(tasks).damage, [spelling])
    assert (boss.monster_name, boss.hits, boss.is_defeated) == ("Élan", 2, True)


def test_a_defeated_boss_that_no_hit_names_has_no_hits() -> None:
    found = bosses(collect_events([]).damage, ["Tina", "TINA ", " "])
    assert found == [Boss("Tina", 0, 0, None, True)]


@given(st.lists(st.integers(0, 10_000), max_size=8), st.lists(st.integers(0, 10_000), max_size=8))
def test_a_clock_goes_back_where_hits_or_heals_do_by_more_than_disorder(
    damage: list[int], healing: list[int]
) -> None:
    events = columns(
        [InsertDamageEvent(timestamp_ms=time, attacker_id=1, value=1) for time in damage],
        [InsertHealEvent(timestamp_ms=time, healer_id=1, value=1) for time in healing],
    )
    steps = [before - after for times in (damage, healing) for before, after in pairwise(times)]
    assert clock_went_back(events) == any(step > MAX_DISORDER_MS for step in steps)
