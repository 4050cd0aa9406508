"""Connections to SQLite: how its errors are translated."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from resonance_logs import DamagedDatabase, Database, DatabaseUnavailable, Settings, Unavailable
from resonance_logs.store import schema
from resonance_logs.store.sqlite.connections import Store, describe, is_transient
from resonance_logs.store.sqlite.migrate import prepare
from tests.helpers.recording import fight, record


def damage(path: Path) -> None:
    """Overwrite all but the first page with junk."""
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def test_a_damaged_page_found_in_a_query_is_reported_in_one_line(db: Database, path: Path) -> None:
    record(db, fight())
    db.close()
    damage(path)
    store = Store(path)
    try:
        with pytest.raises(DamagedDatabase) as found, store.read_transaction() as connection:
            connection.execute(select(schema.encounters)).all()
    finally:
        store.close()
    assert str(found.value).startswith(f"{path} is damaged: ")
    assert "\n" not in str(found.value)


def test_a_damaged_file_found_by_a_command_is_unavailable(db: Database, path: Path) -> None:
    record(db, fight())
    db.close()
    with Database.open(path, record=False) as reader:
        damage(path)
        with pytest.raises(Unavailable, match="is damaged"):
            reader.commands.get_recent_encounters(limit=10)


def test_a_damaged_file_cannot_be_opened(db: Database, path: Path) -> None:
    record(db, fight())
    db.close()
    damage(path)
    with pytest.raises(DamagedDatabase, match="is damaged"):
        Database.open(path, settings=Settings(salvage=False))
    with pytest.raises(DamagedDatabase, match="is damaged"):
        Database.open(path, record=False)


def test_a_file_that_another_keeps_locked_is_unavailable_and_the_error_passes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.BUSY_TIMEOUT_MS", 20)
    prepare(path)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    store = Store(path)
    try:
        with (
            pytest.raises(DatabaseUnavailable, match="cannot be used now") as found,
            store.write_transaction(),
        ):
            pass
    finally:
        store.close()
        blocker.close()
    cause = found.value.__cause__
    assert cause is not None
    assert is_transient(cause)
    assert describe(cause) == "OperationalError: database is locked"


def test_a_row_that_breaks_a_rule_is_no_error_that_passes(path: Path) -> None:
    prepare(path)
    store = Store(path)
    try:
        with (
            pytest.raises(Exception, match="NOT NULL") as found,
            store.write_transaction() as connection,
        ):
            connection.execute(insert(schema.encounters), {"started_at_ms": None})
    finally:
        store.close()
    assert not is_transient(found.value)
    assert is_transient(OSError(28, "No space left on device"))
    assert not is_transient(ValueError("x"))
