"""Bosses and scenes: attempts, kills, times, DPS by class; figures by hand."""

import pytest

from resonance_logs.commands import Commands
from resonance_logs.errors import InvalidArgument, NotFound
from tests.helpers.builder import AOI, BEN, Builder


def fight(
    builder: Builder,
    day: int,
    duration: int | None,
    killed: bool = True,
    boss: str | None = "Ogre",
    scene: str | None = "Court",
    **damage: int,
) -> int:
    """A fight of Aoi (class 1) and Ben (class 5) with this much damage."""
    bosses = [boss] if boss else []
    number = builder.fight(
        day * 1_000_000, duration, bosses, bosses if killed else [], scene, total_dmg=500
    )
    for actor, name, class_id in ((AOI, "aoi", 1), (BEN, "ben", 5)):
        if name in damage:
            builder.actor(number, actor, is_player=1, class_id=class_id, damage_dealt=damage[name])
    builder.actor(number, 900, name="Ogre", damage_dealt=9_999)
    if boss and duration is not None:
        builder.row(
            "encounter_bosses", encounter_id=number, monster_name=boss, is_defeated=int(killed)
        )
    return number


@pytest.fixture
def tried(builder: Builder) -> Builder:
    fight(builder, 1, 10_000, aoi=1_000, ben=400)
    fight(builder, 2, 5_000, aoi=1_000)
    fight(builder, 3, 60_000, killed=False, aoi=600_000)
    fight(builder, 4, 20_000, scene="Keep", aoi=1_000)
    fight(builder, 5, 30_000, boss="Imp", killed=False)
    fight(builder, 6, 30_000, boss=None)
    fight(builder, 7, None, scene="Court")
    return builder


def test_bosses_and_scenes_are_listed_by_how_often_they_were_tried(
    tried: Builder, commands: Commands
) -> None:
    found = commands.get_bosses_and_scenes()
    assert [
        (each.name, each.fights, each.tries, each.kills, each.best_time, each.last_started_at_ms)
        for each in (*found.bosses, *found.scenes)
    ] == [
        ("Ogre", 4, 4, 3, 5, 4_000_000),
        ("Imp", 1, 1, 0, None, 5_000_000),
        ("Court", 5, 4, 2, 5, 6_000_000),
        ("Keep", 1, 1, 1, 20, 4_000_000),
    ]


def test_of_a_boss_the_kills_and_their_times_are_reported(
    tried: Builder, commands: Commands
) -> None:
    found = commands.get_boss_profile("Ogre")
    assert (found.tries, found.kills, found.time_spent) == (4, 3, 95)
    assert (found.best_time, found.median_time) == (5, 10)
    assert (found.first_started_at_ms, found.last_started_at_ms) == (1_000_000, 4_000_000)
    assert [each.encounter_id for each in found.fastest] == [2, 1, 4]
    assert [(each.encounter_id, each.is_kill) for each in found.newest] == [
        (4, True),
        (3, False),
        (2, True),
        (1, True),
    ]
    assert (found.newest[0].scene_name, found.newest[0].dps) == ("Keep", 25)


def test_dps_by_class_is_of_the_players_of_kills_only(tried: Builder, commands: Commands) -> None:
    found = commands.get_boss_profile("Ogre")
    assert found.kills_compared == 3
    assert [(each.class_name, each.dps.count, each.dps.median) for each in found.classes] == [
        ("Stormblade", 3, 100),
        ("Verdant Oracle", 1, 40),
    ]
    assert (found.classes[0].dps.least, found.classes[0].dps.most) == (50, 200)


def test_dps_by_class_can_be_of_the_newest_kills(tried: Builder, commands: Commands) -> None:
    found = commands.get_boss_profile("Ogre", newest=1)
    assert (found.kills, found.kills_compared) == (3, 1)
    assert [(each.class_id, each.dps.median) for each in found.classes] == [(1, 50)]


def test_a_scene_counts_fights_in_which_any_boss_was_defeated(
    tried: Builder, commands: Commands
) -> None:
    found = commands.get_boss_profile(scene_name="Court")
    assert (found.fights, found.tries, found.kills, found.best_time) == (5, 4, 2, 5)
    assert [each.has_boss for each in found.newest] == [False, True, True, True, True]
    both = commands.get_boss_profile("Ogre", "Court")
    assert (both.boss_name, both.scene_name, both.tries, both.kills) == ("Ogre", "Court", 3, 2)


def test_a_boss_that_was_never_defeated_has_no_times(tried: Builder, commands: Commands) -> None:
    found = commands.get_boss_profile("Imp")
    assert (found.kills, found.best_time, found.median_time) == (0, None, None)
    assert (found.fastest, found.classes, found.kills_compared) == ([], [], 0)


def test_of_a_fight_with_two_bosses_only_the_one_defeated_counts_as_killed(
    builder: Builder, commands: Commands
) -> None:
    number = builder.fight(1_000, bosses=["Ogre", "Imp"], defeated=["Ogre"])
    for name, killed in (("Ogre", 1), ("Imp", 0)):
        builder.row("encounter_bosses", encounter_id=number, monster_name=name, is_defeated=killed)
    assert commands.get_boss_profile("Ogre").kills == 1
    assert commands.get_boss_profile("Imp").kills == 0
    assert [(each.name, each.kills) for each in commands.get_bosses_and_scenes().bosses] == [
        ("Imp", 0),
        ("Ogre", 1),
    ]


def test_no_fight_yet_is_no_boss_and_no_scene(commands: Commands) -> None:
    found = commands.get_bosses_and_scenes()
    assert (found.bosses, found.scenes) == ([], [])


def test_what_was_never_met_is_not_found(tried: Builder, commands: Commands) -> None:
    with pytest.raises(NotFound, match="there is no fight with 'Nobody'"):
        commands.get_boss_profile("Nobody")
    with pytest.raises(NotFound, match="there is no fight with 'Imp' in 'Keep'"):
        commands.get_boss_profile("Imp", "Keep")
    with pytest.raises(
        InvalidArgument, match="bossName: give bossName, sceneName or both"
    ) as caught:
        commands.call("get_boss_profile", {})
    assert caught.value.argument == "bossName"
