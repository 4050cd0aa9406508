"""User marks on fights: favourite, note, tags."""

import pytest

from resonance_logs.commands import Commands, Filters
from resonance_logs.errors import InvalidArgument, NotFound
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.builder import Builder


def favorites(commands: Commands, wanted: bool = True) -> list[int]:
    page = commands.get_recent_encounters_filtered(filters=Filters(is_favorite=wanted))
    assert all(row.is_favorite is wanted for row in page.rows)
    return [row.id for row in page.rows]


def test_a_favourite_is_found_as_such_for_as_long_as_it_is_one(
    builder: Builder, commands: Commands
) -> None:
    one, other = builder.fight(), builder.fight()
    for _ in range(2):
        commands.toggle_favorite_encounter(one, True)
        assert (favorites(commands), favorites(commands, False)) == ([one], [other])
    for _ in range(2):
        commands.toggle_favorite_encounter(one, False)
        assert (favorites(commands), favorites(commands, False)) == ([], [other, one])


def test_an_unknown_fight_cannot_be_marked(commands: Commands) -> None:
    with pytest.raises(NotFound, match="no fight 5"):
        commands.toggle_favorite_encounter(5, True)


def tagged(commands: Commands, *tags: str) -> list[int]:
    page = commands.get_recent_encounters_filtered(filters=Filters(tags=list(tags)))
    return [row.id for row in page.rows]


def test_an_open_fight_cannot_be_marked(builder: Builder, commands: Commands) -> None:
    fight = builder.fight(2_000, None)
    for name, arguments, argument in (
        ("toggle_favorite_encounter", {"id": fight, "isFavorite": True}, "id"),
        ("set_encounter_note", {"encounterId": fight, "note": "x"}, "encounterId"),
        ("set_encounter_tags", {"encounterId": fight, "tags": ["x"]}, "encounterId"),
    ):
        with pytest.raises(InvalidArgument, match="still being recorded") as caught:
            commands.call(name, arguments)
        assert caught.value.argument == argument


def test_a_fight_that_does_not_exist_takes_no_note_and_no_tags(commands: Commands) -> None:
    with pytest.raises(NotFound, match="there is no fight 5"):
        commands.set_encounter_note(5, "x")
    with pytest.raises(NotFound, match="there is no fight 5"):
        commands.set_encounter_tags(5, ["x"])


def test_a_note_is_shown_until_it_is_removed(builder: Builder, commands: Commands) -> None:
    fight = builder.fight()
    assert commands.get_encounter_by_id(fight).note is None
    commands.set_encounter_note(fight, "  all \U0001f480 at\n30 %  ")
    assert commands.get_encounter_by_id(fight).note == "all \U0001f480 at\n30 %"
    assert commands.get_recent_encounters().rows[0].note == "all \U0001f480 at\n30 %"
    for nothing in (None, "", "  \n"):
        commands.set_encounter_note(fight, "x")
        commands.set_encounter_note(fight, nothing)
        assert commands.get_encounter_by_id(fight).note is None


def test_tags_are_shown_in_their_order_and_fights_are_found_by_any_of_them(
    builder: Builder, commands: Commands
) -> None:
    one, two = builder.fight(1_000, bosses=["progress"]), builder.fight(2_000)
    commands.set_encounter_tags(one, ["wipe", " progress ", "wipe"])
    commands.set_encounter_tags(two, ["progress"])
    assert commands.get_encounter_by_id(one).tags == ["wipe", "progress"]
    assert commands.get_unique_tags().names == ["progress", "wipe"]
    assert (tagged(commands, "progress"), tagged(commands, "wipe")) == ([two, one], [one])
    assert tagged(commands, "wipe", "other") == [one]
    commands.set_encounter_tags(one, ["new"])
    assert (tagged(commands, "wipe"), tagged(commands, "new")) == ([], [one])
    assert commands.get_unique_tags().names == ["new", "progress"]
    commands.delete_encounters([one, two])
    assert commands.get_unique_tags().names == []


@pytest.mark.parametrize(
    ("name", "given", "argument"),
    [
        ("set_encounter_note", {"note": "x" * 65_537}, "note"),
        ("set_encounter_note", {"note": 5}, "note"),
        ("set_encounter_note", {}, "note"),
        ("set_encounter_tags", {"tags": ["ok", " "]}, "tags.1"),
        ("set_encounter_tags", {"tags": ["x" * 65]}, "tags.0"),
        ("set_encounter_tags", {"tags": ["x"] * 51}, "tags"),
        ("set_encounter_tags", {"tags": None}, "tags"),
        ("set_encounter_tags", {"tags": ["\ud800"]}, "tags.0"),
    ],
)
def test_notes_and_tags_that_cannot_be_are_refused(
    builder: Builder, commands: Commands, name: str, given: dict[str, object], argument: str
) -> None:
    fight = builder.fight()
    with pytest.raises(InvalidArgument) as caught:
        commands.call(name, {"encounterId": fight, **given})
    assert caught.value.argument == argument
    assert commands.get_encounter_by_id(fight).tags == []


def test_marks_are_no_part_of_what_a_checksum_is_over(
    builder: Builder, store: Store, commands: Commands
) -> None:
    fight = builder.fight()
    with store.write_transaction() as connection:
        connection.exec_driver_sql("UPDATE encounters SET tags = '{'")
    shown = commands.get_encounter_by_id(fight)
    assert (shown.tags, shown.is_damaged) == ([], False)
    commands.set_encounter_tags(fight, ["x"])
    assert commands.get_encounter_by_id(fight).tags == ["x"]
