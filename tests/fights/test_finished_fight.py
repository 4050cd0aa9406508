"""All that is stored of an ended fight is computed from its events, without a database."""

import json
from collections.abc import Collection, Sequence

import pytest
from hypothesis import given

from resonance_logs.fights import finished_fight
from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.event_sums import FightEventSums
from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.finished_fight import Ending, FightContext, FinishedFight, all_actors
from resonance_logs.fights.open_fight import OpenEncounter
from resonance_logs.fights.players import Entity
from resonance_logs.tasks import InsertDamageEvent, InsertHealEvent, Task, UpsertEntity
from tests.helpers.small_events import columns, heals, hits

AOI, BO, STRANGER, GOLEM = 1, 2, 3, 99


def hit(at: int, attacker: int = AOI, value: int = 10) -> InsertDamageEvent:
    return InsertDamageEvent(at, attacker, value, GOLEM, "Golem", skill_id=7, is_boss=True)


def player(actor: int, name: str | None, class_id: int = 1) -> Entity:
    known = UpsertEntity(entity_id=actor, seen_at_ms=1, name=name, class_id=class_id)
    return Entity.first_seen(known).updated_by(known)


def open_fight(events: Events, party: Collection[int] = ()) -> OpenEncounter:
    begun = OpenEncounter(4, 1_000, local_player_id=AOI, scene_id=None, scene_name=None)
    return begun.adding(events).with_party(party)


def finish(
    tasks: Sequence[Task],
    ending: Ending | None = None,
    known: Collection[Entity] = (),
    fight: OpenEncounter | None = None,
    *,
    archive: bool = True,
) -> FinishedFight:
    """The fight of these events, which begins at 1000 ms."""
    events = collect_events(tasks)
    players = {each.entity_id: each for each in known}
    fight = fight or open_fight(events, players)
    context = FightContext(
        actors=all_actors(fight, events),
        known=players,
        updated=players.keys(),
        scene_name="Old quarry",
        rejected_events=3,
        journal_bytes=500,
    )
    ending = ending or Ending(9_000)
    return FinishedFight.compute(fight, events, ending, context, archive=archive)


def test_the_summary_has_times_counts_totals_and_what_is_known_besides() -> None:
    tasks: list[Task] = [hit(2_000), hit(3_000, BO, 40), InsertHealEvent(4_000, BO, 5, AOI)]
    finished = finish(tasks, Ending(9_000, ["golem"]), [player(AOI, "Aoi"), player(BO, "Bo", 2)])
    assert (finished.id, finished.report.id) == (4, 4)
    summary = dict(finished.summary)
    assert json.loads(summary.pop("bosses")) == [
        {"monsterName": "Golem", "maxHp": None, "isDefeated": True}
    ]
    assert json.loads(summary.pop("players")) == [
        {"name": "Bo", "classId": 2, "isLocalPlayer": False},
        {"name": "Aoi", "classId": 1, "isLocalPlayer": True},
    ]
    assert summary == {
        "started_at_ms": 1_000,
        "ended_at_ms": 9_000,
        "local_player_id": AOI,
        "scene_id": None,
        "scene_name": "Old quarry",
        "duration_ms": 8_000,
        "is_defeated": 1,
        "damage_events": 2,
        "heal_events": 1,
        "journal_bytes": 500,
        "was_interrupted": 0,
        "rejected_events": 3,
        "lost_events": 0,
        "clock_jumped": 0,
        "unknown_dmg": 0,
        "recorder": "default",
        "game": "bpsr",
        "total_dmg": 50,
        "total_heal": 5,
    }


