"""Database files that somebody made to do harm, or that were damaged: equal for equal seeds.

Each is a copy of a sound file with one change. Those that change the schema try to delete fights,
to call functions, or never to end; the others hold what nothing here ever writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from struct import pack

import zstandard

from resonance_logs import Database
from resonance_logs.fights.archive import MAX_EVENTS
from resonance_logs.store.checksums import fingerprint
from tests.helpers.fights import rich_fight
from tests.helpers.payloads import signed, with_heads
from tests.helpers.recording import fight, record

FIGHTS = 3
PAGE = 4_096

NAMES = (
    "gone",
    'a"b',
    "it's",
    "x\ny",
    "\u202egnp.exe",
    "[bold red]x",
    "\x1b[31mred",
    "encounters ",
    "n" * 5_000,
    "",
)
TABLES = (
    *("encounters", "encounter_archives", "actor_encounter_stats", "damage_skill_stats"),
    *("entities", "catalog_names", "facet_values", "facet_encounters", "alembic_version"),
    *("encounter_bosses", "actor_attributes", "rejected_tasks", "recorders"),
)
HEAVY = (
    "length(hex(zeroblob(100000000)))",
    "(WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n)",
    "load_extension('/tmp/x.so')",
    "readfile('/etc/passwd')",
    "randomblob(100000000)",
    "abs(-9223372036854775808)",
)
ENDLESS = (
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id, x AS "
    "encounter_id, x AS version_num, x AS started_at_ms, 1 AS ended_at_ms FROM n"
)


@dataclass(frozen=True)
class HostileFile:
    """A file, and what was done to it."""

    path: Path
    story: str
    is_active: bool
    """Whether something in it would run by itself, so that it must be refused."""


Change = Callable[[Random, Path], str]


def make_template(folder: Path) -> Path:
    """A sound file of three fights, closed, without files beside it."""
    whole, path = folder / "whole.db", folder / "template.rlog"
    with Database.open(whole) as db:
        record(db, rich_fight(1_700_000_000_000))
        record(db, fight(started=1_700_000_100_000, hits=40))
        record(db, fight(started=1_700_000_200_000, hits=7))
        db.backup(path)
    return path


def hostile_files(folder: Path, seed: int, count: int) -> Iterator[HostileFile]:
    """So many files, each of which is deleted before the next one is made."""
    folder.mkdir()
    template = make_template(folder).read_bytes()
    changes = [*ACTIVE, *PASSIVE]
    for number in range(count):
        dice = Random(seed * 1_000_003 + number)
        path = folder / f"hostile-{number}.rlog"
        path.write_bytes(template)
        change = changes[number % len(changes)]
        story = f"file {number} of seed {seed}, {change.__name__}: {change(dice, path)}"
        yield HostileFile(path, story, change in ACTIVE)
        for each in folder.glob(f"{path.name}*"):
            each.unlink()


def _run(path: Path, *statements: str, given: Sequence[object] = ()) -> str:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF").close()
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        connection.execute("PRAGMA writable_schema=ON").close()
        for statement in statements:
            connection.execute(statement, given).close()
    return "; ".join(statements)[:300]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _forge(path: Path, sql: str, **row: str) -> str:
    """Put a row of the schema in place, as no statement would."""
    values = {"type": "table", "name": "forged", "tbl_name": "forged", **row}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        connection.execute("PRAGMA writable_schema=ON").close()
        connection.execute(
            "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) "
            "VALUES (?, ?, ?, 0, ?)",
            (values["type"], values["name"], values["tbl_name"], sql),
        ).close()
    return f"{values} {sql[:200]}"


# Changes after which something would run.


def trigger(dice: Random, path: Path) -> str:
    table = dice.choice([each for each in TABLES if each != "alembic_version"])
    when = dice.choice(("AFTER", "BEFORE")) + " " + dice.choice(("INSERT", "UPDATE", "DELETE"))
    body = dice.choice(
        (
            "DELETE FROM encounters",
            "UPDATE encounters SET total_dmg = 0",
            "INSERT INTO catalog_names VALUES ('bpsr', 'skill', 666, 'ran')",
            f"SELECT {dice.choice(HEAVY[:2])}",
        )
    )
    name = _quoted(dice.choice(NAMES))
    return _run(path, f"CREATE TRIGGER {name} {when} ON {table} BEGIN {body}; END")


def view(dice: Random, path: Path) -> str:
    sql = dice.choice((ENDLESS, "SELECT 1", f"SELECT {dice.choice(HEAVY[:2])} AS id"))
    return _run(path, f"CREATE VIEW {_quoted(dice.choice(NAMES))} AS {sql}")


def view_in_place_of_a_table(dice: Random, path: Path) -> str:
    table = dice.choice(TABLES)
    return _run(path, f"DROP TABLE {table}", f"CREATE VIEW {table} AS {ENDLESS}")


def virtual_table(dice: Random, path: Path) -> str:
    name = dice.choice(NAMES[:-1])
    made = dice.choice(
        (
            f"CREATE VIRTUAL TABLE {_quoted(name)} USING fts5(x)",
            "CREATE VIRTUAL TABLE boxes USING rtree(id, a, b)",
        )
    )
    return _run(path, made)


def virtual_table_in_place_of_a_table(dice: Random, path: Path) -> str:
    table = dice.choice(TABLES)
    _run(path, f"DROP TABLE {table}")
    module = dice.choice(("fts5(id, version_num)", "nowhere(x)", "csv(filename='/etc/passwd')"))
    sql = f"CREATE VIRTUAL TABLE {table} USING {module}"
    return _forge(path, sql, name=table, tbl_name=table)


def generated_column(dice: Random, path: Path) -> str:
    table = dice.choice(("encounters", "entities", "recorders", "damage_skill_stats"))
    return _run(path, f"ALTER TABLE {table} ADD COLUMN made INTEGER AS ({dice.choice(HEAVY[:1])})")


def table_that_runs(dice: Random, path: Path) -> str:
    heavy = HEAVY[0]
    sql = dice.choice(
        (
            f"CREATE TABLE mine (x CHECK ({heavy} > 0))",
            f"CREATE TABLE mine (x, y AS ({heavy}))",
            "CREATE TABLE mine (x REFERENCES encounters ON DELETE RESTRICT)",
            f"CREATE TABLE mine (x INTEGER /* ' */, y GENERATED ALWAYS AS ({heavy}) STORED)",
            f"CREATE TABLE mine (x, CONSTRAINT c CHECK (x IN (1, {heavy})))",
        )
    )
    return _run(path, sql)


def index_that_runs(dice: Random, path: Path) -> str:
    table = dice.choice(("encounters", "entities", "catalog_names"))
    sql = dice.choice(
        (
            f"CREATE INDEX mine ON {table} (length(hex(zeroblob(1000))))",
            f"CREATE INDEX mine ON {table} (game) WHERE length(game) > 1",
            "CREATE UNIQUE INDEX mine ON encounters (game, id)",
        )
    )
    return _run(path, sql)


def altered_table(dice: Random, path: Path) -> str:
    table = dice.choice([each for each in TABLES if each != "alembic_version"])
    sql = dice.choice(
        (
            f"ALTER TABLE {table} ADD COLUMN more TEXT DEFAULT 'x' CHECK (length(more) > 0)",
            f"UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = '{table}'",
            f"UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name = '{table}'",
            "UPDATE sqlite_schema SET sql = replace(sql, 'TEXT', 'TEXT COLLATE nocase') "
            "WHERE name = 'encounters'",
        )
    )
    return _run(path, sql)


def forged_schema(dice: Random, path: Path) -> str:
    heavy = HEAVY[1]
    sql, row = dice.choice(
        (
            (f"CREATE VIEW sqlite_stat1 AS {ENDLESS}", {"type": "view", "name": "sqlite_stat1"}),
            (f"CREATE VIEW sqlite_sequence AS {ENDLESS}", {"type": "view"}),
            (f"CREATE VIEW forged AS SELECT {heavy}", {"type": "table"}),
            (f"CREATE VIEW forged AS SELECT {heavy}", {"type": "VIEW"}),
            ("CREATE TABLE forged (x)", {"type": "nothing"}),
            ("CREATE TABLE ENCOUNTERS (x)", {"name": "ENCOUNTERS"}),
            ("nonsense", {}),
        )
    )
    return _forge(path, sql, **row)


def many_tables(dice: Random, path: Path) -> str:
    count = dice.choice((1_100, 3_000))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN").close()
        for number in range(count):
            connection.execute(f"CREATE TABLE t{number} (x)").close()
        connection.execute("COMMIT").close()
    return f"{count} tables"


# Changes of what is stored: some are refused, of some the fights are, some do no harm.


def forged_value(dice: Random, path: Path) -> str:
    """A value that no recorder writes, under a fingerprint that matches it."""
    column, value = dice.choice(
        (
            *((name, 2**62) for name in ("started_at_ms", "ended_at_ms", "total_dmg", "scene_id")),
            *((name, -(2**62)) for name in ("started_at_ms", "duration_ms", "damage_events")),
            *((name, '[], "x": {') for name in ("bosses", "players")),
            *((name, "[" * 9_000) for name in ("bosses", "players", "tags")),
            *((name, '[{"monsterName": 1}]') for name in ("bosses", "players")),
            *((name, "") for name in ("recorder", "game", "tags", "players")),
            *((name, "x" * 3_000_000) for name in ("scene_name", "note", "recorder")),
            ("scene_name", "nul\0 and \u202e and \x1b[31m"),
            ("damage_events", 2**40),
            ("ended_at_ms", None),
        )
    )
    number = dice.randint(1, FIGHTS)
    _run(path, f"UPDATE encounters SET {column} = ? WHERE id = {number}", given=(value,))
    _sign(path, number)
    return f"{column} = {str(value)[:50]!r} of fight {number}"


def _sign(path: Path, number: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        row = dict(
            connection.execute("SELECT * FROM encounters WHERE id = ?", (number,)).fetchone()
        )
        given = (fingerprint(row), number)
        connection.execute("UPDATE encounters SET fingerprint = ? WHERE id = ?", given).close()


def value_of_another_type(dice: Random, path: Path) -> str:
    """What STRICT would refuse, written while the table is not."""
    column = dice.choice(("started_at_ms", "total_dmg", "scene_name", "bosses", "players", "game"))
    value = dice.choice(("1e999", "-1e999", "0.5", "X'ff00'", "CAST(X'ff28' AS TEXT)", "'text'"))
    off = "UPDATE sqlite_schema SET sql = replace(sql, ' STRICT', '{}') WHERE name = 'encounters'"
    kept = "UPDATE sqlite_schema SET sql = ? WHERE name = 'encounters'"
    with closing(sqlite3.connect(path)) as connection:
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE name = 'encounters'"
        ).fetchone()
    _run(path, off.format(""))
    _run(path, f"UPDATE encounters SET {column} = {value} WHERE id = {dice.randint(1, FIGHTS)}")
    _run(path, kept, given=(sql,))
    return f"{column} = {value}"


def forged_id(dice: Random, path: Path) -> str:
    number = dice.choice((0, -1, -(2**63), 2**63 - 1, 2**53))
    tables = [each for each in TABLES[1:4] if dice.random() < 0.7]
    _run(path, f"UPDATE encounters SET id = {number} WHERE id = 2")
    for each in tables:
        _run(path, f"UPDATE {each} SET encounter_id = {number} WHERE encounter_id = 2")
    return f"fight {number}"


def forged_version(dice: Random, path: Path) -> str:
    return dice.choice(
        (
            lambda: _run(path, "UPDATE alembic_version SET version_num = '0003'"),
            lambda: _run(path, "UPDATE alembic_version SET version_num = '9999'"),
            lambda: _run(path, "UPDATE alembic_version SET version_num = 'x;\x1b[31m\n'"),
            lambda: _run(path, "UPDATE alembic_version SET version_num = zeroblob(9000000)"),
            lambda: _run(path, "DELETE FROM alembic_version"),
            lambda: _run(path, "DROP TABLE alembic_version"),
            lambda: _run(path, "INSERT INTO alembic_version VALUES ('0001')"),
        )
    )()


def archive_bomb(dice: Random, path: Path) -> str:
    """A payload of little that claims much, with counts that agree with it where they can."""
    column = pack("<BqI", 0, 0, 0)
    names = pack("<I", 2) + b"[]"
    hits = pack("<BBIq", 1, 0, MAX_EVENTS, 1) + column + names + column * 8 + b"\0" + column
    heals = pack("<BBIq", 2, 0, 0, 0) + column * 6
    kind, payload, events = dice.choice(
        (
            ("zeros", with_heads(hits, bytes(32 << 20)), MAX_EVENTS),
            ("equal hits", with_heads(hits + heals), 12),
            ("heads", with_heads(bytes(32 << 20)), 5),
            ("names", with_heads(pack("<BBIq", 1, 0, 0, 0) + column + names[:4] * 9), 0),
            ("text", "text", 3),
            ("nothing", b"", 0),
            ("a huge frame", signed(_endless_frame()), 7),
        )
    )
    number = dice.randint(1, FIGHTS)
    sql = f"UPDATE encounter_archives SET payload = ?, events = ? WHERE encounter_id = {number}"
    given = (payload if isinstance(payload, bytes) else payload.encode(), events)
    _run(path, sql, given=given)
    _run(path, f"UPDATE encounters SET damage_events = {events} WHERE id = {number}")
    _sign(path, number)
    return f"{kind} in fight {number}"


def _endless_frame() -> bytes:
    frame = zstandard.ZstdCompressor(level=1).compress(bytes(64 << 20))
    return pack("<I", len(frame)) + frame


def missing_part(dice: Random, path: Path) -> str:
    return _run(path, f"DROP TABLE {dice.choice(TABLES)}")


def header(dice: Random, path: Path) -> str:
    """A field of the file's header: page size, versions, sizes, encoding, application id."""
    content = bytearray(path.read_bytes())
    at, size = dice.choice(
        (
            *((16, 2), (18, 1), (19, 1), (20, 1), (24, 4), (28, 4), (32, 4), (36, 4), (40, 4)),
            *((44, 4), (52, 4), (56, 4), (60, 4), (64, 4), (68, 4), (92, 4), (100, 1), (103, 2)),
        )
    )
    content[at : at + size] = dice.choice((bytes(size), b"\xff" * size, dice.randbytes(size)))
    path.write_bytes(content)
    return f"{size} bytes at {at}"


