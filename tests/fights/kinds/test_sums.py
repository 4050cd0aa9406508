"""Sums by skill equal sums computed one by one in plain Python."""

from collections import defaultdict

from hypothesis import given

from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.kinds.values import UNKNOWN
from resonance_logs.tasks import InsertDamageEvent, InsertHealEvent
from tests.helpers.small_events import heals, hits, six


@given(hits)
def test_damage_is_summed_by_attacker_defender_and_skill(tasks: list[InsertDamageEvent]) -> None:
    groups: dict[tuple[int, int, int], list[InsertDamageEvent]] = defaultdict(list)
    for t in tasks:
        defender = UNKNOWN if t.defender_id is None else t.defender_id
        groups[t.attacker_id, defender, -1 if t.skill_id is None else t.skill_id].append(t)
    assert collect_events(tasks).damage.sums().skill_rows() == [
        (*key, *six(own), sum(t.hp_loss for t in own), sum(t.shield_loss for t in own))
        for key, own in sorted(groups.items())
    ]


@given(heals)
def test_heals_are_summed_by_healer_target_and_skill(tasks: list[InsertHealEvent]) -> None:
    groups: dict[tuple[int, int, int], list[InsertHealEvent]] = defaultdict(list)
    for t in tasks:
        target = UNKNOWN if t.target_id is None else t.target_id
        groups[t.healer_id, target, -1 if t.skill_id is None else t.skill_id].append(t)
    assert collect_events(tasks).heals.sums().skill_rows() == [
        (*key, *six(own)) for key, own in sorted(groups.items())
    ]
