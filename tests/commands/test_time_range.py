"""Ranges and timelines, computed from the archive."""

from typing import Any

import pytest

from resonance_logs.commands import Commands
from resonance_logs.errors import InvalidArgument, NotFound, Unavailable
from resonance_logs.fights.events_from_tasks import collect_events
from tests.helpers.builder import AOI, BEN, BOSS, DAMAGE, HEALS, Builder, hit, known_fight


def test_the_whole_range_is_exactly_what_is_stored(builder: Builder, commands: Commands) -> None:
    fight = known_fight(builder)
    whole = commands.get_encounter_range(fight)
    stored = commands.get_encounter_by_id(fight)
    assert whole.actors == commands.get_encounter_actor_stats(fight)
    assert (whole.duration, whole.total_dmg, whole.total_heal) == (10.0, 740, 100)
    assert (whole.from_ms, whole.to_ms) == (0, 10_000)
    assert [boss.monster_name for boss in whole.bosses] == [
        boss.monster_name for boss in stored.bosses
    ]
    (ogre,) = whole.bosses
    assert (ogre.hits, ogre.total_damage, ogre.max_hp, ogre.is_defeated) == (3, 500, 5_000, True)


def test_the_skills_of_a_range_are_largest_first_and_unknown_sides_are_null(
    builder: Builder, commands: Commands
) -> None:
    whole = commands.get_encounter_range(known_fight(builder))
    assert [(row.attacker_id, row.defender_id, row.skill_id) for row in whole.damage_skills] == [
        (AOI, BOSS, 2),
        (AOI, BOSS, 1),
        (BEN, None, -1),
        (BOSS, BEN, 66),
        (BOSS, AOI, 66),
        (BEN, AOI, 3),
    ]
    assert [row.name for row in whole.damage_skills[:3]] == [
        "Skill 2",
        "Iai Slash",
        "Unknown Skill",
    ]
    assert whole.damage_skills[1].hp_loss_total == 90
    assert [(row.target_id, row.total_value) for row in whole.heal_skills] == [
        (AOI, 60),
        (None, 40),
    ]
    assert len(whole.damage_skills) == len(collect_events(DAMAGE).damage.sums().skill_rows())


def test_a_range_takes_its_first_millisecond_and_not_its_last(
    builder: Builder, commands: Commands
) -> None:
    fight = known_fight(builder)
    part = commands.get_encounter_range(fight, 1_000, 8_000)
    aoi = next(actor for actor in part.actors if actor.actor_id == AOI)
    assert (aoi.damage_dealt, aoi.dps, aoi.active_time_ms) == (300, 300 / 7, 1_000)
    assert (part.duration, part.total_dmg) == (7.0, 540)


def test_two_halves_are_the_whole(builder: Builder, commands: Commands) -> None:
    fight = known_fight(builder)
    whole = commands.get_encounter_range(fight)
    one = commands.get_encounter_range(fight, to_ms=3_000)
    other = commands.get_encounter_range(fight, from_ms=3_000)
    assert one.total_dmg + other.total_dmg == whole.total_dmg
    assert one.total_heal + other.total_heal == whole.total_heal
    assert (one.duration, other.duration) == (3.0, 7.0)


def test_a_range_past_the_end_ends_with_the_fight(builder: Builder, commands: Commands) -> None:
    fight = known_fight(builder)
    late = commands.get_encounter_range(fight, 0, 99_000)
    assert (late.to_ms, late.duration, late.total_dmg) == (10_000, 10.0, 740)
    after = commands.get_encounter_range(fight, 50_000)
    assert (after.duration, after.total_dmg) == (1.0, 0)


