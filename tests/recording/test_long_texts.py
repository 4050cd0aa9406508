"""Names and other texts that are too long are cut on every way in, and counted."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from resonance_logs import (
    BeginEncounter,
    Database,
    EndEncounter,
    InsertDamageEvent,
    InvalidArgument,
    Task,
    UpsertEntity,
)
from resonance_logs.fights.archive import decode_events, encode_events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.identity import DEFAULT_IDENTITY
from resonance_logs.fights.text_limits import MARK, MAX_TEXT_BYTES
from resonance_logs.recording.spill import Unwritten, write_spill
from resonance_logs.sources.names import read_names
from resonance_logs.store import schema
from resonance_logs.store.sqlite.salvage import salvage
from resonance_logs.store.stored_fight import StoredFight
from tests.helpers.recording import record, rows

STARTED = 1_000_000_000_000
PLAYER, BOSS, SCENE = "P" * 300, "B" * 1_000, "S" * 257
LONG = "a" * 70_000


def cut(text: str) -> str:
    return text[:255] + MARK


def tasks() -> list[Task]:
    return [
        BeginEncounter(started_at_ms=STARTED, local_player_id=7, scene_name=SCENE),
        UpsertEntity(entity_id=7, seen_at_ms=STARTED, name=PLAYER, class_id=1, attributes=LONG),
        *(
            InsertDamageEvent(
                timestamp_ms=STARTED + n,
                attacker_id=7,
                value=10,
                defender_id=900,
                monster_name=BOSS,
                is_boss=True,
            )
            for n in range(5)
        ),
        EndEncounter(ended_at_ms=STARTED + 2_000, defeated_bosses=[BOSS]),
    ]


def check(path: Path) -> None:
    """All names of the only fight are cut, and nothing is wrong with it."""
    with Database.open(path, record=False) as db:
        (fight,) = db.commands.get_recent_encounters().rows
        assert fight.scene_name == cut(SCENE)
        assert [each.monster_name for each in fight.bosses] == [cut(BOSS)]
        assert [each.is_defeated for each in fight.bosses] == [True]
        assert [each.name for each in fight.players] == [cut(PLAYER)]
        assert fight.total_dmg == 50
        assert db.commands.get_unique_boss_names().names == [cut(BOSS)]
        assert db.commands.check_database().is_sound
        with db._store.read_transaction() as connection:
            stored = StoredFight.read(connection, fight.id)
    assert stored is not None
    assert stored.archive is not None
    assert decode_events(stored.archive[1]).damage.monster_names == (cut(BOSS),)
    assert rows(path, "SELECT name FROM entities") == [(cut(PLAYER),)]
    (attributes,) = rows(path, "SELECT attributes FROM entities")[0]
    assert len(str(attributes).encode()) == MAX_TEXT_BYTES
    assert rows(path, "SELECT max(length(value)) FROM facet_values") == [(256,)]


def test_those_of_tasks_are_cut_and_counted(path: Path) -> None:
    with Database.open(path) as db:
        record(db, tasks())
        assert db.stats().cut == 4
        assert db.stats().rejected == 0
    check(path)


def test_a_repeated_update_is_counted_once(path: Path) -> None:
    update_task = UpsertEntity(entity_id=7, seen_at_ms=STARTED, name=PLAYER, attributes=LONG)
    with Database.open(path) as db:
        for _ in range(3):
            record(db, [update_task])
        assert db.stats().cut == 1


def test_those_of_short_texts_are_not_touched(path: Path) -> None:
    with Database.open(path) as db:
        named = UpsertEntity(entity_id=7, seen_at_ms=1, name="x" * 256, attributes="y" * 65_536)
        record(db, [named])
        assert db.stats().cut == 0
    assert rows(path, "SELECT name, length(attributes) FROM entities") == [("x" * 256, 65_536)]


def test_two_names_that_are_cut_alike_are_one_monster(path: Path) -> None:
    with Database.open(path) as db:
        hits = [
            InsertDamageEvent(
                timestamp_ms=STARTED + n,
                attacker_id=7,
                value=10,
                defender_id=900 + n,
                monster_name=BOSS + str(n),
                is_boss=True,
            )
            for n in range(2)
        ]
        record(db, [tasks()[0], tasks()[1], *hits, tasks()[-1]])
        (fight,) = db.commands.get_recent_encounters().rows
        assert [each.monster_name for each in fight.bosses] == [cut(BOSS)]
        assert db.commands.check_database().is_sound


def test_those_of_a_spill_are_cut(path: Path) -> None:
    Database.open(path).close()
    write_spill(path, 9, 0, Unwritten(DEFAULT_IDENTITY, tasks(), 8))
    with Database.open(path):
        pass
    check(path)


@pytest.fixture
def older(path: Path) -> Path:
    """A file with names that are too long, as versions without limits wrote them."""
    from resonance_logs.fights.kinds import damage
    from resonance_logs.recording import batch
    from resonance_logs.store import players

    def keep(text: str, *_more: object) -> str:
        return text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(damage, "cut_name", keep)
        patch.setattr(batch, "cut_name", keep)
        patch.setattr(players, "cut_name", keep)
        patch.setattr(players, "cut_text", keep)
        old = path.with_name("old.db")
        with Database.open(old) as db:
            record(db, tasks())
            with db._store.write_transaction() as connection:
                marks = {"note": "n" * 70_000, "tags": json.dumps(["t" * 70, "t" * 80, "u"])}
                connection.execute(update(schema.encounters).values(**marks))
        with Database.open(old, record=False) as db:
            assert db.commands.get_recent_encounters().rows[0].scene_name == SCENE
            assert db.commands.check_database().is_sound
    return old


def test_those_of_an_older_file_are_cut_when_they_are_imported(older: Path, path: Path) -> None:
    with Database.open(path) as db:
        assert len(db.import_fights(older).imported) == 1
        assert len(db.import_fights(older).known) == 1
        fight = db.commands.get_encounter_by_id(1)
        assert len(fight.note or "") == MAX_TEXT_BYTES - len(MARK.encode()) + 1
        assert fight.tags == ["t" * 63 + MARK, "u"]
        assert db.commands.get_unique_tags().names == ["t" * 63 + MARK, "u"]
    check(path)


def test_those_of_an_older_file_are_cut_when_it_is_exported(older: Path, path: Path) -> None:
    with Database.open(older, record=False) as db:
        db.export_fights([1], path)
    check(path)


def test_those_of_a_damaged_file_are_cut_when_it_is_salvaged(older: Path) -> None:
    salvage(older)
    check(older)


def test_an_archive_without_long_names_stays_as_it_is(path: Path) -> None:
    events = collect_events(tasks())
    assert encode_events(events, compact=True) == encode_events(
        events.with_short_names(), compact=True
    )


def test_names_of_skills_from_a_file_are_cut(tmp_path: Path) -> None:
    file = tmp_path / "names.json"
    file.write_text(json.dumps({"1": "Slash", "2": "S" * 300}))
    assert read_names(file) == {1: "Slash", 2: "S" * 255 + MARK}


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda db: db.commands.set_encounter_note(1, "n" * 65_537), "note"),
        (lambda db: db.commands.set_encounter_note(1, "é" * 40_000), "65,536 bytes"),
        (lambda db: db.commands.set_encounter_tags(1, ["t" * 65]), "64 characters"),
        (lambda db: db.commands.set_catalog_names("skill", {1: "s" * 257}), "256 characters"),
    ],
)
def test_a_command_refuses_them(path: Path, call: Callable[[Database], None], told: str) -> None:
    with Database.open(path) as db:
        record(db, tasks())
        with pytest.raises(InvalidArgument, match=told):
            call(db)
        db.commands.set_encounter_note(1, "é" * 32_768)
        db.commands.set_encounter_tags(1, ["t" * 64])
        db.commands.set_catalog_names("skill", {1: "s" * 256})
