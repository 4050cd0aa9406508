"""A SQLite library that is too old is named, and nothing is done with it."""

import sqlite3
from pathlib import Path

import pytest

from resonance_logs import Database, DatabaseError
from resonance_logs.store.sqlite import library_version
from resonance_logs.store.sqlite.library_version import check_library
from tests.helpers.recording import fight, record

TOO_OLD = r"version 3\.36\.0, is too old: tables are STRICT.*SQLite 3\.37\.0 or newer"


def pretend(monkeypatch: pytest.MonkeyPatch, *version: int) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    monkeypatch.setattr(sqlite3, "sqlite_version", ".".join(map(str, version)))


def test_a_library_that_is_too_old_is_an_error_that_says_which_is_needed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database.open(path) as db:
        record(db, fight())
    before = path.read_bytes()
    pretend(monkeypatch, 3, 36, 0)
    for options in ({"record": True}, {"record": False}, {"read_only": True}):
        with pytest.raises(DatabaseError, match=TOO_OLD):
            Database.open(path, **options)  # type: ignore[arg-type]
    for call in (Database.salvage, lambda file: Database.restore(file, file)):
        with pytest.raises(DatabaseError, match=TOO_OLD):
            call(path)
    with pytest.raises(DatabaseError, match=TOO_OLD):
        Database.open(path.with_name("new.db"))
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [(3, 37, 0), (3, 37, 2), (3, 38, 0), (4, 0, 0)])
def test_newer_libraries_are_accepted(
    version: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, *version)
    check_library()


def test_an_older_library_without_the_json_functions_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(library_version, "_has_json", lambda: False)
    pretend(monkeypatch, 3, 38, 0)
    check_library()
    pretend(monkeypatch, 3, 37, 2)
    with pytest.raises(DatabaseError, match="built without the JSON functions"):
        check_library()
