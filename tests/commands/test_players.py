"""Player statistics: fights, classes, bosses, percentiles; figures by hand."""

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from resonance_logs.commands import Commands
from resonance_logs.errors import InvalidArgument, NotFound
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.builder import AOI, BEN, Builder


def fight(
    builder: Builder,
    day: int,
    damage: int,
    boss: str = "Ogre",
    killed: bool = True,
    class_id: int = 1,
    duration: int | None = 10_000,
    also: str | None = None,
) -> int:
    """A fight in which Aoi did some damage, with a monster that has the same id."""
    bosses = [boss, *([also] if also else [])]
    number = builder.fight(
        day * 1_000_000,
        duration,
        bosses,
        [boss] if killed else [],
        scene=f"Court {day}",
        total_dmg=damage,
    )
    builder.actor(
        number,
        AOI,
        name="Aoi",
        is_player=1,
        class_id=class_id,
        damage_dealt=damage,
        heal_dealt=7,
        damage_taken=3,
        active_time_ms=4_000,
    )
    if duration is not None:
        for name in bosses:
            builder.row(
                "encounter_bosses",
                encounter_id=number,
                monster_name=name,
                is_defeated=int(killed and name == boss),
            )
    return number


@pytest.fixture
def career(builder: Builder) -> Builder:
    """Six ended fights of Aoi, an open one, and one of Ben."""
    builder.player(AOI, "Aoi", 50)
    builder.player(BEN, "Ben", 90)
    builder.player(9, None, 10)
    fight(builder, 1, 100)
    fight(builder, 3, 300)
    fight(builder, 2, 200)
    fight(builder, 4, 900, killed=False, class_id=5)
    fight(builder, 5, 50, boss="Imp", also="Ogre")
    fight(builder, 6, 0, duration=0)
    fight(builder, 7, 10_000, duration=None)
    other = builder.fight(9_000_000, bosses=["Ogre"], defeated=["Ogre"])
    builder.actor(other, BEN, name="Ben", is_player=1, damage_dealt=99)
    builder.actor(other, AOI, name="Not Aoi", is_player=0, damage_dealt=99_999)
    return builder


def test_players_are_listed_by_when_they_were_last_seen_and_found_by_a_part_of_the_name(
    career: Builder, commands: Commands
) -> None:
    page = commands.get_players()
    assert [(row.uid, row.name) for row in page.rows] == [(BEN, "Ben"), (AOI, "Aoi"), (9, None)]
    assert page.total_count == 3
    assert [row.uid for row in commands.get_players("O").rows] == [AOI]
    assert [row.uid for row in commands.get_players(limit=1, offset=1).rows] == [AOI]
    assert commands.get_players("%").total_count == 0


def test_a_profile_sums_the_ended_fights_in_which_this_was_a_player(
    career: Builder, commands: Commands
) -> None:
    found = commands.get_player_profile(AOI)
    assert (found.player.name, found.fights, found.kills) == ("Aoi", 6, 5)
    assert (found.total_dmg, found.total_heal, found.active_time_ms) == (1_550, 42, 24_000)
    assert found.dps is not None
    # 10, 30, 20, 90, 5 per second in 10 s each, and nothing in the fight without a length.
    assert (found.dps.count, found.dps.least, found.dps.median, found.dps.most) == (6, 0, 15, 90)


def test_classes_are_those_of_most_fights_first(career: Builder, commands: Commands) -> None:
    found = commands.get_player_profile(AOI).classes
    assert [(each.class_name, each.fights, each.median_dps, each.best_dps) for each in found] == [
        ("Stormblade", 5, 10, 30),
        ("Verdant Oracle", 1, 90, 90),
    ]


def test_each_boss_has_its_tries_and_its_kills(career: Builder, commands: Commands) -> None:
    ogre, imp = commands.get_player_profile(AOI).bosses
    assert (ogre.monster_name, ogre.tries, ogre.kills) == ("Ogre", 6, 4)
    assert (ogre.best_dps, ogre.best_encounter_id, ogre.median_dps) == (90, 4, 15)
    assert (ogre.best_kill_dps, ogre.median_kill_dps) == (30, 15)
    assert ogre.last_started_at_ms == 6_000_000
    assert (imp.monster_name, imp.tries, imp.kills, imp.best_kill_dps) == ("Imp", 1, 1, 5)


