"""One fight: its summary, its actors, and the fight being recorded."""

import pytest

from resonance_logs.commands import Commands
from resonance_logs.errors import NotFound
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.builder import AOI, BEN, BOSS, Builder, hit, known_fight


def test_a_fight_has_its_players_most_damage_first(builder: Builder, commands: Commands) -> None:
    fight = commands.get_encounter_by_id(known_fight(builder))
    assert [actor.actor_id for actor in fight.actors] == [AOI, BEN, 9]
    assert fight.duration == 10.0
    assert (fight.total_dmg, fight.total_heal) == (740, 100)
    assert fight.actors[2].name is None
    assert fight.players[2].name == "#9"


def test_actor_stats_have_monsters_too_and_the_rates(builder: Builder, commands: Commands) -> None:
    actors = commands.get_encounter_actor_stats(known_fight(builder))
    assert [actor.actor_id for actor in actors] == [AOI, BEN, BOSS, 9]
    aoi, ben, boss, idle = actors
    assert (aoi.dps, aoi.active_dps) == (50.0, 500.0)
    assert (ben.dps, ben.active_dps) == (24.0, 120.0)
    assert (idle.dps, idle.active_dps) == (0.0, 0.0)
    assert (aoi.is_player, aoi.is_local_player) == (True, True)
    assert (boss.is_player, boss.is_local_player, boss.name) == (False, False, "Ogre")
    assert (aoi.class_id, aoi.class_spec, aoi.ability_score, aoi.level) == (1, 2, 3_000, 60)
    assert (aoi.boss_crit_total_dealt, ben.crit_total_taken, ben.hits_heal) == (100, 150, 2)


def test_actors_of_equal_damage_are_ordered_by_id(builder: Builder, commands: Commands) -> None:
    fight = builder.fight()
    for actor in (5, 3, 4):
        builder.actor(fight, actor, damage_dealt=10, is_player=1)
    assert [each.actor_id for each in commands.get_encounter_actor_stats(fight)] == [3, 4, 5]


def test_there_is_no_live_encounter_while_none_is_open(
    builder: Builder, commands: Commands
) -> None:
    builder.fight()
    assert commands.get_live_encounter() is None


def test_the_live_encounter_is_the_newest_open_one_with_its_counters(
    builder: Builder, commands: Commands
) -> None:
    builder.fight(1_000, None)
    fight = builder.fight(2_000, None, duration_ms=4_000, total_dmg=80)
    builder.actor(fight, AOI, name="Aoi", class_id=1, is_player=1, damage_dealt=80)
    builder.actor(fight, BEN, is_player=1, is_local_player=1)
    builder.actor(fight, BOSS, name="Ogre", damage_dealt=500)
    live = commands.get_live_encounter()
    assert live is not None
    assert (live.id, live.ended_at_ms, live.duration, live.total_dmg) == (fight, None, 4.0, 80)
    assert [(actor.actor_id, actor.dps) for actor in live.actors] == [(AOI, 20.0), (BEN, 0.0)]
    assert [player.name for player in live.players] == ["Aoi", "#8"]
    assert commands.get_encounter_by_id(fight) == live


def test_the_events_of_the_live_encounter_can_be_asked_for(
    builder: Builder, commands: Commands
) -> None:
    fight = builder.fight(1_000, None, duration_ms=4_000, damage_events=2)
    builder.actor(fight, AOI, name="Aoi", is_player=1, damage_dealt=80)
    builder.journal(fight, [hit(1_000, 30, skill_id=1), hit(4_500, 50, skill_id=2)])
    assert commands.get_encounter_timeline(fight, bucket_ms=1_000).series[0].values == [
        30,
        0,
        0,
        50,
    ]
    window = commands.get_encounter_player_skills(fight, AOI, "dps")
    assert [(row.skill_id, row.total_dmg) for row in window.skill_rows] == [(2, 50), (1, 30)]
    assert window.curr_player[0].dps == 20.0


@pytest.mark.parametrize(
    "name",
    [
        "get_encounter_by_id",
        "get_encounter_actor_stats",
        "get_encounter_timeline",
        "get_encounter_range",
        "delete_encounter",
    ],
)
def test_an_unknown_fight_is_not_found(store: Store, commands: Commands, name: str) -> None:
    with pytest.raises(NotFound, match="no fight 99"):
        commands.call(name, {"encounterId": 99})
