"""Damage to a database file, as failing disks and careless programs do it.

Pages are overwritten by a process of its own: closing the file here would take SQLite's locks on it
from every connection of the test.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

PAGE = 4_096

_WRITE = """
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    file.write(sys.stdin.buffer.read())
"""


def root_page(path: Path, name: str) -> int:
    """The page at which a table or an index begins."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)
        ).fetchone()
    return int(page)


def write_page(path: Path, page: int, content: bytes) -> None:
    """Overwrite a page."""
    at = str(PAGE * (page - 1))
    subprocess.run([sys.executable, "-c", _WRITE, path, at], input=content, check=True)


def zero_root(path: Path, name: str) -> None:
    """Overwrite the first page of a table or an index with zeros, also while it is recorded."""
    page = root_page(path, name)
    fold_log(path)
    write_page(path, page, bytes(PAGE))
    # A commit by somebody else, so that no connection goes on with the pages in its memory.
    run_sql(path, "UPDATE alembic_version SET version_num = version_num")


def fold_log(path: Path) -> None:
    """Have all that is committed in the file itself, though it is open elsewhere."""
    run_sql(path, "PRAGMA wal_checkpoint(TRUNCATE)")


def run_sql(path: Path, *statements: str) -> None:
    """Change the file behind the program's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement).fetchall()


@contextmanager
def stale_index(path: Path, index: str) -> Iterator[None]:
    """Of what the block does to a closed file, the index hears nothing: its page is as before."""
    page = root_page(path, index)
    before = path.read_bytes()[PAGE * (page - 1) : PAGE * page]
    yield
    write_page(path, page, before)
