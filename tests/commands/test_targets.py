"""The other side of an actor's hits and heals: whom it hit or healed, who hit it."""

import pytest

from resonance_logs.commands import Commands, SkillType
from resonance_logs.commands.skills import TargetRow
from resonance_logs.errors import NotFound
from tests.helpers.builder import AOI, BEN, BOSS, Builder, known_fight


@pytest.mark.parametrize(
    ("actor", "kind", "expected"),
    [
        (AOI, "dps", [(BOSS, "Ogre", False, 500)]),
        (BEN, "dps", [(None, None, False, 200), (AOI, "Aoi", True, 40)]),
        (BEN, "heal", [(AOI, "Aoi", True, 60), (None, None, False, 40)]),
        (AOI, "tanked", [(BOSS, "Ogre", False, 50)]),
        (BOSS, "dps", [(BEN, "Ben", True, 150), (AOI, "Aoi", True, 50)]),
        (BOSS, "tanked", [(AOI, "Aoi", True, 500)]),
        (9, "dps", []),
    ],
)
def test_the_targets_of_an_actor_are_largest_first_and_the_sources_where_it_was_hit(
    builder: Builder,
    commands: Commands,
    actor: int,
    kind: str,
    expected: list[tuple[int | None, str | None, bool, int]],
) -> None:
    fight = known_fight(builder)
    whole = commands.get_encounter_player_targets(fight, actor, SkillType(kind))
    rows = whole.target_rows
    assert [(row.actor_id, row.name, row.is_player, row.total_dmg) for row in rows] == expected
    part = commands.get_encounter_player_targets(fight, actor, SkillType(kind), 0)
    assert part == whole


def test_a_target_has_the_figures_of_a_skill(builder: Builder, commands: Commands) -> None:
    window = commands.get_encounter_player_targets(known_fight(builder), BEN, "heal")
    assert window.target_rows[1] == TargetRow(
        actor_id=None,
        name=None,
        class_id=None,
        is_player=False,
        total_dmg=40,
        dps=4.0,
        dmg_pct=40.0,
        crit_rate=1.0,
        crit_dmg_rate=1.0,
        lucky_rate=0.0,
        lucky_dmg_rate=0.0,
        hits=1,
        hits_per_minute=1 / (10 / 60),
    )
    assert window.target_rows[0].class_id == 1


def test_a_range_of_the_fight_counts_only_what_is_in_it(
    builder: Builder, commands: Commands
) -> None:
    fight = known_fight(builder)
    (row,) = commands.get_encounter_player_targets(fight, AOI, "dps", 1_000, 3_000).target_rows
    assert (row.actor_id, row.total_dmg, row.dps, row.hits) == (BOSS, 300, 150.0, 1)


def test_what_the_targets_of_an_actor_got_is_what_its_skills_did(
    builder: Builder, commands: Commands
) -> None:
    fight = known_fight(builder)
    for actor in (AOI, BEN, BOSS):
        for kind in ("dps", "heal", "tanked"):
            skills = commands.get_encounter_player_skills(fight, actor, kind)
            targets = commands.get_encounter_player_targets(fight, actor, kind)
            whole = sum(row.total_dmg for row in targets.target_rows)
            assert whole == skills.curr_player[0].total_dmg
            assert whole == sum(row.total_dmg for row in skills.skill_rows)


def test_an_actor_who_is_not_in_the_fight_is_not_found(
    builder: Builder, commands: Commands
) -> None:
    fight = known_fight(builder)
    for from_ms in (None, 0):
        with pytest.raises(NotFound, match="actor 12345"):
            commands.get_encounter_player_targets(fight, 12_345, "dps", from_ms)
    with pytest.raises(NotFound, match="fight 99"):
        commands.get_encounter_player_targets(99, AOI, "dps")
