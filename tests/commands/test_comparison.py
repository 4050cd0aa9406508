"""Comparing fights or players; figures by hand."""

import pytest

from resonance_logs.commands import Commands
from resonance_logs.commands.comparison import Comparison, ComparisonSide
from resonance_logs.commands.models import SkillType
from resonance_logs.errors import InvalidArgument, NotFound
from tests.helpers.builder import AOI, BEN, BOSS, Builder, hit, known_fight


@pytest.fixture
def two(builder: Builder) -> tuple[int, int]:
    """The known fight, and one of 5 s in which only Aoi hits, with one skill of the first."""
    known = known_fight(builder)
    short = builder.fight(
        100_000, 5_000, ["Imp"], scene="Keep", players=[(AOI, "Aoi", 1)], damage_events=1
    )
    builder.actor(
        short,
        AOI,
        name="Aoi",
        class_id=1,
        is_player=1,
        active_time_ms=2_000,
        damage_dealt=600,
        hits_dealt=2,
    )
    builder.row(
        "damage_skill_stats",
        encounter_id=short,
        attacker_id=AOI,
        defender_id=BOSS,
        skill_id=2,
        total_value=600,
        hits=2,
    )
    builder.archive(short, [hit(101_000, 200, skill_id=2), hit(104_999, 400, skill_id=2)])
    return known, short


def drawn(found: Comparison) -> list[float]:
    """The values of the curves."""
    return [sum(side.values or []) * found.bucket_ms / 1_000 for side in found.sides]


def test_whole_fights_have_the_sums_of_their_players(
    two: tuple[int, int], commands: Commands
) -> None:
    found = commands.compare_encounters(two)
    one, other = found.sides
    assert (one.total, one.per_second, one.hits, one.crit_rate, one.lucky_rate) == (
        740,
        74,
        5,
        1 / 5,
        1 / 5,
    )
    assert (other.total, other.per_second, other.duration) == (600, 120, 5)
    assert (other.scene_name, other.bosses[0].monster_name) == ("Keep", "Imp")
    assert (one.actor_id, one.name, one.active_dps) == (None, None, None)


def test_skills_stand_beside_each_other_the_greatest_first(
    two: tuple[int, int], commands: Commands
) -> None:
    found = commands.compare_encounters(two)
    rows = [
        (skill.skill_id, skill.name, [row and row.total_dmg for row in skill.sides])
        for skill in found.skills
    ]
    assert rows == [
        (2, "Skill 2", [300, 600]),
        (-1, "Unknown Skill", [200, None]),
        (1, "Iai Slash", [200, None]),
        (3, "Skill 3", [40, None]),
    ]
    first = found.skills[0].sides
    assert first[0] is not None
    assert first[1] is not None
    assert (first[0].dps, first[1].dps) == (30, 120)
    assert first[0].dmg_pct == pytest.approx(100 * 300 / 740)
    assert first[1].dmg_pct == 100


def test_players_stand_beside_each_other_who_did_most_first(
    two: tuple[int, int], commands: Commands
) -> None:
    known, short = two
    found = commands.compare_encounters([known, short])
    table = [
        (each.actor_id, each.name, [row and (row.total, row.per_second) for row in each.sides])
        for each in found.actors
    ]
    assert table == [
        (AOI, "Aoi", [(500, 50), (600, 120)]),
        (BEN, "Ben", [(240, 24), None]),
    ]
    aoi, ben = (each.sides[0] for each in found.actors)
    assert aoi is not None
    assert ben is not None
    assert (aoi.share, ben.share) == (500 / 740, 240 / 740)


def test_of_a_side_that_is_one_player_only_that_one_is_listed(
    two: tuple[int, int], commands: Commands
) -> None:
    known, short = two
    found = commands.compare_encounters([(known, BEN), short])
    assert [(each.name, [row and row.total for row in each.sides]) for each in found.actors] == [
        ("Aoi", [None, 600]),
        ("Ben", [240, None]),
    ]
    healed = commands.compare_encounters([known, short], SkillType.HEAL)
    assert [each.name for each in healed.actors] == ["Ben"]


def test_curves_have_one_width_and_their_sum_is_the_total(
    two: tuple[int, int], commands: Commands
) -> None:
    found = commands.compare_encounters(two, points=10)
    assert found.bucket_ms == 1_000
    one, other = (side.values or [] for side in found.sides)
    assert (len(one), len(other)) == (10, 5)
    assert (sum(one), sum(other)) == (740, 600)
    assert other == [0, 200, 0, 0, 400]


def test_players_of_fights_are_compared_by_what_they_did(
    two: tuple[int, int], commands: Commands
) -> None:
    known, short = two
    found = commands.compare_encounters(
        [(known, AOI), (known, BEN), ComparisonSide(encounter_id=short, actor_id=AOI)]
    )
    assert [(side.name, side.total, side.per_second) for side in found.sides] == [
        ("Aoi", 500, 50),
        ("Ben", 240, 24),
        ("Aoi", 600, 120),
    ]
    assert [side.active_dps for side in found.sides] == [500, 120, 300]
    assert [side.class_name for side in found.sides] == [
        "Stormblade",
        "Verdant Oracle",
        "Stormblade",
    ]
    assert drawn(found) == [500, 240, 600]


@pytest.mark.parametrize(("kind", "totals"), [("heal", [0, 100]), ("tanked", [50, 150])])
def test_healing_and_damage_taken_are_compared_as_well(
    two: tuple[int, int], commands: Commands, kind: str, totals: list[int]
) -> None:
    known, _ = two
    found = commands.compare_encounters([(known, AOI), (known, BEN)], kind)  # type: ignore[arg-type]
    assert [side.total for side in found.sides] == totals
    assert drawn(found) == totals
    assert [side.active_dps for side in found.sides] == [None, None]
    assert sum(row.total_dmg for skill in found.skills for row in skill.sides if row) == sum(totals)


def test_a_fight_is_compared_while_it_is_open(builder: Builder, commands: Commands) -> None:
    is_running = builder.fight(1_000, None, duration_ms=4_000)
    builder.actor(is_running, AOI, name="Aoi", is_player=1, damage_dealt=300, hits_dealt=1)
    builder.journal(is_running, [hit(2_000, 300, skill_id=2)])
    found = commands.compare_encounters([is_running, (is_running, AOI)])
    assert [side.total for side in found.sides] == [300, 300]
    assert [skill.skill_id for skill in found.skills] == [2]


def test_a_fight_without_its_hits_has_figures_and_no_curve(
    two: tuple[int, int], builder: Builder, commands: Commands
) -> None:
    with builder.store.write_transaction() as connection:
        connection.exec_driver_sql("DELETE FROM encounter_archives WHERE encounter_id = 1")
    one, other = commands.compare_encounters(two).sides
    assert (one.total, one.values) == (740, None)
    assert other.values is not None


def test_what_cannot_be_compared_is_reported(two: tuple[int, int], commands: Commands) -> None:
    with pytest.raises(NotFound, match="there is no fight 77"):
        commands.compare_encounters([1, 77])
    with pytest.raises(NotFound, match="actor 55 is not in fight 2"):
        commands.compare_encounters([1, (2, 55)])
    for sides in ([], [1], [1] * 9):
        with pytest.raises(InvalidArgument, match="sides"):
            commands.compare_encounters(sides)
