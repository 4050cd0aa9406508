"""Large files of older versions, and their expected contents after migration."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from tests.helpers.frozen import FROZEN, thaw

from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import prepare

FIGHTS: Final = 3_000
OF_A_FIGHT: Final = (
    "actor_encounter_stats",
    "damage_skill_stats",
    "encounter_bosses",
    "encounter_facets",
)


@dataclass(frozen=True)
class Old:
    """A large file of an older version."""

    path: Path
    fights: int
    seconds: float
    """Duration of its migration."""
    contents: dict[str, str]
    """A digest of each table after an undisturbed migration."""

    def differences(self, path: Path) -> list[str]:
        """The tables of a migrated file that differ from the expected ones."""
        found = digests(path)
        return [
            f"table {name} differs"
            for name in sorted(found.keys() | self.contents.keys())
            if found.get(name) != self.contents.get(name)
        ]


@cache
def make_old(folder: Path, version: str) -> Old:
    """A large file of this version, created once."""
    path = folder / f"old-{version}.db"
    _make_first(path)
    if version != "0001":
        _upgrade(path, version)
    migrated = path.with_suffix(".migrated")
    migrated.write_bytes(path.read_bytes())
    started = time.perf_counter()
    prepare(migrated)
    return Old(path, FIGHTS, time.perf_counter() - started, digests(migrated))


def _make_first(path: Path) -> None:
    """A file of the first version, with many copies of its one fight."""
    thaw(FROZEN[0], path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM encounter_archives").close()
        for name in ("encounters", *OF_A_FIGHT):
            _multiply(connection, name, "id" if name == "encounters" else "encounter_id")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _multiply(connection: sqlite3.Connection, table: str, key: str) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    chosen = ", ".join("n" if name == key else name for name in columns)
    connection.execute(
        f"WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers "
        f"WHERE n < {FIGHTS}) INSERT INTO {table} ({', '.join(columns)}) "
        f"SELECT {chosen} FROM numbers, {table} WHERE {key} = 1"
    ).close()


def _upgrade(path: Path, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", "resonance_logs.store:migrations")
    store = Store(path)
    with store.write_transaction() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    store.checkpoint()
    store.close()


def digests(path: Path) -> dict[str, str]:
    """Digests of the rows of each table, and of the schema."""
    with closing(sqlite3.connect(path)) as connection:
        schema = "SELECT name, sql FROM sqlite_schema ORDER BY name"
        found = {"the schema": _digest(connection, schema)}
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table'"
        for (name,) in connection.execute(tables).fetchall():
            found[name] = _digest(connection, f'SELECT * FROM "{name}"')
    return found


def _digest(connection: sqlite3.Connection, statement: str) -> str:
    """A digest of the rows, in any order."""
    rows = sorted(map(repr, connection.execute(statement)))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