def test_a_boss_never_defeated_has_no_dps_of_kills(builder: Builder, commands: Commands) -> None:
    builder.player(AOI, "Aoi", 50)
    fight(builder, 1, 100, killed=False)
    (boss,) = commands.get_player_profile(AOI).bosses
    assert (boss.kills, boss.best_kill_dps, boss.median_kill_dps) == (0, None, None)


def test_who_was_in_no_fight_has_an_empty_profile(builder: Builder, commands: Commands) -> None:
    builder.player(AOI, "Aoi", 50)
    found = commands.get_player_profile(AOI)
    assert (found.fights, found.dps, found.classes, found.bosses) == (0, None, [], [])
    assert commands.get_player_fights(AOI).rows == []


def test_fights_come_newest_first_with_percentiles_among_the_own_kills_of_the_boss(
    career: Builder, commands: Commands
) -> None:
    page = commands.get_player_fights(AOI)
    assert [row.encounter_id for row in page.rows] == [6, 5, 4, 2, 3, 1]
    assert page.total_count == 6
    found = {
        (row.encounter_id, boss.monster_name): (boss.is_defeated, boss.percentile)
        for row in page.rows
        for boss in row.bosses
    }
    third = pytest.approx(100 / 3)
    assert found == {
        (1, "Ogre"): (True, third),
        (2, "Ogre"): (True, 100),
        (3, "Ogre"): (True, pytest.approx(200 / 3)),
        (4, "Ogre"): (False, None),
        (5, "Imp"): (True, None),
        (5, "Ogre"): (False, None),
        (6, "Ogre"): (True, 0),
    }


def test_a_fight_has_the_figures_of_the_player(career: Builder, commands: Commands) -> None:
    row = commands.get_player_fights(AOI, offset=3, limit=1).rows[0]
    assert (row.encounter_id, row.scene_name, row.class_name) == (2, "Court 3", "Stormblade")
    assert (row.total_dmg, row.dps, row.active_dps, row.duration) == (300, 30, 75, 10)
    assert (row.total_heal, row.damage_taken, row.started_at_ms) == (7, 3, 3_000_000)


def test_the_trend_is_the_median_of_a_fight_and_the_nine_before_it_on_whatever_page(
    builder: Builder, commands: Commands
) -> None:
    builder.player(AOI, "Aoi", 50)
    for day in range(1, 15):
        fight(builder, day, 100 * day)
    whole = commands.get_player_fights(AOI).rows
    assert [row.trend_dps for row in whole[-3:]] == [20, 15, 10]
    assert whole[0].trend_dps == 95  # of 50 to 140
    pages = [commands.get_player_fights(AOI, None, 3, start).rows for start in range(0, 15, 3)]
    assert [row for page in pages for row in page] == whole


def test_only_the_fights_with_one_boss_on_demand(career: Builder, commands: Commands) -> None:
    page = commands.get_player_fights(AOI, "Imp")
    assert [row.encounter_id for row in page.rows] == [5]
    assert commands.get_player_fights(AOI, "Ogre", limit=2).total_count == 6
    assert commands.get_player_fights(AOI, "Nobody").total_count == 0
    assert commands.get_player_fights(AOI, offset=99).rows == []


def test_an_unknown_player_is_not_found(commands: Commands) -> None:
    with pytest.raises(NotFound, match="there is no player 77"):
        commands.get_player_profile(77)
    with pytest.raises(NotFound, match="there is no player 77"):
        commands.get_player_fights(77)
    with pytest.raises(InvalidArgument, match="limit"):
        commands.get_player_fights(77, limit=0)


def test_a_players_fights_are_found_by_an_index(career: Builder, store: Store) -> None:
    seen: list[tuple[str, tuple[object, ...]]] = []

    def note(
        _c: object, _cursor: object, text: str, values: tuple[object, ...], *_: object
    ) -> None:
        seen.append((text, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        Commands(store).get_player_fights(AOI)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    ours = [each for each in seen if "actor_id = ?" in each[0]]
    assert len(ours) == 2
    with store.read_transaction() as connection:
        for statement, values in ours:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plan = [step.detail for step in steps]
            assert "ix_actor_encounter_stats_player" in plan[0]
            assert not any(step.startswith("SCAN") for step in plan)