@given(hits, heals)
def test_rows_are_sorted_by_key_and_add_up(
    damage: list[InsertDamageEvent], healing: list[InsertHealEvent]
) -> None:
    events = columns(damage, healing)
    finished = finish([*damage, *healing], known=[player(1, "Aoi"), player(2, "Bo")])
    sums = FightEventSums.from_events(events)
    assert finished.damage_rows == sums.damage.skill_rows()
    assert finished.heal_rows == sums.heals.skill_rows()
    actors = [row[0] for row in finished.actor_rows]
    assert actors == sorted(all_actors(open_fight(events, [1, 2]), events))
    assert [row[0] for row in finished.boss_rows] == sorted(finished.boss_names)
    own = [
        t for t in damage if t.attacker_id in finished.players and t.attacker_id != t.defender_id
    ]
    assert finished.summary["total_dmg"] == sum(task.value for task in own)


def test_the_archive_holds_the_events_where_it_is_wanted_and_there_are_any() -> None:
    finished = finish([hit(2_000), hit(3_000)])
    assert finished.archive is not None
    count, payload = finished.archive
    assert (count, len(decode_events(payload)), finished.archive_error) == (2, 2, None)
    for without in (finish([hit(2_000)], archive=False), finish([])):
        assert (without.archive, without.archive_error) == (None, None)


def test_events_that_cannot_be_archived_leave_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_events: Events, *, compact: bool) -> bytes:
        raise ValueError(f"too many, compact={compact}")

    monkeypatch.setattr(finished_fight, "encode_events", fail)
    finished = finish([hit(2_000)])
    assert (finished.archive, finished.archive_error) == (None, "too many, compact=True")
    assert finished.summary["damage_events"] == 1


@pytest.mark.parametrize(
    ("given_ms", "events", "ended_at_ms", "reason"),
    [
        (500, [], 1_000, "before its start"),
        (2_500, [hit(2_000), hit(3_000)], 3_000, "before its last event"),
    ],
)
def test_an_end_too_early_is_moved_logged_and_counts_as_a_jump_of_the_clock(
    given_ms: int,
    events: list[Task],
    ended_at_ms: int,
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    finished = finish(events, Ending(given_ms))
    assert (finished.summary["ended_at_ms"], finished.report.ended_at_ms) == (
        ended_at_ms,
        ended_at_ms,
    )
    assert finished.summary["clock_jumped"] == 1
    assert reason in caplog.text


def test_whether_the_clock_jumped_may_be_given() -> None:
    assert finish([], Ending(500, clock_jumped=False)).summary["clock_jumped"] == 0


def test_damage_of_unknown_attackers_and_names_that_may_still_arrive_are_reported() -> None:
    tasks = [hit(2_000), hit(3_000, BO), hit(4_000, STRANGER, 30)]
    finished = finish(tasks, Ending(9_000, ["Tina"]), [player(AOI, "Aoi"), player(BO, None)])
    report = finished.report
    assert (report.unknown_dmg, set(report.unknown_attackers)) == (30, {STRANGER})
    assert report.unnamed == {BO, STRANGER}
    assert report.unmatched_bosses == 1
    assert finished.boss_rows == [("Golem", 3, 50, None, 0), ("Tina", 0, 0, None, 1)]


def test_events_recorded_and_not_read_again_are_lost() -> None:
    recorded = open_fight(collect_events([hit(2_000), hit(3_000)]))
    with_loss = OpenEncounter(4, 1_000, None, None, None, damage_events=2, lost_events=5)
    assert finish([hit(2_000)], fight=with_loss).summary["lost_events"] == 6
    assert (
        finish([hit(2_000)], Ending(9_000, lost_events=1), fight=recorded).summary["lost_events"]
        == 1
    )


def test_live_sums_that_differ_are_logged_and_the_events_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    elsewhere = open_fight(collect_events([hit(2_000), hit(3_000)]))
    finished = finish([hit(2_000)], fight=elsewhere)
    assert "the live sums differ" in caplog.text
    assert finished.summary["damage_events"] == 1


def test_attributes_are_those_of_players_who_have_any() -> None:
    known = UpsertEntity(entity_id=BO, seen_at_ms=1, name="Bo", attributes='{"a":1}')
    bo = Entity.first_seen(known).updated_by(known)
    finished = finish([hit(2_000)], known=[player(AOI, "Aoi"), bo])
    assert finished.attribute_rows == [(BO, '{"a":1}')]
