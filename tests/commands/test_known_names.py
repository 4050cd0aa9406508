"""Names to choose from."""

import pytest

from resonance_logs.commands import Commands
from resonance_logs.errors import InvalidArgument
from tests.helpers.builder import Builder


def test_names_of_bosses_and_scenes_are_sorted_and_go_with_their_last_fight(
    builder: Builder, commands: Commands
) -> None:
    builder.fight(bosses=["Ogre", "Imp"], scene="Keep")
    fight = builder.fight(bosses=["Wyrm", "Imp"], scene="Court")
    assert commands.get_unique_boss_names().names == ["Imp", "Ogre", "Wyrm"]
    assert commands.get_unique_scene_names().names == ["Court", "Keep"]
    commands.delete_encounter(fight)
    assert commands.get_unique_boss_names().names == ["Imp", "Ogre"]
    assert commands.get_unique_scene_names().names == ["Keep"]


def test_a_value_that_no_fight_has_is_not_shown(builder: Builder, commands: Commands) -> None:
    builder.row("facet_values", kind="boss", value="Ghost", folded="ghost")
    assert commands.get_unique_boss_names().names == []


@pytest.fixture
def known(builder: Builder) -> Builder:
    for actor, name, seen in (
        (1, "Aoi", 100),
        (2, "BAOI", 300),
        (3, "50%_Ä", 200),
        (4, None, 900),
        (5, "Aoi", 400),
        (6, "' OR 1=1 --", 300),
    ):
        builder.player(actor, name, seen)
    return builder


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("aoi", ["Aoi", "BAOI"]),
        ("BA", ["BAOI"]),
        ("%", ["50%_Ä"]),
        ("_ä", ["50%_Ä"]),
        ("' or", ["' OR 1=1 --"]),
        ("", ["Aoi", "BAOI", "' OR 1=1 --", "50%_Ä"]),
        ("nobody", []),
    ],
)
def test_players_are_found_by_part_of_their_name_last_seen_first(
    known: Builder, commands: Commands, prefix: str, names: list[str]
) -> None:
    assert commands.get_player_names_filtered(prefix).names == names


def test_recent_players_have_names_and_ids(known: Builder, commands: Commands) -> None:
    assert commands.get_recent_players_command(3) == [(5, "Aoi"), (2, "BAOI"), (6, "' OR 1=1 --")]
    assert commands.call("get_recent_players_command", {"limit": 1}) == [[5, "Aoi"]]


def test_a_name_that_is_not_known_is_null(known: Builder, commands: Commands) -> None:
    assert commands.get_player_name_command(1) == "Aoi"
    assert commands.get_player_name_command(4) is None
    assert commands.get_player_name_command(77) is None


def test_half_a_surrogate_pair_is_refused_by_name(commands: Commands) -> None:
    with pytest.raises(InvalidArgument) as caught:
        commands.get_player_names_filtered("\ud800")
    assert caught.value.argument == "prefix"
