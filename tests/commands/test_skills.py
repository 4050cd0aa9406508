"""The skills of one actor: figures by hand, for damage, healing and damage taken."""

import pytest

from resonance_logs.commands import Commands
from resonance_logs.commands.skills import PlayerRow, SkillRow, SkillsWindow
from resonance_logs.errors import InvalidArgument, NotFound
from tests.helpers.builder import AOI, BEN, BOSS, Builder, known_fight


def skills(window: SkillsWindow) -> list[tuple[int, str, int]]:
    return [(row.skill_id, row.name, row.total_dmg) for row in window.skill_rows]


def test_the_figures_of_damage_are_those_of_the_specification(
    builder: Builder, commands: Commands
) -> None:
    window = commands.get_encounter_player_skills(known_fight(builder), AOI, "dps")
    assert window.curr_player == [
        PlayerRow(
            uid=AOI,
            name="Aoi",
            class_name="Stormblade",
            class_spec_name="Moonstrike",
            ability_score=3_000,
            total_dmg=500,
            dps=50.0,
            dmg_pct=100 * (500 / 740),
            crit_rate=1 / 3,
            crit_dmg_rate=0.2,
            lucky_rate=1 / 3,
            lucky_dmg_rate=0.6,
            hits=3,
            hits_per_minute=3 / (10 / 60),
        )
    ]
    assert window.skill_rows == [
        SkillRow(
            skill_id=2,
            name="Skill 2",
            total_dmg=300,
            dps=30.0,
            dmg_pct=60.0,
            crit_rate=0.0,
            crit_dmg_rate=0.0,
            lucky_rate=1.0,
            lucky_dmg_rate=1.0,
            hits=1,
            hits_per_minute=1 / (10 / 60),
        ),
        SkillRow(
            skill_id=1,
            name="Iai Slash",
            total_dmg=200,
            dps=20.0,
            dmg_pct=40.0,
            crit_rate=0.5,
            crit_dmg_rate=0.5,
            lucky_rate=0.0,
            lucky_dmg_rate=0.0,
            hits=2,
            hits_per_minute=2 / (10 / 60),
        ),
    ]


def test_heals_are_summed_over_targets_and_an_unknown_skill_has_a_name(
    builder: Builder, commands: Commands
) -> None:
    window = commands.get_encounter_player_skills(known_fight(builder), BEN, "heal")
    assert skills(window) == [(4, "Skill 4", 60), (-1, "Unknown Skill", 40)]
    (player,) = window.curr_player
    assert (player.total_dmg, player.dmg_pct, player.crit_rate) == (100, 100.0, 0.5)


def test_tanked_is_what_monsters_did_and_not_the_hits_of_players(
    builder: Builder, commands: Commands
) -> None:
    fight = known_fight(builder)
    window = commands.get_encounter_player_skills(fight, AOI, "tanked")
    assert skills(window) == [(66, "Skill 66", 50)]
    assert window.skill_rows[0].dmg_pct == 100.0
    (player,) = window.curr_player
    assert (player.total_dmg, player.dmg_pct) == (50, 25.0)
    ben = commands.get_encounter_player_skills(fight, BEN, "tanked").curr_player[0]
    assert (ben.dmg_pct, ben.crit_dmg_rate) == (75.0, 1.0)


@pytest.mark.parametrize("kind", ["dps", "heal", "tanked"])
def test_an_idle_player_has_a_row_of_zeros_and_no_skills(
    builder: Builder, commands: Commands, kind: str
) -> None:
    fight = known_fight(builder)
    answer = commands.call(
        "get_encounter_player_skills", {"encounterId": fight, "actorId": 9, "skillType": kind}
    )
    assert answer == {
        "currPlayer": [
            {
                "uid": 9,
                "name": None,
                "className": "",
                "classSpecName": "",
                "abilityScore": None,
                "totalDmg": 0,
                "dps": 0.0,
                "dmgPct": 0.0,
                "critRate": 0.0,
                "critDmgRate": 0.0,
                "luckyRate": 0.0,
                "luckyDmgRate": 0.0,
                "hits": 0,
                "hitsPerMinute": 0.0,
            }
        ],
        "skillRows": [],
    }


def test_a_monster_has_skills_too_and_its_share_is_of_the_monsters(
    builder: Builder, commands: Commands
) -> None:
    window = commands.get_encounter_player_skills(known_fight(builder), BOSS, "dps")
    assert skills(window) == [(66, "Skill 66", 200)]
    assert window.curr_player[0].dmg_pct == 100.0


def test_equal_skills_are_ordered_by_id(builder: Builder, commands: Commands) -> None:
    fight = builder.fight()
    builder.actor(fight, AOI, is_player=1, damage_dealt=20)
    for skill in (9, 3):
        builder.row(
            "damage_skill_stats",
            encounter_id=fight,
            attacker_id=AOI,
            defender_id=1,
            skill_id=skill,
            total_value=10,
        )
    window = commands.get_encounter_player_skills(fight, AOI, "dps")
    assert [row.skill_id for row in window.skill_rows] == [3, 9]


@pytest.mark.parametrize("actor", [AOI, BEN, 9, BOSS])
@pytest.mark.parametrize("kind", ["dps", "heal", "tanked"])
def test_the_whole_range_computed_from_the_archive_is_what_is_stored(
    builder: Builder, commands: Commands, actor: int, kind: str
) -> None:
    where = {"encounterId": known_fight(builder), "actorId": actor, "skillType": kind}
    stored = commands.call("get_encounter_player_skills", where)
    # From 0 on, nothing of this fight is excluded, but its events are read.
    assert commands.call("get_encounter_player_skills", {**where, "fromMs": 0}) == stored


def test_a_range_of_the_fight_counts_only_what_is_in_it(
    builder: Builder, commands: Commands
) -> None:
    window = commands.get_encounter_player_skills(known_fight(builder), AOI, "dps", 1_000, 3_000)
    assert skills(window) == [(2, "Skill 2", 300)]
    (player,) = window.curr_player
    assert (player.total_dmg, player.dps, player.dmg_pct) == (300, 150.0, 60.0)


def test_an_actor_who_is_not_in_the_fight_is_not_found(
    builder: Builder, commands: Commands
) -> None:
    fight = known_fight(builder)
    for from_ms in (None, 0):
        with pytest.raises(NotFound, match="actor 12345"):
            commands.get_encounter_player_skills(fight, 12_345, "dps", from_ms)
    with pytest.raises(NotFound, match="fight 99"):
        commands.get_encounter_player_skills(99, AOI, "dps")


def test_an_unknown_kind_names_the_argument(builder: Builder, commands: Commands) -> None:
    with pytest.raises(InvalidArgument) as caught:
        commands.call(
            "get_encounter_player_skills", {"encounterId": 1, "actorId": 1, "skillType": "x"}
        )
    assert caught.value.argument == "skillType"
