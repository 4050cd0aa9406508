"""Two games in one database: their ids and names never mix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resonance_logs import Database, UpsertEntity
from resonance_logs.commands import Commands, Filters
from resonance_logs.errors import InvalidArgument, NotFound
from tests.helpers.two_games import (
    ALT,
    BPSR,
    FIRST,
    OTHER,
    OTHER_SKILL,
    SECOND,
    SHARED,
    SKILL,
    WOW,
    record_two_games,
)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    path = tmp_path_factory.mktemp("games") / "fights.db"
    record_two_games(path)
    with Database.open(path, record=False) as db:
        yield db.commands


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"games": []}, [4, 3, 2, 1]),
        ({"games": None, "recorders": None}, [4, 3, 2, 1]),
        ({"games": [WOW]}, [3, 2]),
        ({"games": [BPSR]}, [4, 1]),
        ({"games": [BPSR, WOW]}, [4, 3, 2, 1]),
        ({"games": ["eso"]}, []),
        ({"class_ids": [1]}, [4, 3, 2, 1]),
        ({"class_ids": [1], "games": [WOW]}, [3, 2]),
        ({"class_ids": [8], "games": [BPSR]}, []),
        ({"boss_names": ["Ogre"], "games": [BPSR]}, [4, 1]),
        ({"boss_names": ["Ogre"], "games": [BPSR], "is_defeated": True}, [1]),
        ({"encounter_names": ["Court"], "games": [WOW]}, [2]),
        ({"player_name": "a"}, [4, 3, 2, 1]),
        ({"player_name": "ao", "games": [WOW]}, []),
        ({"player_names": ["Thrall"], "games": [WOW]}, [3, 2]),
        ({"tags": ["theirs"], "games": [BPSR]}, []),
        ({"is_favorite": True, "games": [WOW]}, [3]),
        ({"is_favorite": False, "games": [WOW]}, [2]),
        ({"encounter_ids": [1, 2], "games": [WOW]}, [2]),
        ({"date_from_ms": 60_000, "games": [WOW]}, [3]),
        ({"recorders": [ALT]}, [3, 2]),
        ({"recorders": ["default", ALT]}, [4, 3, 2, 1]),
        ({"recorders": ["Alt"]}, []),
        ({"recorders": [ALT], "games": [BPSR]}, []),
        ({"recorders": ["default"], "is_defeated": False}, [4]),
    ],
    ids=str,
)
def test_fights_are_filtered_by_game_and_by_recorder(
    commands: Commands, filters: dict[str, Any], expected: list[int]
) -> None:
    page = commands.get_recent_encounters_filtered(filters=Filters(**filters))
    assert [row.id for row in page.rows] == expected
    assert page.total_count == len(expected)


def test_a_fight_tells_its_recorder_and_game(commands: Commands) -> None:
    told = [(row.id, row.recorder, row.game) for row in commands.get_recent_encounters().rows]
    assert told == [
        (4, "default", BPSR),
        (3, ALT, WOW),
        (2, ALT, WOW),
        (1, "default", BPSR),
    ]


def test_the_recorders_are_listed_by_name(commands: Commands) -> None:
    alt, default = commands.get_recorders()
    assert (alt.name, alt.game, alt.position, alt.encounters) == (ALT, WOW, 10, 2)
    assert (default.name, default.game, default.position, default.encounters) == (
        *("default", BPSR),
        *(8, 2),
    )
    assert alt.open_encounter_id is None
    assert not alt.can_resume
    assert alt.seen_at_ms is not None
    assert commands.get_unique_recorder_names().names == [ALT, "default"]


def test_a_recorder_known_from_imported_fights_alone_has_sent_nothing(
    tmp_path: Path,
) -> None:
    with Database.open(tmp_path / "theirs.db") as theirs:
        alt = theirs.recorder(ALT, game="eso")
        for task in FIRST:
            alt.enqueue(task)
        theirs.flush(30)
        theirs.export_fights([1], tmp_path / "fight.db")
    with Database.open(tmp_path / "ours.db", record=False, create=True) as ours:
        ours.import_fights(tmp_path / "fight.db")
        assert ours.commands.call("get_recorders") == [
            {
                "name": ALT,
                "game": "eso",
                "position": 0,
                "canResume": False,
                "seenAtMs": None,
                "openEncounterId": None,
                "encounters": 1,
            }
        ]


def test_a_game_has_the_classes_of_its_module_or_else_those_met(commands: Commands) -> None:
    bpsr, wow = commands.get_games()
    assert (bpsr.id, bpsr.name, bpsr.encounters) == (BPSR, "Blue Protocol: Star Resonance", 2)
    assert [each.id for each in bpsr.classes] == [1, 2, 4, 5, 9, 11, 12, 13]
    assert (bpsr.classes[0].name, bpsr.classes[0].color) == ("Stormblade", "#674598")
    assert wow.model_dump() == {
        "id": WOW,
        "name": WOW,
        "encounters": 2,
        "classes": [
            {"id": 1, "name": "Class 1", "color": "#9e9e9e"},
            {"id": 8, "name": "Class 8", "color": "#9e9e9e"},
        ],
    }


def test_names_to_choose_from_are_those_of_the_game(commands: Commands) -> None:
    assert commands.get_unique_boss_names().names == ["Ogre"]
    assert commands.get_unique_boss_names("eso").names == []
    assert commands.get_unique_scene_names().names == ["Court", "Void"]
    assert commands.get_unique_scene_names(BPSR).names == ["Court"]
    assert commands.get_unique_tags().names == ["ours", "theirs"]
    assert commands.get_unique_tags(WOW).names == ["theirs"]
    assert commands.get_player_names_filtered("").names == ["Aoi", "Thrall", "Jaina"]
    assert commands.get_player_names_filtered("a", WOW).names == ["Thrall", "Jaina"]
    assert commands.get_recent_players_command(3) == [
        (SHARED, "Aoi"),
        (SHARED, "Thrall"),
        (OTHER, "Jaina"),
    ]
    assert commands.get_recent_players_command(1, WOW) == [(SHARED, "Thrall")]


def test_a_player_without_a_game_is_the_one_seen_last(commands: Commands) -> None:
    assert commands.get_player_name_command(SHARED) == "Aoi"
    assert commands.get_player_name_command(SHARED, WOW) == "Thrall"
    assert commands.get_player_name_command(OTHER) == "Jaina"
    assert commands.get_player_name_command(OTHER, BPSR) is None
    assert commands.get_player_profile(SHARED).player.game == BPSR
    assert commands.get_player_fights(SHARED).game == BPSR
    assert [row.encounter_id for row in commands.get_player_fights(SHARED).rows] == [4, 1]
    with pytest.raises(NotFound, match="no player 8 of bpsr"):
        commands.get_player_profile(OTHER, BPSR)


def test_players_of_all_games_or_of_one_are_listed(commands: Commands) -> None:
    rows = commands.get_players().rows
    assert [(row.uid, row.game, row.name) for row in rows] == [
        (SHARED, BPSR, "Aoi"),
        (SHARED, WOW, "Thrall"),
        (OTHER, WOW, "Jaina"),
    ]
    assert [(row.class_name, row.class_spec_name) for row in rows] == [
        ("Stormblade", "Moonstrike"),
        ("Class 1", "Spec 2"),
        ("Class 8", ""),
    ]
    page = commands.get_players("a", game=WOW)
    assert ([row.name for row in page.rows], page.total_count) == (["Thrall", "Jaina"], 2)


def test_a_profile_is_that_of_the_player_of_the_game(commands: Commands) -> None:
    profile = commands.get_player_profile(SHARED, WOW)
    assert (profile.player.name, profile.player.game) == ("Thrall", WOW)
    assert (profile.fights, profile.kills, profile.total_dmg) == (2, 1, 7_000)
    (played,) = profile.classes
    assert (played.class_name, played.class_spec_name) == ("Class 1", "Spec 2")
    assert (played.median_dps, played.best_dps) == (250.0, 300.0)
    (boss,) = profile.bosses
    assert (boss.tries, boss.kills, boss.best_encounter_id) == (2, 1, 3)
    fights = commands.get_player_fights(SHARED, game=WOW)
    assert (fights.game, fights.total_count) == (WOW, 2)
    assert [(row.encounter_id, row.dps, row.class_name) for row in fights.rows] == [
        (3, 300.0, "Class 1"),
        (2, 200.0, "Class 1"),
    ]


def test_bosses_and_scenes_of_the_same_name_have_a_row_for_each_game(commands: Commands) -> None:
    answer = commands.get_bosses_and_scenes()
    bosses = [(each.name, each.game, each.tries, each.kills) for each in answer.bosses]
    assert bosses == [("Ogre", BPSR, 2, 1), ("Ogre", WOW, 2, 1)]
    assert [each.last_started_at_ms for each in answer.bosses] == [80_000, 60_000]
    scenes = [(each.name, each.game, each.tries, each.kills) for each in answer.scenes]
    assert scenes == [("Court", BPSR, 2, 1), ("Court", WOW, 1, 0), ("Void", WOW, 1, 1)]
    of_wow = commands.get_bosses_and_scenes(WOW)
    assert of_wow.bosses == answer.bosses[1:]
    assert of_wow.scenes == answer.scenes[1:]


@pytest.mark.parametrize(
    ("game", "told", "ids", "kill", "class_name", "dps"),
    [
        (None, BPSR, [4, 1], 1, "Stormblade", 100.0),
        (BPSR, BPSR, [4, 1], 1, "Stormblade", 100.0),
        (WOW, WOW, [3, 2], 3, "Class 1", 300.0),
    ],
)
def test_a_boss_is_that_of_one_game(
    commands: Commands,
    game: str | None,
    told: str,
    ids: list[int],
    kill: int,
    class_name: str,
    dps: float,
) -> None:
    profile = commands.get_boss_profile("Ogre", game=game)
    assert (profile.game, profile.fights, profile.kills) == (told, 2, 1)
    assert [each.encounter_id for each in profile.newest] == ids
    assert [each.encounter_id for each in profile.fastest] == [kill]
    assert [(each.class_name, each.dps.median) for each in profile.classes] == [(class_name, dps)]


def test_a_scene_of_one_game_alone_tells_the_game(commands: Commands) -> None:
    assert commands.get_boss_profile(scene_name="Void").game == WOW
    with pytest.raises(NotFound, match="there is no fight of bpsr with 'Void'"):
        commands.get_boss_profile(scene_name="Void", game=BPSR)


def test_the_tries_at_a_boss_are_those_of_the_game(commands: Commands) -> None:
    tries = commands.get_boss_tries(2)
    assert (tries.previous_id, tries.next_id, tries.number, tries.count) == (None, 3, 1, 2)
    tries = commands.get_boss_tries(4)
    assert (tries.previous_id, tries.next_id, tries.number, tries.count) == (1, None, 2, 2)


@pytest.mark.parametrize(
    ("fight", "class_name", "spec_name", "skill"),
    [(1, "Stormblade", "Moonstrike", "Slash"), (2, "Class 1", "Spec 2", "Chain Lightning")],
)
def test_names_in_a_fight_are_those_of_its_game(
    commands: Commands, fight: int, class_name: str, spec_name: str, skill: str
) -> None:
    window = commands.get_encounter_player_skills(fight, SHARED, "dps")
    (player,) = window.curr_player
    assert (player.class_name, player.class_spec_name) == (class_name, spec_name)
    assert [row.name for row in window.skill_rows] == [skill]
    party = commands.get_encounter_party(fight)
    assert party.game == (BPSR if fight == 1 else WOW)
    assert (party.rows[0].class_name, party.rows[0].class_spec_name) == (class_name, spec_name)
    assert commands.get_encounter_range(fight).damage_skills[0].name == skill
    assert commands.get_encounter_timeline(fight, group_by="skill").series[0].name == skill


def test_sides_of_two_games_have_no_actor_and_no_skill_in_common(commands: Commands) -> None:
    compared = commands.compare_encounters([1, 2])
    assert [side.game for side in compared.sides] == [BPSR, WOW]
    actors = [(each.game, each.actor_id, each.name) for each in compared.actors]
    assert actors == [(WOW, SHARED, "Thrall"), (BPSR, SHARED, "Aoi"), (WOW, OTHER, "Jaina")]
    skills = [(each.game, each.skill_id, each.name) for each in compared.skills]
    assert skills == [
        (WOW, SKILL, "Chain Lightning"),
        (BPSR, SKILL, "Slash"),
        (WOW, OTHER_SKILL, "Skill 6"),
    ]
    assert [side is None for side in compared.skills[0].sides] == [True, False]
    players = commands.compare_encounters([(1, SHARED), (3, SHARED)]).sides
    assert [side.class_name for side in players] == ["Stormblade", "Class 1"]


def test_fights_of_one_game_share_their_actors_and_skills(commands: Commands) -> None:
    compared = commands.compare_encounters([2, 3])
    assert [(each.game, each.actor_id) for each in compared.actors] == [
        (WOW, SHARED),
        (WOW, OTHER),
    ]
    assert [row.total if row else None for row in compared.actors[0].sides] == [4_000, 3_000]


def test_the_catalog_counts_the_names_of_a_game_or_of_all(commands: Commands) -> None:
    assert [commands.get_catalog(each).skills for each in (None, BPSR, WOW, "eso")] == [2, 1, 1, 0]


@pytest.mark.parametrize(
    ("name", "arguments", "argument"),
    [
        ("get_players", {"game": "WoW"}, "game"),
        ("get_catalog", {"game": ""}, "game"),
        ("get_player_name_command", {"uid": 7, "game": "a" * 65}, "game"),
        ("set_catalog_names", {"kind": "skill", "names": {}, "game": None}, "game"),
        ("get_unique_boss_names", {"game": 7}, "game"),
        ("get_unique_boss_names", {"game": "wow\n"}, "game"),
        ("get_live_encounter", {"recorder": ""}, "recorder"),
        ("get_live_encounter", {"recorder": "r" * 65}, "recorder"),
        ("get_recent_encounters_filtered", {"filters": {"games": ["a b"]}}, "filters.games.0"),
        ("get_recent_encounters_filtered", {"filters": {"recorders": [""]}}, "filters.recorders.0"),
    ],
    ids=str,
)
def test_what_cannot_be_a_game_or_a_recorder_is_refused(
    commands: Commands, name: str, arguments: dict[str, object], argument: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        commands.call(name, arguments)
    assert refused.value.argument == argument


def test_each_recorder_has_its_open_fight(tmp_path: Path) -> None:
    with Database.open(tmp_path / "fights.db") as db:
        alt = db.recorder(ALT, game=WOW)
        commands = db.commands
        assert commands.get_live_encounters() == []
        for recorder, tasks in ((db, FIRST[:3]), (alt, SECOND[:3])):
            for task in tasks:
                recorder.enqueue(task)
            db.flush(30)
        both = commands.get_live_encounters()
        assert [(each.id, each.recorder, each.game) for each in both] == [
            (2, ALT, WOW),
            (1, "default", BPSR),
        ]
        assert [each.name for each in both[1].players] == ["Aoi"]
        assert {each.name for each in both[0].players} == {"Thrall", "Jaina"}
        last, first = both
        assert commands.get_live_encounter() == last
        assert commands.get_live_encounter("default") == first
        assert commands.get_live_encounter("other") is None
        assert [each.open_encounter_id for each in commands.get_recorders()] == [2, 1]
        assert [each.encounters for each in commands.get_recorders()] == [0, 0]
        assert [(each.id, each.encounters) for each in commands.get_games()] == [
            (BPSR, 0),
            (WOW, 0),
        ]
        db.enqueue(FIRST[3])
        db.flush(30)
        assert commands.get_live_encounters() == [last]


def test_a_rejected_task_tells_whose_it_is(tmp_path: Path) -> None:
    with Database.open(tmp_path / "fights.db") as db:
        db.recorder(ALT, game=WOW).enqueue(UpsertEntity(entity_id="x", seen_at_ms=1))  # type: ignore[arg-type]
        db.flush(30)
        (row,) = db.commands.get_rejected_tasks().rows
        assert (row.recorder, row.game) == (ALT, WOW)
