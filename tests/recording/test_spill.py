"""What could not be written is saved to a file, and read once when the database is opened."""

import os
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resonance_logs import (
    Database,
    DatabaseUnavailable,
    EndEncounter,
    InsertDamageEvent,
    Settings,
    Task,
    UpsertEntity,
)
from resonance_logs.fights.identity import DEFAULT_IDENTITY, Identity
from resonance_logs.recording.spill import (
    Spill,
    Unwritten,
    find_spills,
    read_spill,
    remove_spill,
    write_spill,
)
from resonance_logs.tasks import SKIPPED_LINE
from tests.helpers.recording import fight, record, rows
from tests.helpers.strategies import single_tasks


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.BUSY_TIMEOUT_MS", 20)


def unwritten(
    tasks: Sequence[Task], identity: Identity = DEFAULT_IDENTITY, position: int = 100
) -> Unwritten:
    """The tasks that a recorder could not write."""
    return Unwritten(identity, tasks, position)


def spill_files(path: Path) -> list[tuple[int, Path]]:
    """The spill files beside a database, each with its run."""
    return [(run, file) for run, files in find_spills(path).items() for file in files]


def stop_while_locked(path: Path, before: Sequence[Task], after: Sequence[Task]) -> str:
    """Record some tasks, then others while the file is locked, and close; returns the error."""
    db = Database.open(path, settings=Settings(close_seconds=0.2))
    record(db, list(before))
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    db.enqueue_many(list(after))
    with pytest.raises(DatabaseUnavailable) as told:
        db.close()
    blocker.close()
    return str(told.value)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(single_tasks(), max_size=20), st.integers(1, 10**9))
def test_tasks_come_back_from_a_spill_file_as_they_were(
    tmp_path: Path, tasks: list[Task], run_id: int
) -> None:
    path = tmp_path / "fights.db"
    whose = Identity("second", "wow")
    file = write_spill(path, run_id, 0, unwritten(tasks, whose, 7))
    assert find_spills(path) == {run_id: [file]}
    assert read_spill(file) == Spill(whose, tasks, 7)
    remove_spill(file)
    assert list(tmp_path.iterdir()) == []


def test_in_a_spill_file_junk_costs_only_itself(tmp_path: Path) -> None:
    tasks: list[Task] = [EndEncounter(ended_at_ms=number) for number in range(3)]
    file = write_spill(tmp_path / "fights.db", 1, 0, unwritten(tasks))
    file.write_bytes(b"\n".join(b"\0\0" + line for line in file.read_bytes().splitlines()))
    assert read_spill(file).items == tasks


def test_a_fight_continues_where_the_disk_left_it(path: Path) -> None:
    tasks = fight(hits=10)
    told = stop_while_locked(path, tasks[:6], tasks[6:])
    assert f"7 tasks are kept in {path}.spill-1.ndjson" in told
    with Database.open(path) as db:
        (whole,) = db.commands.get_recent_encounters().rows
        assert (whole.total_dmg, whole.is_complete, whole.ended_at_ms) == (100, True, 3_000)
        assert [boss.is_defeated for boss in whole.bosses] == [True]
        assert db.commands.check_database().is_sound
    assert find_spills(path) == {}


def test_a_fight_that_the_file_does_not_end_either_is_interrupted(path: Path) -> None:
    tasks = fight(hits=10)
    stop_while_locked(path, tasks[:6], tasks[6:-1])
    with Database.open(path) as db:
        (cut,) = db.commands.get_recent_encounters().rows
    assert (cut.total_dmg, cut.was_interrupted) == (100, True)


def test_a_spill_file_is_read_in_once_though_it_could_not_be_deleted(path: Path) -> None:
    stop_while_locked(path, [], fight())
    ((_, file),) = spill_files(path)
    content = file.read_bytes()
    Database.open(path).close()
    file.write_bytes(content)
    Database.open(path).close()
    assert rows(path, "SELECT count(*), sum(total_dmg) FROM encounters") == [(1, 30)]
    assert find_spills(path) == {}


def test_after_a_backup_was_put_back_a_spill_file_is_still_read_in(path: Path) -> None:
    saved = path.with_name("saved.db")
    with Database.open(path) as db:
        db.backup(saved)
    stop_while_locked(path, [], fight())
    assert list(find_spills(path)) == [2]
    Database.restore(saved, path)
    Database.open(path).close()
    assert rows(path, "SELECT total_dmg FROM encounters") == [(30,)]
    assert find_spills(path) == {}


def test_those_who_only_read_leave_the_spill_file_alone(path: Path) -> None:
    stop_while_locked(path, [], fight())
    Database.open(path, record=False).close()
    assert len(find_spills(path)) == 1


def test_a_task_that_cannot_be_written_as_json_is_reported(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = UpsertEntity(entity_id=1, seen_at_ms=1, name="\ud800")
    file = write_spill(path, 1, 0, unwritten([bad, EndEncounter(ended_at_ms=1)]))
    assert read_spill(file).items == [SKIPPED_LINE, EndEncounter(ended_at_ms=1)]
    assert "is lost" in caplog.text


def test_where_the_folder_cannot_be_written_to_the_temporary_one_serves(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "temporary"
    other.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(other))
    hit = InsertDamageEvent(timestamp_ms=1, attacker_id=1, value=1)
    create = os.open

    def refuse(file: str | Path, *args: int) -> int:
        if Path(file).parent == path.parent:
            raise PermissionError(13, "Permission denied")
        return create(file, *args)

    monkeypatch.setattr(os, "open", refuse)
    file = write_spill(path, 3, 0, unwritten([hit]))
    assert file.is_relative_to(other)
    assert read_spill(file).items == [hit]


def test_a_player_of_a_spill_without_a_hit_is_in_the_fight_that_it_leaves_open(path: Path) -> None:
    """Regression: such a player was known afterwards, but missing from the fight."""
    begun = fight(hits=1)[:-1]
    bea = UpsertEntity(entity_id=8, seen_at_ms=1_500, name="Bea")
    later = UpsertEntity(entity_id=8, seen_at_ms=1_700)
    stop_while_locked(path, begun, [bea, later])
    with Database.open(path) as db:
        (ended,) = db.commands.get_recent_encounters().rows
        assert "Bea" in [player.name for player in ended.players]
    assert rows(path, "SELECT last_seen_ms FROM entities WHERE entity_id = 8") == [(1_700,)]
