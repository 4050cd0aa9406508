"""Compare the schema of a file with what the migrations make, before anything runs on it.

A file may come from anybody. Triggers, views, virtual tables, generated columns, checks and
indexes of expressions are programs that SQLite runs for whoever reads or writes the file. This
program makes none of them, so that a file that has any is not used. Plain tables and indexes that
a user added do nothing, and stay.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from shlex import quote
from typing import Any, Final, NamedTuple

from resonance_logs.errors import AlteredDatabase, DamagedDatabase

KNOWN_SCHEMAS: Final = Path(__file__).with_name("known_schemas.json")
"""The digest of every table and index, by version; tools/generate_known_schemas.py writes it."""

MAX_OBJECTS: Final = 1_000
"""Maximum number of tables and indexes; this program makes 34."""

MAX_NAMED: Final = 5
"""Maximum number of names in a message."""

SELECT_SCHEMA: Final = (
    f"SELECT type, name, tbl_name, sql FROM sqlite_schema LIMIT {MAX_OBJECTS + 1}"  # noqa: S608
)

_VERSION_TABLE: Final = "alembic_version"

_MADE_BY_SQLITE: Final = {
    "table sqlite_sequence": "CREATE TABLE sqlite_sequence(name,seq)",
    "table sqlite_stat1": "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
    "table sqlite_stat4": "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
}

_TOKENS: Final = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^]]*]|\w+|\S""",
    re.DOTALL,
)
_COMMENTS: Final = ("--", "/*")
_ACTIVE: Final = frozenset({"CHECK", "GENERATED", "AS", "REFERENCES", "VIRTUAL", "SELECT"})
"""What a table says that runs something, or has an effect on the rows of others."""


class SchemaObject(NamedTuple):
    """A row of the schema, whatever it contains."""

    type: Any
    name: Any
    table: Any
    sql: Any

    @property
    def key(self) -> str:
        """Its type and name, as in the known schemas."""
        return f"{self.type} {self.name}"

    def __str__(self) -> str:
        kind = self.type if self.type in ("table", "index", "trigger", "view") else "object"
        if _is_virtual(self):
            kind = "virtual table"
        return f"{kind} {str(self.name)!r:.60}"


class Differences(NamedTuple):
    """How a schema differs from a known one."""

    foreign: Sequence[SchemaObject]
    """What does something, or may."""
    altered: Sequence[SchemaObject]
    """Tables and indexes of ours that are defined in another way."""
    missing: Sequence[str]
    added: Sequence[SchemaObject]
    """Plain tables and indexes of somebody else."""


def check_schema(
    connection: sqlite3.Connection, path: Path, *, is_complete: bool = False
) -> str | None:
    """Check that nothing in a file runs by itself; returns its version, None if it has none yet.

    Nothing is read but the schema and, once it is certain that it is a plain table, the version.
    With ``is_complete`` no table or index may be missing. Of an unknown version only the version
    is looked at: it is for the caller to refuse.

    Raises:
        AlteredDatabase: the file has triggers, views or tables that this program did not make.
        DamagedDatabase: a table or index is not as this program made it.
    """
    objects = read_schema(connection)
    if len(objects) > MAX_OBJECTS:
        raise AlteredDatabase(
            f"{path} has more than {MAX_OBJECTS:,} tables and indexes, which this program did not "
            "make; choose another file"
        )
    version = _read_version(connection, path, objects)
    if version is not None and version not in known_schemas():
        return version
    found = compare(objects, {} if version is None else known_schemas()[version])
    if found.foreign:
        raise _altered(path, found.foreign)
    if found.altered:
        raise _damaged(path, f"{_listed(found.altered)} differs from its definition")
    if is_complete and found.missing:
        raise _damaged(path, f"{_listed(found.missing)} is missing")
    return version


def _altered(path: Path, objects: Sequence[SchemaObject]) -> AlteredDatabase:
    return AlteredDatabase(
        f"{path} has what this program did not make, and is not used: {_listed(objects)}; "
        f"to save its fights in a clean file: {_advice(path)}"
    )


def _damaged(path: Path, what: str) -> DamagedDatabase:
    return DamagedDatabase(f"{path} is damaged: {what}; to save its fights: {_advice(path)}")


def _advice(path: Path) -> str:
    return f"resonance-logs salvage --db {quote(str(path))}"


