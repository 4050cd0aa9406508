"""A fight under the largest id: all is done with it in as little memory as with any other."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from resonance_logs.commands import Commands, Filters
from resonance_logs.exports.fight_files import export_fights, import_fights
from resonance_logs.exports.tables import fights_table
from resonance_logs.store import membership
from tests.helpers.builder import AOI, Builder

LARGE = 2**53 - 1
ENOUGH = 32_000_000
"""Far more than a few fights need, far less than a byte for each id."""


@pytest.fixture(params=[0, 1_000], ids=["many", "few"])
def commands(
    builder: Builder, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Commands]:
    """The commands on two fights, of which one has a large id, in little memory."""
    monkeypatch.setattr(membership, "FEW", request.param)
    for id_, started in ((1, 1_000), (LARGE, 2_000)):
        builder.fight(
            started,
            id=id_,
            bosses=["Ogre"],
            defeated=["Ogre"],
            scene="Court",
            players=[(AOI, "Aoi", 1)],
        )
        builder.row("encounter_bosses", encounter_id=id_, monster_name="Ogre", is_defeated=1)
        builder.actor(id_, AOI, name="Aoi", class_id=1, is_player=1)
    builder.player(AOI, "Aoi", seen=2_000)
    tracemalloc.start()
    yield Commands(builder.store)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < ENOUGH


def ids(commands: Commands, filters: Filters) -> list[int]:
    page = commands.get_recent_encounters_filtered(10, 0, filters)
    assert page.total_count == len(page.rows)
    return [row.id for row in page.rows]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), [LARGE, 1]),
        (Filters(boss_names=["Ogre"], encounter_names=["Court"]), [LARGE, 1]),
        (Filters(player_name="AO", class_ids=[1], is_defeated=True), [LARGE, 1]),
        (Filters(boss_names=["Ogre"], date_from_ms=1_500), [LARGE]),
        (Filters(is_favorite=False), [LARGE, 1]),
        (Filters(encounter_ids=[LARGE]), [LARGE]),
        (Filters(encounter_ids=[1, LARGE - 1, -LARGE, 0]), [1]),
        (Filters(encounter_ids=[LARGE, 2], boss_names=["Ogre"]), [LARGE]),
    ],
    ids=repr,
)
def test_it_is_listed_and_filtered(
    commands: Commands, filters: Filters, expected: list[int]
) -> None:
    assert ids(commands, filters) == expected


def test_it_is_marked_and_deleted(commands: Commands) -> None:
    commands.toggle_favorite_encounter(LARGE, True)
    commands.set_encounter_tags(LARGE, ["progress"])
    assert ids(commands, Filters(is_favorite=True, tags=["progress"])) == [LARGE]
    assert ids(commands, Filters(is_favorite=False)) == [1]
    assert commands.check_database().is_sound
    commands.delete_encounter(LARGE)
    assert ids(commands, Filters()) == [1]
    assert commands.get_unique_tags().names == []


def test_its_boss_and_its_player_are_told(commands: Commands) -> None:
    profile = commands.get_boss_profile(boss_name="Ogre")
    assert [each.encounter_id for each in profile.newest] == [LARGE, 1]
    tries = commands.get_boss_tries(LARGE)
    assert (tries.previous_id, tries.next_id, tries.number, tries.count) == (1, None, 2, 2)
    assert commands.get_player_profile(AOI).fights == 2


def test_it_is_exported_and_imported(commands: Commands, builder: Builder, tmp_path: Path) -> None:
    assert fights_table(builder.store, Filters())["id"] == [LARGE, 1]
    target = tmp_path / "one.db"
    export_fights(builder.store, lambda _view: [LARGE], target)
    commands.delete_encounter(LARGE)
    report = import_fights(builder.store, target)
    assert len(report.imported) == 1
