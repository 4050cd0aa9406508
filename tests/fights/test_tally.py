"""The sums of an actor match the specification, however the events are split."""

from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.fights.event_sums import FightEventSums
from resonance_logs.fights.tally import Tally
from resonance_logs.tasks import InsertDamageEvent, InsertHealEvent
from tests.helpers.small_events import columns, heals, hits, ids, six


@given(hits, heals, st.integers(0, 40), st.sets(ids))
def test_a_tally_of_parts_is_the_tally_of_the_whole(
    damage: list[InsertDamageEvent], healing: list[InsertHealEvent], cut: int, players: set[int]
) -> None:
    whole = Tally.from_events(columns(damage, healing))
    parts = Tally.from_events(columns(damage[:cut], healing[cut:])).adding(
        Tally.from_events(columns(damage[cut:], healing[:cut]))
    )
    assert parts.equals(whole)
    assert parts.counters(players) == whole.counters(players)


@given(hits, heals, st.sets(ids))
def test_counters_are_those_of_the_specification(
    damage: list[InsertDamageEvent], healing: list[InsertHealEvent], players: set[int]
) -> None:
    counters = Tally.from_events(columns(damage, healing)).counters(players)
    for actor, own in counters.items():
        dealt = [t for t in damage if t.attacker_id == actor != t.defender_id]
        taken = [
            t
            for t in damage
            if t.defender_id == actor and (t.attacker_id not in players or t.attacker_id == actor)
        ]
        assert own == [
            *six(dealt),
            *six([t for t in healing if t.healer_id == actor]),
            *six(taken),
            *six([t for t in dealt if t.is_boss]),
        ]


def test_a_tally_that_differs_says_so() -> None:
    hit = InsertDamageEvent(timestamp_ms=1, attacker_id=1, value=5)
    assert not Tally.from_events(columns([hit], [])).equals(
        Tally.from_events(columns([hit, hit], []))
    )


@given(hits, heals)
def test_the_tally_of_the_cells_is_the_tally_of_the_events(
    damage: list[InsertDamageEvent], healing: list[InsertHealEvent]
) -> None:
    events = columns(damage, healing)
    assert Tally.from_event_sums(FightEventSums.from_events(events)).equals(
        Tally.from_events(events)
    )


@given(hits, st.sets(ids), st.sets(ids))
def test_damage_of_some_attackers_leaves_out_some_defenders_and_themselves(
    damage: list[InsertDamageEvent], attackers: set[int], spared: set[int]
) -> None:
    counted = [
        t
        for t in damage
        if t.attacker_id in attackers
        and t.defender_id not in spared
        and t.defender_id != t.attacker_id
    ]
    expected = ({t.attacker_id for t in counted}, sum(t.value for t in counted))
    assert Tally.from_events(columns(damage, [])).damage_of(attackers, but_to=spared) == expected
