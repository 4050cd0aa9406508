"""Sums over columns equal sums made one by one in plain Python."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.collector import collect_events
from resonance_logs.events import UNKNOWN, Events
from resonance_logs.statistics import (
    active_times,
    actor_ids,
    bosses,
    damage_skill_rows,
    group_sums,
    heal_skill_rows,
    last_time_ms,
    monster_names,
)
from resonance_logs.tally import Tally
from resonance_logs.tasks import InsertDamageEvent, InsertHealEvent

ids = st.integers(1, 5)
hits = st.lists(
    st.builds(
        InsertDamageEvent,
        timestamp_ms=st.integers(0, 20_000),
        attacker_id=ids,
        value=st.integers(0, 10**12),
        defender_id=st.none() | ids,
        monster_name=st.none() | st.sampled_from(["", " ", "A", "B"]),
        skill_id=st.none() | st.integers(-2, 3),
        is_crit=st.booleans(),
        is_lucky=st.booleans(),
        hp_loss=st.integers(0, 10**12),
        shield_loss=st.integers(0, 10**12),
        defender_max_hp=st.none() | st.integers(-5, 10**9),
        is_boss=st.booleans(),
    ),
    max_size=40,
)
heals = st.lists(
    st.builds(
        InsertHealEvent,
        timestamp_ms=st.integers(0, 20_000),
        healer_id=ids,
        value=st.integers(0, 10**12),
        target_id=st.none() | ids,
        skill_id=st.none() | st.integers(-2, 3),
        is_crit=st.booleans(),
        is_lucky=st.booleans(),
    ),
    max_size=40,
)


def six(tasks: list[InsertDamageEvent] | list[InsertHealEvent]) -> list[int]:
    return [
        sum(t.value for t in tasks),
        len(tasks),
        sum(t.is_crit for t in tasks),
        sum(t.is_lucky for t in tasks),
        sum(t.value for t in tasks if t.is_crit),
        sum(t.value for t in tasks if t.is_lucky),
    ]


def columns(damage: list[InsertDamageEvent], healing: list[InsertHealEvent]) -> Events:
    return collect_events([*damage, *healing])


def test_the_largest_sums_are_exact_whole_numbers() -> None:
    keys, sums = group_sums([np.array([1, 1, 2])], [np.array([2**53 - 1, 2**53 - 1, 3])])
    assert keys.tolist() == [[1], [2]]
    assert sums.tolist() == [[2**54 - 2], [3]]


@given(hits)
def test_damage_is_summed_by_attacker_defender_and_skill(tasks: list[InsertDamageEvent]) -> None:
    groups: dict[tuple[int, int, int], list[InsertDamageEvent]] = defaultdict(list)
    for t in tasks:
        defender = UNKNOWN if t.defender_id is None else t.defender_id
        groups[t.attacker_id, defender, -1 if t.skill_id is None else t.skill_id].append(t)
    assert damage_skill_rows(collect_events(tasks).damage) == [
        (*key, *six(own), sum(t.hp_loss for t in own), sum(t.shield_loss for t in own))
        for key, own in sorted(groups.items())
    ]


@given(heals)
def test_heals_are_summed_by_healer_target_and_skill(tasks: list[InsertHealEvent]) -> None:
    groups: dict[tuple[int, int, int], list[InsertHealEvent]] = defaultdict(list)
    for t in tasks:
        target = UNKNOWN if t.target_id is None else t.target_id
        groups[t.healer_id, target, -1 if t.skill_id is None else t.skill_id].append(t)
    assert heal_skill_rows(collect_events(tasks).heals) == [
        (*key, *six(own)) for key, own in sorted(groups.items())
    ]


@given(hits)
def test_bosses_are_the_named_defenders_of_boss_hits(tasks: list[InsertDamageEvent]) -> None:
    found = bosses(collect_events(tasks).damage, {"A"})
    marked = [t for t in tasks if t.is_boss and (t.monster_name or "").strip()]
    assert [boss.monster_name for boss in found] == sorted({str(t.monster_name) for t in marked})
    for boss in found:
        own = [t for t in marked if t.monster_name == boss.monster_name]
        known = [t.defender_max_hp for t in own if t.defender_max_hp is not None]
        assert (boss.hits, boss.total_damage) == (len(own), sum(t.value for t in own))
        assert boss.max_hp == max(known, default=None)
        assert boss.is_defeated == (boss.monster_name == "A")


@given(hits)
def test_active_time_is_the_gaps_of_at_most_five_seconds(tasks: list[InsertDamageEvent]) -> None:
    times: dict[int, list[int]] = defaultdict(list)
    for t in tasks:
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


@given(hits, heals, st.integers(0, 40), st.sets(ids))
def test_a_tally_of_parts_is_the_tally_of_the_whole(
    damage: list[InsertDamageEvent], healing: list[InsertHealEvent], cut: int, players: set[int]
) -> None:
    whole = Tally.of(columns(damage, healing))
    parts = Tally.of(columns(damage[:cut], healing[cut:])).plus(
        Tally.of(columns(damage[cut:], healing[:cut]))
    )
    assert parts.same_as(whole)
    assert parts.counters(players) == whole.counters(players)


@given(hits, heals, st.sets(ids))
def test_counters_are_those_of_the_specification(
    damage: list[InsertDamageEvent], healing: list[InsertHealEvent], players: set[int]
) -> None:
    counters = Tally.of(columns(damage, healing)).counters(players)
    for actor, own in counters.items():
        dealt = [t for t in damage if t.attacker_id == actor]
        taken = [t for t in damage if t.defender_id == actor and t.attacker_id not in players]
        assert own == [
            *six(dealt),
            *six([t for t in healing if t.healer_id == actor]),
            *six(taken),
            *six([t for t in dealt if t.is_boss]),
        ]


def test_a_tally_that_differs_says_so() -> None:
    hit = InsertDamageEvent(timestamp_ms=1, attacker_id=1, value=5)
    assert not Tally.of(columns([hit], [])).same_as(Tally.of(columns([hit, hit], [])))
