"""Names of skills and scenes."""

import pytest

from resonance_logs.commands import Commands
from resonance_logs.errors import InvalidArgument
from tests.helpers.builder import AOI, Builder, known_fight


def test_a_name_is_shown_wherever_the_skill_is_and_the_newest_counts(
    builder: Builder, commands: Commands
) -> None:
    fight = known_fight(builder)
    for name in ("Moon Slash", "月光"):
        commands.set_catalog_names("skill", {2: name})
        rows = commands.get_encounter_player_skills(fight, AOI, "dps").skill_rows
        assert [row.name for row in rows] == [name, "Iai Slash"]


def test_names_are_counted_by_what_they_are_of(commands: Commands) -> None:
    assert (commands.get_catalog().skills, commands.get_catalog().scenes) == (0, 0)
    commands.set_catalog_names("skill", {1: "a", -5: "b"})
    commands.call("set_catalog_names", {"kind": "scene", "names": {"1": "Court"}})
    commands.set_catalog_names("scene", {})
    assert (commands.get_catalog().skills, commands.get_catalog().scenes) == (2, 1)


@pytest.mark.parametrize(
    ("names", "argument"),
    [
        ({"x": "a"}, "names.x.[key]"),
        ({str(2**60): "a"}, f"names.{2**60}.[key]"),
        ({"1": ""}, "names.1"),
        ({"1": 5}, "names.1"),
        ([], "names"),
    ],
)
def test_names_that_cannot_be_are_refused(commands: Commands, names: object, argument: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        commands.call("set_catalog_names", {"kind": "skill", "names": names})
    assert caught.value.argument == argument
    with pytest.raises(InvalidArgument, match="kind"):
        commands.call("set_catalog_names", {"kind": "boss", "names": {}})
