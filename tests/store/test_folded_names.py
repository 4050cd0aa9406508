"""Migration 0006: names are folded anew, and sets of fights become bitmaps."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from resonance_logs import DamagedDatabase, Database
from resonance_logs.commands import Filters
from resonance_logs.store.idsets import BLOCK
from resonance_logs.store.sqlite.migrate import APPLICATION_ID, prepare

FROZEN = Path(__file__).parent / "frozen" / "0005.sql"


@contextmanager
def frozen(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a new file of version 0005, which has the fight 1."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            f"PRAGMA auto_vacuum=INCREMENTAL; PRAGMA application_id={APPLICATION_ID};"
        )
        connection.executescript(FROZEN.read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode=WAL").close()
        yield connection
        connection.commit()


def add_set(connection: sqlite3.Connection, name: str, block: int, value: bytes) -> None:
    """List fights under a boss, as 0005 did."""
    connection.execute(
        "INSERT OR IGNORE INTO facet_values (kind, value, folded) VALUES ('boss', ?, ?)",
        (name, name.casefold()),
    )
    connection.execute(
        "INSERT INTO facet_encounters SELECT value_id, ?, ? FROM facet_values "
        "WHERE kind = 'boss' AND value = ?",
        (block, value, name),
    )


def test_names_are_found_in_any_case_and_form(path: Path) -> None:
    names = ["İstanbul", "Iğdır", "Ce\u0301line", "ＡＯＩ", "Straße"]
    with frozen(path) as connection:
        for number, name in enumerate(names, 100):
            connection.execute(
                "INSERT INTO entities (entity_id, name, name_folded, first_seen_ms, last_seen_ms) "
                "VALUES (?, ?, ?, 0, 0)",
                (number, name, name.casefold()),
            )
            connection.execute(
                "INSERT INTO facet_values (kind, value, folded) VALUES ('player', ?, ?)",
                (name, name.casefold()),
            )
        connection.execute(
            "INSERT INTO facet_encounters SELECT value_id, 0, X'0100' FROM facet_values "
            "WHERE kind = 'player' AND value <> 'Aoi'"
        )
        connection.execute(
            "INSERT INTO entities (entity_id, first_seen_ms, last_seen_ms) VALUES (99, 0, 0)"
        )
    searches = ["istanbul", "IĞDIR", "c\u00e9line", "aoi", "STRASSE"]
    with Database.open(path, record=False) as db:
        for search, name in zip(searches, names, strict=True):
            assert name in db.commands.get_player_names_filtered(search).names
            filters = Filters(player_name=search)
            assert db.commands.get_recent_encounters_filtered(1, 0, filters).total_count == 1


@pytest.mark.parametrize("count", [1, 4_095, 4_096, 30_000, BLOCK - 2])
@pytest.mark.parametrize("block", [0, 1, 2**37 - 1])
def test_sets_keep_their_fights(path: Path, count: int, block: int) -> None:
    offsets = sorted(random.Random(count).sample(range(2, BLOCK), count))
    if count <= 4_095:
        value = b"".join(each.to_bytes(2, "little") for each in offsets)
    else:
        bits = bytearray(BLOCK // 8)
        for each in offsets:
            bits[each >> 3] |= 1 << (each & 7)
        value = bytes(bits)
    with frozen(path) as connection:
        connection.executemany(
            "INSERT INTO encounters (id, started_at_ms, ended_at_ms) VALUES (?, 0, 1)",
            ((block * BLOCK + each,) for each in offsets),
        )
        add_set(connection, "Imp", block, value)
    with Database.open(path, record=False) as db:
        page = db.commands.get_recent_encounters_filtered(3, 0, Filters(boss_names=["Imp"]))
    assert page.total_count == count
    assert [each.id % BLOCK for each in page.rows] == offsets[::-1][:3]


@pytest.mark.parametrize(
    ("block", "value"), [(0, b"xxx"), (0, b""), (0, b"x" * 8_194), (-1, b"xx")]
)
def test_a_file_with_a_damaged_set_is_not_migrated_but_repaired(
    path: Path, block: int, value: bytes
) -> None:
    with frozen(path) as connection:
        add_set(connection, "Imp", block, value)
    with pytest.raises(DamagedDatabase, match="was not migrated: a set of fights"):
        prepare(path)
    with closing(sqlite3.connect(path)) as connection:
        version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert version == ("0005",)
    with Database.open(path) as db:
        filters = Filters(boss_names=["Boss"], player_name="AO")
        assert [each.id for each in db.commands.get_recent_encounters_filtered(9, 0, filters).rows]
        assert db.commands.check_database().is_sound
