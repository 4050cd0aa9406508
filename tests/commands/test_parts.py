"""Parts of a fight: wherever it is cut, the parts add up to the whole, in every command."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resonance_logs import (
    BeginEncounter,
    Database,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
)
from resonance_logs.commands import Commands
from resonance_logs.commands.fight_part import Part
from resonance_logs.errors import InvalidArgument
from resonance_logs.fights.events_from_tasks import collect_events
from tests.helpers.builder import AOI, BOSS, Builder, heal, hit
from tests.helpers.parts import figures_of, parts_of, sum_of_parts
from tests.helpers.truth import load_tasks, needs_data

START = 1_000_000
NAMES = {900: "Ogre", 901: "Imp"}


def encounter(duration: int, *, has_ended: bool = True) -> Any:
    return SimpleNamespace(
        duration_ms=duration, ended_at_ms=START + duration if has_ended else None
    )


def offsets_in(part: Part, offsets: list[int]) -> list[int]:
    events = collect_events([hit(START + each, 1) for each in offsets])
    chosen = part.select(events, START).damage.timestamp_ms - START
    return chosen.tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "expected"),
    [
        (None, None, [-5, 0, 40, 100, 105]),
        (0, None, [-5, 0, 40, 100, 105]),
        (None, 100, [-5, 0, 40, 100, 105]),
        (0, 999, [-5, 0, 40, 100, 105]),
        (0, 40, [-5, 0]),
        (40, 100, [40, 100, 105]),
        (40, 99, [40]),
        (99, 100, [100, 105]),
        (1, 40, []),
        (40, 40, []),
        (0, 0, []),
        (100, 100, []),
        (100, None, []),
        (101, 200, []),
    ],
)
def test_which_events_belong_to_a_part(
    from_ms: int | None, to_ms: int | None, expected: list[int]
) -> None:
    part = Part.of(encounter(100), from_ms, to_ms)
    assert offsets_in(part, [-5, 0, 40, 100, 105]) == expected
    assert part.is_whole is (len(expected) == 5)


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "bounds"),
    [
        (None, None, (0, 100)),
        (20, 70, (20, 70)),
        (20, 500, (20, 100)),
        (100, None, (100, 100)),
        (300, 400, (300, 300)),
    ],
)
def test_a_part_ends_with_the_fight(
    from_ms: int | None, to_ms: int | None, bounds: tuple[int, int]
) -> None:
    part = Part.of(encounter(100), from_ms, to_ms)
    assert (part.from_ms, part.to_ms) == bounds


def test_a_fight_of_no_length_has_all_its_events_in_the_part_from_its_start() -> None:
    assert offsets_in(Part.of(encounter(0), 0, 1), [-1, 0, 1]) == [-1, 0, 1]
    assert offsets_in(Part.of(encounter(0), None, None), [-1, 0, 1]) == [-1, 0, 1]
    assert offsets_in(Part.of(encounter(0), 1, None), [-1, 0, 1]) == []


def test_an_open_fight_has_no_end_that_a_part_could_reach() -> None:
    going_on = encounter(100, has_ended=False)
    assert offsets_in(Part.of(going_on, 0, 100), [-5, 99, 100, 180]) == [-5, 99]
    assert offsets_in(Part.of(going_on, 0, 150), [-5, 99, 100, 180]) == [-5, 99, 100]
    assert offsets_in(Part.of(going_on, 100, None), [-5, 99, 100, 180]) == [100, 180]
    assert offsets_in(Part.of(going_on, 150, None), [-5, 99, 100, 180]) == [180]


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"^toMs: must not be less than fromMs$"):
        Part.of(encounter(100), 5, 4)


OFFSETS = st.lists(st.integers(-50, 300) | st.sampled_from([0, 1, 99, 100, 101]), max_size=30)
CUTS = st.lists(st.integers(0, 260) | st.sampled_from([0, 1, 99, 100, 101]), max_size=6)


@given(OFFSETS, CUTS, st.integers(0, 250) | st.just(100), st.booleans())
def test_each_event_belongs_to_one_part_wherever_the_fight_is_cut(
    offsets: list[int], cuts: list[int], duration: int, has_ended: bool
) -> None:
    fight = encounter(duration, has_ended=has_ended)
    found = [
        offset
        for bounds in parts_of(sorted(cuts))
        for offset in offsets_in(Part.of(fight, *bounds), offsets)
    ]
    assert sorted(found) == sorted(offsets)


@st.composite
def fights(draw: st.DrawFn) -> list[Task]:
    """A begun fight of two players and two monsters; some events lie outside its times."""
    times = st.integers(-500, 6_000) | st.sampled_from([-1, 0, 1, 4_999, 5_000, 5_001])
    flags = {"is_crit": st.booleans(), "is_lucky": st.booleans()}
    ids, skills = st.sampled_from([1, 2, 900, 901]), st.sampled_from([11, 12, None])
    tasks: list[Task] = [
        BeginEncounter(started_at_ms=START, local_player_id=1),
        *(UpsertEntity(entity_id=each, seen_at_ms=START, name=f"P{each}") for each in (1, 2)),
    ]
    for time in draw(st.lists(times, min_size=1, max_size=25)):
        common: dict[str, Any] = {
            "timestamp_ms": START + time,
            "value": draw(st.integers(0, 1_000)),
            "skill_id": draw(skills),
            **{name: draw(each) for name, each in flags.items()},
        }
        if draw(st.booleans()):
            heal_target = draw(ids | st.none())
            tasks.append(InsertHealEvent(healer_id=draw(ids), target_id=heal_target, **common))
            continue
        defender = draw(ids | st.none())
        tasks.append(
            InsertDamageEvent(
                attacker_id=draw(ids),
                defender_id=defender,
                monster_name=None if defender is None else NAMES.get(defender),
                is_boss=defender == 900,
                hp_loss=draw(st.integers(0, 9)),
                shield_loss=draw(st.integers(0, 9)),
                **common,
            )
        )
    return tasks


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database.open(tmp_path_factory.mktemp("parts") / "fights.db") as database:
        yield database


@given(fights(), st.lists(st.integers(0, 7_000), max_size=3).map(sorted), st.booleans())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_parts_add_up_to_the_whole_in_every_command(
    recorder: Database, tasks: list[Task], cuts: list[int], is_open: bool
) -> None:
    recorder.enqueue_many(tasks)
    end = EndEncounter(ended_at_ms=START + 5_000)
    if not is_open:
        recorder.enqueue(end)
    recorder.flush(30)
    fight = _newest(recorder)
    whole = figures_of(recorder.commands, fight)
    assert sum_of_parts(recorder.commands, fight, parts_of(cuts)) == whole
    if is_open:
        recorder.enqueue(end)
        recorder.flush(30)


def _newest(recorder: Database) -> int:
    live = recorder.commands.get_live_encounter()
    if live is not None:
        return live.id
    # Begun at one time, they are listed by their ids.
    return recorder.commands.get_recent_encounters(limit=1).rows[0].id


@given(
    st.lists(st.tuples(st.integers(-50, 1_200), st.integers(1, 9)), min_size=1, max_size=30),
    st.integers(1, 400),
    st.integers(1, 1_000),
    st.lists(st.integers(1, 9), max_size=3, unique=True),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_buckets_of_adjacent_parts_are_those_of_the_whole(
    builder: Builder,
    commands: Commands,
    hits: list[tuple[int, int]],
    width: int,
    duration: int,
    places: list[int],
) -> None:
    fight = builder.fight(START, duration, damage_events=len(hits))
    builder.actor(fight, AOI, is_player=1)
    builder.archive(fight, [hit(START + time, value) for time, value in hits])
    cuts = sorted(place * width for place in places if place * width < duration)

    def values(from_ms: int | None, to_ms: int | None) -> list[int]:
        timeline = commands.get_encounter_timeline(
            fight, bucket_ms=width, from_ms=from_ms, to_ms=to_ms
        )
        lines = [np.array(line.values) for line in timeline.series]
        return sum(lines, np.zeros(timeline.buckets, dtype=np.int64)).tolist()

    parts = [value for part in parts_of(cuts) for value in values(*part)]
    assert parts == values(None, None)


def test_a_killing_blow_at_the_very_end_is_in_the_last_part(
    builder: Builder, commands: Commands
) -> None:
    fight = builder.fight(START, 60_000, damage_events=2, heal_events=1)
    builder.actor(fight, AOI, is_player=1)
    builder.actor(fight, BOSS)
    damage = [hit(START, 1), hit(START + 60_000, 900, is_boss=True, monster_name="Ogre")]
    builder.archive(fight, damage, [heal(START + 60_000, 5, healer=AOI)])
    last = commands.get_encounter_range(fight, 30_000, 60_000)
    assert (last.total_dmg, last.total_heal) == (900, 5)
    assert [(boss.monster_name, boss.hits) for boss in last.bosses] == [("Ogre", 1)]
    assert commands.get_encounter_range(fight, 30_000, 59_999).total_dmg == 0


def test_a_part_that_is_the_whole_needs_no_individual_hits(
    builder: Builder, commands: Commands
) -> None:
    fight = builder.fight(duration=10_000, damage_events=3)
    builder.actor(fight, AOI, is_player=1, damage_dealt=5, hits_dealt=1)
    whole = commands.get_encounter_party(fight)
    assert whole.total == 5
    for part in ((0, None), (None, 10_000), (0, 10_000), (0, 99_000)):
        assert commands.get_encounter_party(fight, "dps", "players", *part) == whole


@needs_data
def test_the_killing_blow_of_the_case_is_in_the_last_half_in_every_command(db: Database) -> None:
    db.enqueue_many(load_tasks("cases/killing-blow-at-end"))
    db.flush(30)
    fight, player = 1, 7
    parts = ((0, 30_000, 30_000), (30_000, 60_000, 930_000), (None, None, 960_000))
    for from_ms, to_ms, expected in parts:
        part: dict[str, Any] = {"from_ms": from_ms, "to_ms": to_ms}
        ask = db.commands
        (timeline,) = ask.get_encounter_timeline(fight, bucket_ms=30_000, **part).series
        found = [
            ask.get_encounter_range(fight, **part).total_dmg,
            ask.get_encounter_party(fight, **part).total,
            ask.get_encounter_player_skills(fight, player, "dps", **part).curr_player[0].total_dmg,
            ask.get_encounter_player_targets(fight, player, "dps", **part).target_rows[0].total_dmg,
            timeline.total,
        ]
        assert found == [expected] * 5
        assert timeline.values[-1] == min(expected, 930_000)


@needs_data
def test_halves_of_every_fight_of_a_real_night_add_up(db: Database) -> None:
    db.enqueue_many(load_tasks("malygos"))
    db.flush(60)
    fights = db.commands.get_recent_encounters(limit=1_000).rows
    assert len(fights) == 27
    for fight in fights:
        end = round(fight.duration * 1_000)
        whole = db.commands.get_encounter_range(fight.id)
        halves = [
            db.commands.get_encounter_range(fight.id, *part)
            for part in ((0, end // 2), (end // 2, end))
        ]
        assert sum(half.total_dmg for half in halves) == whole.total_dmg
        assert sum(half.total_heal for half in halves) == whole.total_heal
    shortest = min(fights, key=lambda fight: fight.duration)
    end = round(shortest.duration * 1_000)
    parts = [(0, end // 3), (end // 3, end // 2), (end // 2, end)]
    whole_figures = figures_of(db.commands, shortest.id)
    assert sum_of_parts(db.commands, shortest.id, parts) == whole_figures
