"""The game's classes and specs, as known to the community."""

import re

from resonance_logs.fights.games import NEUTRAL_COLOR, find_game
from resonance_logs.fights.games.bpsr import BPSR, CLASSES
from resonance_logs.fights.games.game import Role


def test_every_class_has_its_name_colour_and_specs() -> None:
    told = {
        (each.id, each.name, each.color, *(BPSR.spec_name(each.id, spec) for spec in each.spec_ids))
        for each in CLASSES.values()
    }
    assert told == {
        (1, "Stormblade", "#674598", "Iaido", "Moonstrike"),
        (2, "Frost Mage", "#4de3d1", "Icicle", "Frostbeam"),
        (4, "Wind Knight", "#0099c6", "Vanguard", "Skyward"),
        (5, "Verdant Oracle", "#66aa00", "Smite", "Lifebind"),
        (9, "Heavy Guardian", "#b38915", "Earthfort", "Block"),
        (11, "Marksman", "#ffee00", "Wildpack", "Falconry"),
        (12, "Shield Knight", "#7b9aa2", "Recovery", "Shield"),
        (13, "Beat Performer", "#ee2e48", "Dissonance", "Concerto"),
    }


def test_specs_are_numbered_through_and_belong_to_one_class_each() -> None:
    specs = [spec for each in CLASSES.values() for spec in each.spec_ids]
    assert specs == list(BPSR.spec_names) == list(range(1, 17))


def test_an_unknown_class_is_named_by_its_number_and_has_a_neutral_colour() -> None:
    for unknown in (None, 0):
        assert BPSR.class_name(unknown) == ""
    for unknown in (3, 99, -1):
        assert BPSR.class_name(unknown) == f"Class {unknown}"
    for unknown in (None, 0, 3, 99, -1):
        assert BPSR.class_color(unknown) == NEUTRAL_COLOR
    for spec in (None, 0, 17):
        assert BPSR.spec_name(1, spec) == ""
    assert re.fullmatch("#[0-9a-f]{6}", NEUTRAL_COLOR)


def test_a_spec_of_another_class_or_of_none_has_no_name() -> None:
    assert BPSR.spec_name(1, 1) == "Iaido"
    for class_id in (None, 0, 2, 99):
        assert BPSR.spec_name(class_id, 1) == ""


def test_oracles_and_performers_heal_guardians_and_shield_knights_tank() -> None:
    roles = {role: {each.id for each in CLASSES.values() if each.role is role} for role in Role}
    assert roles == {Role.HEALER: {5, 13}, Role.TANK: {9, 12}, Role.DAMAGE: {1, 2, 4, 11}}


def test_the_default_game_is_found_by_its_id() -> None:
    assert find_game("bpsr") is BPSR


def test_in_a_game_of_which_only_the_id_is_known_classes_and_specs_are_numbers() -> None:
    """Class 1 of another game is no Stormblade."""
    game = find_game("some-game")
    assert (game.id, game.name) == ("some-game", "some-game")
    assert (game.class_name(1), game.class_color(1)) == ("Class 1", NEUTRAL_COLOR)
    assert game.spec_name(1, 1) == "Spec 1"
    for none in (None, 0):
        assert game.class_name(none) == game.spec_name(none, 1) == game.spec_name(1, none) == ""
