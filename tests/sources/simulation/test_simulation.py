"""A simulated night: reproducible, and like what real recorders send."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resonance_logs.fights.games.bpsr import CLASSES
from resonance_logs.fights.games.game import Role
from resonance_logs.sources.simulation import Night, simulate, skill_names, stream_time_ms
from resonance_logs.tasks import (
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
    check_task,
)


@pytest.fixture(scope="module")
def raid() -> list[Task]:
    """Ten fights of a raid of 20."""
    return list(simulate(Night(seed=4, players=20, fights=10, seconds=60)))


def fights(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """The tasks of each fight, from begin to end."""
    begin = 0
    for number, task in enumerate(tasks):
        if isinstance(task, BeginEncounter):
            begin = number
        elif isinstance(task, EndEncounter):
            yield list(tasks[begin : number + 1])


def hits(tasks: Sequence[Task]) -> list[InsertDamageEvent]:
    return [task for task in tasks if isinstance(task, InsertDamageEvent)]


def heals(tasks: Sequence[Task]) -> list[InsertHealEvent]:
    return [task for task in tasks if isinstance(task, InsertHealEvent)]


def updates(tasks: Sequence[Task]) -> list[UpsertEntity]:
    return [task for task in tasks if isinstance(task, UpsertEntity)]


def player_ids(tasks: Sequence[Task]) -> set[int]:
    return {task.entity_id for task in updates(tasks)}


nights = st.builds(
    Night,
    seed=st.integers(0, 10**6),
    players=st.integers(5, 20),
    fights=st.integers(1, 4),
    seconds=st.integers(1, 20),
    attributes=st.booleans(),
)


@settings(max_examples=25, deadline=None)
@given(nights)
def test_every_task_of_every_night_is_one_that_the_contract_allows(night: Night) -> None:
    tasks = list(simulate(night))
    for task in tasks:
        check_task(task)
    assert len(player_ids(tasks)) == night.players
    assert sum(isinstance(task, BeginEncounter) for task in tasks) == night.fights
    assert sum(isinstance(task, EndEncounter) for task in tasks) == night.fights


@settings(max_examples=25, deadline=None)
@given(nights)
def test_time_never_runs_backwards_and_fights_never_overlap(night: Night) -> None:
    tasks = list(simulate(night))
    times = [stream_time_ms(task) for task in tasks]
    assert times == sorted(times)
    marks = [task for task in tasks if isinstance(task, BeginEncounter | EndEncounter)]
    assert [type(mark) for mark in marks] == [BeginEncounter, EndEncounter] * night.fights


def test_the_same_seed_gives_the_same_night_and_another_seed_another() -> None:
    night = Night(seed=7, players=5, fights=2, seconds=5)
    assert list(simulate(night)) == list(simulate(night))
    assert list(simulate(night)) != list(simulate(Night(seed=8, players=5, fights=2, seconds=5)))


def test_the_longest_night_begins_at_once() -> None:
    night = Night(players=20, fights=100_000, seconds=86_400)
    assert len(list(islice(simulate(night), 1_000))) == 1_000


def test_a_raid_makes_two_hundred_events_a_second_and_two_updates_for_each(
    raid: list[Task],
) -> None:
    lengths_ms = [stream_time_ms(fight[-1]) - stream_time_ms(fight[0]) for fight in fights(raid)]
    seconds = sum(lengths_ms) / 1_000
    events = len(hits(raid)) + len(heals(raid))
    assert 200 <= events / seconds <= 1_000
    assert 1.9 <= len(updates(raid)) / events <= 2.1


def test_almost_all_updates_repeat_the_one_before_but_for_the_time(raid: list[Task]) -> None:
    last: dict[int, tuple[object, ...]] = {}
    repeats = 0
    for task in updates(raid):
        told = (task.name, task.class_id, task.ability_score, task.attributes)
        repeats += last.get(task.entity_id) == told
        last[task.entity_id] = told
    assert repeats / len(updates(raid)) > 0.97


def test_at_first_a_player_is_unknown_and_then_sends_attributes_once_a_fight(
    raid: list[Task],
) -> None:
    for fight in fights(raid):
        for player in player_ids(fight):
            first, *rest = (task for task in updates(fight) if task.entity_id == player)
            if first.name is None:
                assert (first.class_id, first.ability_score, first.level) == (0, 0, 0)
            told = [task.attributes for task in (first, *rest) if task.attributes is not None]
            assert len(told) <= 1
            assert all(800 <= len(each) <= 1_600 for each in told)
    assert any(task.attributes for task in updates(raid))


def test_a_party_has_tanks_healers_and_several_classes(raid: list[Task]) -> None:
    known = {task.entity_id: task for task in updates(raid) if task.class_id}
    roles = Counter(CLASSES[task.class_id].role for task in known.values() if task.class_id)
    assert roles[Role.TANK] == 2
    assert roles[Role.HEALER] >= 4
    assert roles[Role.DAMAGE] >= 10
    assert {task.class_id for task in known.values()} == set(CLASSES)
    assert len({task.name for task in known.values()}) == 20


def test_bosses_are_won_and_lost_and_trash_lies_between(raid: list[Task]) -> None:
    outcomes: Counter[str] = Counter()
    for fight in fights(raid):
        bosses = {task.monster_name for task in hits(fight) if task.is_boss}
        end = fight[-1]
        assert isinstance(end, EndEncounter)
        assert set(end.defeated_bosses or ()) <= bosses
        outcomes["trash" if not bosses else "kill" if end.defeated_bosses else "wipe"] += 1
    assert outcomes.keys() == {"trash", "kill", "wipe"}


def test_a_boss_keeps_its_maximum_from_try_to_try(raid: list[Task]) -> None:
    maxima: dict[str | None, set[int | None]] = {}
    for task in hits(raid):
        if task.is_boss:
            maxima.setdefault(task.monster_name, set()).add(task.defender_max_hp)
    assert all(len(each) == 1 for each in maxima.values())


def test_hits_are_critical_lucky_both_or_neither_and_some_are_dodged(raid: list[Task]) -> None:
    kinds = Counter((task.is_crit, task.is_lucky) for task in hits(raid))
    assert len(kinds) == 4
    assert {(task.is_crit, task.is_lucky) for task in heals(raid)} == kinds.keys()
    assert any(task.value == 0 for task in hits(raid))


def test_what_a_hit_takes_is_never_more_than_its_value(raid: list[Task]) -> None:
    assert all(task.hp_loss + task.shield_loss <= task.value for task in hits(raid))
    players = player_ids(raid)
    shielded = [task.defender_id in players for task in hits(raid) if task.shield_loss]
    assert True in shielded
    assert False in shielded


def test_the_dead_are_silent_until_they_are_raised(raid: list[Task]) -> None:
    players = player_ids(raid)
    silences: list[int] = []
    for fight in fights(raid):
        most: dict[int, int] = {}
        hp: dict[int, int] = {}
        died: dict[int, int] = {}
        for hit in hits(fight):
            if hit.defender_id in players:
                most[hit.defender_id] = hit.defender_max_hp or 0
        for task in fight:
            actor = getattr(task, "attacker_id", getattr(task, "healer_id", None))
            if actor in died:
                silences.append(stream_time_ms(task) - died.pop(actor))
                hp[actor] = most[actor] // 2
            if isinstance(task, InsertHealEvent) and (target := task.target_id) in most:
                assert target not in died
                hp[target] = min(most[target], hp.get(target, most[target]) + task.value)
            if isinstance(task, InsertDamageEvent) and (target := task.defender_id) in most:
                assert target not in died
                hp[target] = hp.get(target, most[target]) - task.hp_loss
                if hp[target] == 0:
                    died[target] = task.timestamp_ms
    assert len(silences) > 5
    assert min(silences) > 5_000


def test_some_fights_begin_with_strays_which_their_begin_takes() -> None:
    tasks = list(simulate(Night(seed=2, players=5, fights=12, seconds=3)))
    begins = [number for number, task in enumerate(tasks) if isinstance(task, BeginEncounter)]
    strays = 0
    for number in begins:
        begin = tasks[number]
        while number and isinstance(stray := tasks[number - 1], InsertDamageEvent | UpsertEntity):
            number -= 1
            if isinstance(stray, InsertDamageEvent):
                strays += 1
                assert stream_time_ms(stray) >= stream_time_ms(begin)
    assert strays


def test_several_hits_come_in_the_same_millisecond_and_some_are_alike(raid: list[Task]) -> None:
    alike = Counter(
        (task.timestamp_ms, task.attacker_id, task.defender_id, task.skill_id)
        for task in hits(raid)
    )
    assert max(alike.values()) > 1


def test_every_skill_of_a_night_has_a_name(raid: list[Task]) -> None:
    names = skill_names()
    used = {task.skill_id for task in hits(raid)} | {task.skill_id for task in heals(raid)}
    assert None in used
    assert used - {None} <= names.keys()
    assert all(name.strip() for name in names.values())


def test_fights_take_about_as_long_as_asked() -> None:
    tasks = list(simulate(Night(seed=3, players=10, fights=12, seconds=100)))
    kills = [fight for fight in fights(tasks) if fight[-1].defeated_bosses]  # type: ignore[union-attr]
    assert kills
    for fight in kills:
        assert 60 <= (stream_time_ms(fight[-1]) - stream_time_ms(fight[0])) / 1_000 <= 160


def test_a_night_without_updates_has_none() -> None:
    night = Night(players=5, fights=2, seconds=5, updates=0)
    assert updates(list(simulate(night))) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"players": 4}, "players must be 5 to 20, not 4"),
        ({"players": 21}, "players must be 5 to 20, not 21"),
        ({"fights": 0}, "fights must be 1 to 100,000, not 0"),
        ({"seconds": 0.5}, "seconds must be 1 to 86,400, not 0.5"),
        ({"updates": 11}, "updates must be 0 to 10, not 11"),
    ],
)
def test_a_size_out_of_its_bounds_is_named(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Night(**wrong)  # type: ignore[arg-type]