def read_schema(connection: sqlite3.Connection) -> list[SchemaObject]:
    """Everything in the schema, but no more than is needed to see that it is too much."""
    return [SchemaObject(*row) for row in connection.execute(SELECT_SCHEMA)]


def digests(objects: Iterable[SchemaObject]) -> dict[str, str]:
    """The digest of the definition of each object that has one, but for those of SQLite."""
    return {
        each.key: _digest(each.sql)
        for each in objects
        if each.sql is not None and not str(each.name).startswith("sqlite_")
    }


@cache
def known_schemas() -> Mapping[str, Mapping[str, str]]:
    """The digest of every table and index, by version."""
    known: Mapping[str, Mapping[str, str]] = json.loads(KNOWN_SCHEMAS.read_bytes())
    return known


def compare(objects: Iterable[SchemaObject], known: Mapping[str, str]) -> Differences:
    """Compare a schema with the digests of a known one."""
    foreign: list[SchemaObject] = []
    altered: list[SchemaObject] = []
    added: list[SchemaObject] = []
    seen = set()
    own = {key.partition(" ")[2] for key in known}
    for each in objects:
        if known.get(each.key) == _digest(each.sql) or _is_version_table(each):
            seen.add(each.key)
        elif _runs(each):
            foreign.append(each)
        elif str(each.name).lower() in own:
            seen.add(each.key)
            altered.append(each)
        elif not _is_made_by_sqlite(each):
            (added if _is_inert(each, own) else foreign).append(each)
    return Differences(foreign, altered, [key for key in known if key not in seen], added)


def shadowed(objects: Iterable[SchemaObject]) -> set[str]:
    """The names under which there is no ordinary table, in lower case."""
    return {str(each.name).lower() for each in objects if _runs(each) and each.type != "trigger"}


def _read_version(
    connection: sqlite3.Connection, path: Path, objects: Iterable[SchemaObject]
) -> str | None:
    tables = [each for each in objects if str(each.name).lower() == _VERSION_TABLE]
    if not tables:
        return None
    if any(not _is_inert(each, ()) for each in tables):
        raise _altered(path, tables)
    rows = connection.execute("SELECT version_num FROM alembic_version LIMIT 1").fetchall()
    version = rows[0][0] if rows else None
    if version is not None and not (
        isinstance(version, str) and re.fullmatch(r"\w{1,32}", version)
    ):
        raise DamagedDatabase(f"{path}: its version {version!r:.60} is not one of this program")
    return version


def _digest(sql: object) -> str:
    if not isinstance(sql, str):
        return ""
    # As bytes, because SQLite takes only the spaces of ASCII for spaces.
    text = b" ".join(sql.encode(errors="replace").split())
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def _runs(each: SchemaObject) -> bool:
    """Whether it is neither an ordinary table nor an index."""
    return each.type not in ("table", "index") or _is_virtual(each)


def _is_virtual(each: SchemaObject) -> bool:
    return each.type == "table" and "VIRTUAL" in _words(each.sql)[:2]


def _is_version_table(each: SchemaObject) -> bool:
    """Whether it is the table of the version, which Alembic defines."""
    return bool(each.key == f"table {_VERSION_TABLE}" and _is_inert(each, ()))


def _is_made_by_sqlite(each: SchemaObject) -> bool:
    if each.sql is None:
        return each.type == "index" and str(each.name).startswith("sqlite_autoindex_")
    return bool(_MADE_BY_SQLITE.get(each.key) == each.sql)


def _is_inert(each: SchemaObject, own: Iterable[str]) -> bool:
    """Whether a table or index of somebody else has no effect on anything else."""
    words = _words(each.sql)
    if str(each.name).lower().startswith("sqlite_") or "CREATE" not in words[:1]:
        return False
    if each.type == "table":
        return not _ACTIVE & set(words)
    is_plain = "WHERE" not in words and words.count("(") == 1
    return is_plain and ("UNIQUE" not in words or str(each.table).lower() not in own)


def _words(sql: object) -> list[str]:
    """The words and signs of a statement in upper case, without comments; quoted names as one."""
    return list(_tokens(sql)) if isinstance(sql, str) else []


def _tokens(sql: str) -> Iterator[str]:
    for token in _TOKENS.findall(sql):
        if not token.startswith(_COMMENTS):
            yield token.upper()


def _listed(names: Sequence[object]) -> str:
    shown = ", ".join(map(str, names[:MAX_NAMED]))
    more = len(names) - MAX_NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown
