"""A fight from another file is imported only if a recorder could have written it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from resonance_logs import Database
from resonance_logs.exports import fight_files
from resonance_logs.store.checksums import fingerprint
from tests.helpers.hostile_files import make_template


def forge(path: Path, column: str, value: object) -> None:
    """Set a value of the second fight, and its fingerprint to match."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"UPDATE encounters SET {column} = ? WHERE id = 2", (value,))
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM encounters WHERE id = 2").fetchone())
        connection.execute(
            "UPDATE encounters SET fingerprint = ? WHERE id = 2", (fingerprint(row),)
        )


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("started_at_ms", 2**53),
        ("ended_at_ms", -(2**62)),
        ("scene_id", 2**63 - 1),
        ("duration_ms", -1),
        ("total_dmg", 2**62 + 1),
        ("journal_bytes", -5),
        ("damage_events", 41),
        ("bosses", "[1]"),
        ("bosses", '[], "evil": ['),
        ("players", "[" * 100_000),
        ("players", '[{"name": "A", "classId": 1, "isLocalPlayer": false, "more": 1}]'),
        ("recorder", "x" * 65),
        ("game", "A B"),
    ],
)
def test_a_fight_with_a_value_that_no_recorder_writes_is_damaged(
    path: Path, tmp_path: Path, column: str, value: object
) -> None:
    template = make_template(tmp_path)
    forge(template, column, value)
    with Database.open(path) as db:
        report = db.import_fights(template)
        assert (len(report.imported), list(report.damaged)) == (2, [2])
        assert db.commands.check_database().is_sound


def test_a_player_seen_in_a_million_years_is_damage(path: Path, tmp_path: Path) -> None:
    """Such a player would never be updated again."""
    template = make_template(tmp_path)
    with closing(sqlite3.connect(template, isolation_level=None)) as connection:
        connection.execute("UPDATE entities SET last_seen_ms = 1 << 60 WHERE entity_id = 7")
    with Database.open(path) as db:
        assert list(db.import_fights(template).damaged) == [1, 2, 3]


def test_a_fight_of_too_many_rows_is_not_read(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = make_template(tmp_path)
    monkeypatch.setattr(fight_files, "MAX_ROWS", 6)
    with Database.open(path) as db:
        report = db.import_fights(template)
        assert (len(report.imported), list(report.damaged)) == (2, [1])
