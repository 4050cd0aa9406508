"""Hits outside any fight: held for two seconds of event time, taken by the next fight."""

from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.recording.strays import MAX_HELD, Strays
from resonance_logs.tasks import InsertDamageEvent, InsertHealEvent


def at(*times: int) -> Events:
    hits = [InsertDamageEvent(timestamp_ms=time, attacker_id=1, value=1) for time in times]
    return collect_events(hits)


def heal_at(time: int) -> Events:
    heal = InsertHealEvent(timestamp_ms=time, healer_id=1, value=1)
    return collect_events([heal])


def test_a_stray_is_held_while_at_most_two_seconds_older_than_the_newest() -> None:
    strays = Strays().adding(at(1_000)).adding(at(3_000))
    assert (len(strays.held), strays.dropped) == (2, 0)
    strays = strays.adding(heal_at(3_001))
    assert (len(strays.held), strays.dropped) == (2, 1)


def test_a_stray_that_comes_too_late_is_not_held() -> None:
    strays = Strays().adding(at(5_000)).adding(at(2_999))
    assert (len(strays.held), strays.dropped) == (1, 1)


def test_a_fight_takes_those_at_or_after_its_start_and_the_rest_is_counted() -> None:
    taken, left = Strays().adding(at(999, 1_000, 1_500)).claim(1_000)
    assert taken.damage.timestamp_ms.tolist() == [1_000, 1_500]
    assert (len(left.held), left.dropped) == (0, 1)


def test_a_recorder_that_never_begins_a_fight_fills_no_memory() -> None:
    strays = Strays().adding(at(*[7] * (MAX_HELD + 10)))
    assert len(strays.held) <= MAX_HELD
    assert len(strays.held) + strays.dropped == MAX_HELD + 10