def bits(dice: Random, path: Path) -> str:
    content = bytearray(path.read_bytes())
    places = [dice.randrange(len(content)) for _ in range(dice.choice((1, 5, 50, 1_000)))]
    for at in places:
        content[at] ^= 1 << dice.randrange(8)
    path.write_bytes(content)
    return f"{len(places)} bits, first at {places[0]}"


def cut(dice: Random, path: Path) -> str:
    size = dice.randrange(path.stat().st_size)
    with path.open("r+b") as file:
        file.truncate(size)
    return f"to {size} bytes"


def pages(dice: Random, path: Path) -> str:
    """Two pages change places, or one is overwritten."""
    content = bytearray(path.read_bytes())
    one, other = (PAGE * dice.randrange(1, len(content) // PAGE) for _ in range(2))
    first, second = content[one : one + PAGE], content[other : other + PAGE]
    content[one : one + PAGE] = second
    content[other : other + PAGE] = dice.choice((first, bytes(PAGE), dice.randbytes(PAGE)))
    path.write_bytes(content)
    return f"pages at {one} and {other}"


def hole(dice: Random, path: Path) -> str:
    """A file that ends in a hole, with or without its pages in the header."""
    size = 1 << dice.randint(20, 26)
    with path.open("r+b") as file:
        file.truncate(size)
        if dice.random() < 0.5:
            file.seek(28)
            file.write(pack(">I", size // PAGE))
    return f"of {size} bytes"


def other_form(dice: Random, path: Path) -> str:
    """Another page size or way of freeing pages, all of which SQLite reads."""
    setting = dice.choice(("page_size=512", "page_size=65536", "auto_vacuum=NONE", "auto_vacuum=1"))
    return _run(path, f"PRAGMA {setting}", "VACUUM")


def plain_addition(dice: Random, path: Path) -> str:
    """What a user may add."""
    sql = dice.choice(("CREATE TABLE notes (x TEXT DEFAULT 'x')", "CREATE TABLE n (a PRIMARY KEY)"))
    return _run(path, sql, "ANALYZE")


ACTIVE: Sequence[Change] = (
    *(trigger, view, view_in_place_of_a_table, virtual_table, virtual_table_in_place_of_a_table),
    *(
        generated_column,
        table_that_runs,
        index_that_runs,
        altered_table,
        forged_schema,
        many_tables,
    ),
)
PASSIVE: Sequence[Change] = (
    *(forged_value, forged_value, value_of_another_type, forged_id, forged_version, archive_bomb),
    *(archive_bomb, missing_part, header, bits, cut, pages, hole, other_form, plain_addition),
)
