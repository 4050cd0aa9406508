"""Deleting fights, and what the file contains."""

import pytest
from sqlalchemy import func, select

from resonance_logs.commands import Commands
from resonance_logs.errors import InvalidArgument, NotFound
from resonance_logs.store import schema
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import SCHEMA_VERSION
from tests.helpers.builder import Builder, known_fight


def rows(store: Store) -> dict[str, int]:
    with store.read_transaction() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in schema.metadata.sorted_tables
        }


def test_a_deleted_fight_leaves_nothing_behind(
    builder: Builder, store: Store, commands: Commands
) -> None:
    before = rows(store)
    fight = known_fight(builder)
    commands.toggle_favorite_encounter(fight, True)
    assert commands.delete_encounter(fight) is None  # type: ignore[func-returns-value]
    assert rows(store) == {**before, "catalog_names": 1}


def test_deleting_leaves_other_fights_and_their_names_alone(
    builder: Builder, commands: Commands
) -> None:
    fight = known_fight(builder)
    others = [builder.fight(bosses=["Ogre"]), builder.fight(bosses=["Imp"])]
    commands.delete_encounters(others)
    assert [row.id for row in commands.get_recent_encounters().rows] == [fight]
    assert commands.get_unique_boss_names().names == ["Ogre"]


def test_deleting_fights_of_which_one_is_unknown_deletes_none(
    builder: Builder, commands: Commands
) -> None:
    fight = builder.fight()
    with pytest.raises(NotFound, match="77, 78"):
        commands.delete_encounters([78, fight, 77])
    assert commands.get_recent_encounters().total_count == 1


def test_an_open_fight_cannot_be_deleted(builder: Builder, commands: Commands) -> None:
    ended, fight = builder.fight(), builder.fight(2_000, None)
    for name, arguments, argument in (
        ("delete_encounter", {"encounterId": fight}, "encounterId"),
        ("delete_encounters", {"ids": [ended, fight]}, "ids"),
    ):
        with pytest.raises(InvalidArgument, match="still being recorded") as caught:
            commands.call(name, arguments)
        assert caught.value.argument == argument
    assert commands.get_recent_encounters().total_count == 1


def test_deleting_none_and_deleting_twice_the_same_are_fine(
    builder: Builder, commands: Commands
) -> None:
    fight = builder.fight()
    commands.delete_encounters([])
    commands.delete_encounters([fight, fight])
    assert commands.get_recent_encounters().total_count == 0


def test_the_info_says_what_is_stored(builder: Builder, store: Store, commands: Commands) -> None:
    empty = commands.get_database_info()
    assert (empty.encounters, empty.oldest_started_at_ms, empty.space_saved) == (0, None, 0.0)
    known_fight(builder)
    builder.fight(9_000, None)
    builder.player(1, "Aoi", 5)
    builder.row("rejected_tasks", rejected_at_ms=1, task="{}", error="bad")
    info = commands.get_database_info()
    assert (info.path, info.schema_version) == (str(store.path), SCHEMA_VERSION)
    assert (info.encounters, info.open_encounters, info.players) == (2, 1, 1)
    assert (info.archived_events, info.rejected_tasks) == (9, 1)
    assert (info.oldest_started_at_ms, info.newest_started_at_ms) == (1_000, 9_000)
    assert (info.journal_bytes_pruned, info.size_bytes > 0) == (1_000, True)
    assert info.space_saved == pytest.approx(1 - info.archive_bytes / 1_000)
