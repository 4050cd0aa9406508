"""Read what can be read of a damaged database, or of one that somebody altered.

Only ordinary tables are read, and of them only the columns that are stored: views, virtual tables
and generated columns would run what the file says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from resonance_logs.errors import DatabaseUnavailable
from resonance_logs.store.sqlite.connections import DISTRUSTING, TRANSIENT_CODES
from resonance_logs.store.sqlite.guard import Guard, is_interrupted
from resonance_logs.store.sqlite.schema_check import SchemaObject, read_schema, shadowed

_MAX_SKIPPED: Final = 1 << 53
_PAGE_ROWS: Final = 500


class DamagedFile:
    """A copy of a damaged file and its write-ahead log.

    A copy, because SQLite cannot read a log without writing its index and, at the end, the file.
    """

    def __init__(self, copy: Path) -> None:
        self._connection = sqlite3.connect(copy, isolation_level=None)
        self._guard = Guard(copy)
        self._guard.watch(self._connection)
        for pragma in DISTRUSTING:
            self._connection.execute(f"PRAGMA {pragma}").close()
        # If the file is shorter than its header says, or part of its schema is unreadable, the rest
        # can still be read.
        self._connection.execute("PRAGMA writable_schema=ON").close()
        self._connection.text_factory = partial(str, encoding="utf-8", errors="replace")
        self._shadowed = shadowed(self._schema())
        self._columns: dict[str, str | None] = {}

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def rows(self, table: str, key: str, value: int) -> list[dict[str, Any]] | None:
        """The rows of a table with this value in a column; None if they cannot be read."""
        stored = self._stored(table)
        if stored is None:
            return None
        return self._ask(f"SELECT {stored} FROM {table} WHERE {key} = ?", (value,))  # noqa: S608

    def distinct_ids(self, table: str, key: str) -> Iterator[int]:
        """The readable distinct values of a numeric column, ascending."""
        if self._stored(table) is None:
            return
        for row in self._ascending(f"SELECT DISTINCT {key} FROM {table}", key):  # noqa: S608
            yield row[key]

    def scan(self, table: str, key: str) -> Iterator[dict[str, Any]]:
        """All readable rows of a table with a numeric key, ascending.

        The key may be the number that SQLite gives each row (``rowid``); it is in each row as
        ``scan_key``.
        """
        stored = self._stored(table)
        if stored is None:
            return iter(())
        select = f"SELECT {key} AS scan_key, {stored} FROM {table}"  # noqa: S608
        return self._ascending(select, key, "scan_key")

    def _ascending(self, select: str, key: str, name: str = "") -> Iterator[dict[str, Any]]:
        """Rows by key; after an unreadable page, the next one is searched for further on.

        A row whose key does not ascend is damaged, and skipped.
        """
        name = name or key
        last, skip = -_MAX_SKIPPED, 1
        while last < _MAX_SKIPPED:
            found = self._ask(
                f"{select} WHERE {key} > ? ORDER BY {key} LIMIT ?",
                (last, _PAGE_ROWS if skip == 1 else 1),
            )
            if found is not None and not found:
                return
            before = last
            for row in found or ():
                if isinstance(row[name], int) and row[name] > last:
                    last = row[name]
                    yield row
            skip = 1 if last > before else skip * 2
            if last == before:
                last += skip

    def journal(self, encounter_id: int) -> tuple[list[dict[str, Any]], bool]:
        """The rows of an open fight's journal, and whether all were readable.

        Each is read separately; one with unreadable events is returned without them.
        """
        rows: list[dict[str, Any]] = []
        is_whole = True
        if self._stored("encounter_journal") is None:
            return rows, False
        heads = self._ascending(
            "SELECT * FROM (SELECT chunk, events FROM encounter_journal "  # noqa: S608
            f"WHERE encounter_id = {int(encounter_id)})",
            "chunk",
        )
        for head in heads:
            payload = self._of_chunk("payload", encounter_id, head["chunk"]).get("payload")
            is_whole = is_whole and isinstance(payload, bytes)
            content = payload if isinstance(payload, bytes) else b""
            rest = self._of_chunk("position, party", encounter_id, head["chunk"])
            rows.append({"encounter_id": encounter_id, **head, "payload": content, **rest})
        return rows, is_whole

    def _of_chunk(self, columns: str, encounter_id: int, chunk: int) -> dict[str, Any]:
        """Columns of a row of a journal; nothing if they cannot be read, or do not exist yet."""
        found = self._ask(
            f"SELECT {columns} FROM encounter_journal "  # noqa: S608
            "WHERE encounter_id = ? AND chunk = ?",
            (encounter_id, chunk),
        )
        return found[0] if found else {}

    def all_rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table up to the first unreadable one, from either end."""
        stored = self._stored(table)
        if stored is None:
            return []
        select = f"SELECT {stored} FROM {table} ORDER BY"  # noqa: S608
        forth = self._until_damage(f"{select} {', '.join(self._keys(table))}")
        if forth is not None and forth[1]:
            return forth[0]
        backwards = ", ".join(f"{name} DESC" for name in self._keys(table))
        back = self._until_damage(f"{select} {backwards}")
        return (forth[0] if forth else []) + (back[0] if back else [])

    def sequence(self, table: str) -> int:
        """The highest id that a table ever had; 0 if that cannot be read."""
        if "sqlite_sequence" in self._shadowed:
            return 0
        found = self._ask("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
        value = found[0]["seq"] if found else None
        return value if isinstance(value, int) else 0

    def _schema(self) -> Iterator[SchemaObject]:
        """The readable rows of the schema."""
        try:
            yield from read_schema(self._connection)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            _raise_if_transient(error)

    def _stored(self, table: str) -> str | None:
        """The stored columns of an ordinary table, for a statement; None if it is no such table."""
        if table not in self._columns:
            info = None
            if table not in self._shadowed:
                info = self._ask(f"PRAGMA table_xinfo({table})")
            names = [_quoted(row["name"]) for row in info or () if not row["hidden"]]
            self._columns[table] = ", ".join(names) or None
        return self._columns[table]

    def _keys(self, table: str) -> list[str]:
        info = self._ask(f"PRAGMA table_info({table})") or []
        return [row["name"] for row in sorted(info, key=lambda row: row["pk"]) if row["pk"]]

    def _ask(self, sql: str, given: Sequence[object] = ()) -> list[dict[str, Any]] | None:
        self._guard.begin()
        try:
            with closing(self._connection.execute(sql, given)) as cursor:
                names = [each[0] for each in cursor.description or ()]
                return [dict(zip(names, row, strict=True)) for row in cursor]
        except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError) as error:
            _raise_if_transient(error)
            return None

    def _until_damage(self, sql: str) -> tuple[list[dict[str, Any]], bool] | None:
        """The rows, and whether they are complete."""
        rows: list[dict[str, Any]] = []
        self._guard.begin()
        try:
            with closing(self._connection.execute(sql)) as cursor:
                names = [each[0] for each in cursor.description]
                for row in cursor:
                    rows.append(dict(zip(names, row, strict=True)))  # noqa: PERF401 - kept on error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            _raise_if_transient(error)
            return rows, False
        return rows, True


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _raise_if_transient(error: Exception) -> None:
    """A disk that cannot be read now is not damage, nor is a statement that was ended."""
    if is_interrupted(error):
        raise DatabaseUnavailable("the damaged file takes too long to read") from error
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in TRANSIENT_CODES:
        raise DatabaseUnavailable(f"the damaged file cannot be read now: {error}") from error
