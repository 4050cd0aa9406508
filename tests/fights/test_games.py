"""The game's classes and specs, as known to the community."""

import re

from resonance_logs.fights.games import NEUTRAL_COLOR, class_color, class_name, spec_name
from resonance_logs.fights.games.bpsr import CLASSES, SPEC_NAMES
from resonance_logs.fights.games.classes import Role


def test_every_class_has_its_name_colour_and_specs() -> None:
    told = {
        (each.id, each.name, each.color, *(spec_name(each.id, spec) for spec in each.spec_ids))
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
    assert specs == list(SPEC_NAMES) == list(range(1, 17))


def test_an_unknown_class_has_an_empty_name_and_a_neutral_colour() -> None:
    for unknown in (None, 0, 3, 99, -1):
        assert class_name(unknown) == ""
        assert class_color(unknown) == NEUTRAL_COLOR
    for spec in (None, 0, 17):
        assert spec_name(1, spec) == ""
    assert re.fullmatch("#[0-9a-f]{6}", NEUTRAL_COLOR)


def test_a_spec_of_another_class_or_of_none_has_no_name() -> None:
    assert spec_name(1, 1) == "Iaido"
    for class_id in (None, 0, 2, 99):
        assert spec_name(class_id, 1) == ""


def test_oracles_and_performers_heal_guardians_and_shield_knights_tank() -> None:
    roles = {role: {each.id for each in CLASSES.values() if each.role is role} for role in Role}
    assert roles == {Role.HEALER: {5, 13}, Role.TANK: {9, 12}, Role.DAMAGE: {1, 2, 4, 11}}