def test_a_range_that_ends_before_it_begins_is_refused(
    builder: Builder, commands: Commands
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        commands.get_encounter_range(known_fight(builder), 5_000, 4_000)
    assert caught.value.argument == "toMs"


def test_a_fight_without_its_archive_is_not_found_but_one_without_events_is_empty(
    builder: Builder, commands: Commands
) -> None:
    with pytest.raises(NotFound, match="without its individual hits"):
        commands.get_encounter_range(builder.fight(damage_events=3))
    assert commands.get_encounter_range(builder.fight()).actors == []


def test_a_damaged_archive_is_unavailable(builder: Builder, commands: Commands) -> None:
    fight = builder.fight(damage_events=1)
    builder.row("encounter_archives", encounter_id=fight, events=1, payload=b"rubbish")
    with pytest.raises(Unavailable):
        commands.get_encounter_range(fight)


def series(commands: Commands, fight: int, **arguments: Any) -> list[tuple[int | None, list[int]]]:
    timeline = commands.get_encounter_timeline(fight, bucket_ms=5_000, **arguments)
    assert all(len(line.values) == timeline.buckets for line in timeline.series)
    assert all(line.total == sum(line.values) for line in timeline.series)
    return [(line.id, line.values) for line in timeline.series]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [(AOI, [400, 100]), (BEN, [240, 0])]),
        ({"kind": "heal"}, [(BEN, [100, 0])]),
        ({"kind": "tanked"}, [(BEN, [0, 150]), (AOI, [50, 0])]),
        ({"group_by": "skill"}, [(2, [300, 0]), (-1, [200, 0]), (1, [100, 100]), (3, [40, 0])]),
        ({"group_by": "target"}, [(BOSS, [400, 100]), (None, [200, 0]), (AOI, [40, 0])]),
        ({"group_by": "target", "kind": "heal"}, [(AOI, [60, 0]), (None, [40, 0])]),
        ({"group_by": "target", "kind": "tanked"}, [(BOSS, [50, 150])]),
        ({"actor_id": BEN, "group_by": "skill"}, [(-1, [200, 0]), (3, [40, 0])]),
        ({"actor_id": BOSS}, [(BOSS, [50, 150])]),
        ({"actor_id": AOI, "kind": "tanked"}, [(AOI, [50, 0])]),
        ({"actor_id": 12_345}, []),
        ({"from_ms": 1_000, "to_ms": 4_500}, [(AOI, [300]), (BEN, [240])]),
        ({"from_ms": 4_000}, [(AOI, [100, 0]), (BEN, [40, 0])]),
    ],
)
def test_a_timeline_has_a_line_for_each_actor_skill_or_target(
    builder: Builder,
    commands: Commands,
    arguments: dict[str, Any],
    expected: list[tuple[int | None, list[int]]],
) -> None:
    assert series(commands, known_fight(builder), **arguments) == expected


def test_the_lines_of_a_timeline_have_names(builder: Builder, commands: Commands) -> None:
    fight = known_fight(builder)
    actors = commands.get_encounter_timeline(fight, group_by="target").series
    assert [line.name for line in actors] == ["Ogre", None, "Aoi"]
    skills = commands.get_encounter_timeline(fight, group_by="skill").series
    assert [line.name for line in skills] == ["Skill 2", "Unknown Skill", "Iai Slash", "Skill 3"]


@pytest.mark.parametrize(
    ("duration", "arguments", "width", "buckets"),
    [
        (10_000, {}, 100, 100),
        (120_000, {}, 1_000, 120),
        (120_001, {}, 2_000, 61),
        (600_000, {}, 5_000, 120),
        (10_000_000_000, {}, 83_333_334, 120),
        (0, {}, 100, 1),
        (10_000, {"points": 3}, 3_334, 3),
        (10, {"points": 100}, 1, 10),
        (0, {"points": 5}, 1, 1),
        (10_000, {"bucket_ms": 3_000}, 3_000, 4),
        (10_000, {"bucket_ms": 1}, 1, 10_000),
    ],
)
def test_the_width_of_a_bucket_is_as_asked_or_a_nice_one(
    builder: Builder,
    commands: Commands,
    duration: int,
    arguments: dict[str, Any],
    width: int,
    buckets: int,
) -> None:
    timeline = commands.get_encounter_timeline(builder.fight(0, duration), **arguments)
    assert (timeline.bucket_ms, timeline.buckets) == (width, buckets)


def test_hits_at_the_very_end_and_before_the_start_are_in_the_outer_buckets(
    builder: Builder, commands: Commands
) -> None:
    fight = builder.fight(1_000, 10_000, damage_events=3)
    builder.actor(fight, AOI, is_player=1)
    builder.archive(fight, [hit(900, 1), hit(11_000, 2), hit(20_000, 4)])
    assert series(commands, fight) == [(AOI, [1, 6])]


def test_too_many_buckets_or_two_widths_are_refused(builder: Builder, commands: Commands) -> None:
    fight = builder.fight(0, 10_001)
    with pytest.raises(InvalidArgument) as caught:
        commands.get_encounter_timeline(fight, bucket_ms=1)
    assert caught.value.argument == "bucketMs"
    with pytest.raises(InvalidArgument) as caught:
        commands.get_encounter_timeline(fight, bucket_ms=1_000, points=5)
    assert caught.value.argument == "points"


def test_the_known_fight_has_the_events_its_figures_were_added_from() -> None:
    events = collect_events([*DAMAGE, *HEALS])
    assert int(events.damage.value.sum()) == 940
    assert int(events.heals.value.sum()) == 100


def test_a_timeline_of_too_many_values_is_refused(
    builder: Builder, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    fight = known_fight(builder)
    monkeypatch.setattr("resonance_logs.commands.timeline.MAX_VALUES", 15)
    assert len(commands.get_encounter_timeline(fight, bucket_ms=5_000).series) == 2
    with pytest.raises(InvalidArgument, match="would give 10 buckets for 2 lines; use wider"):
        commands.get_encounter_timeline(fight, bucket_ms=1_000)
