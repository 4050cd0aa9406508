"""Connections: open the file, read it, write it. Hides the specifics of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool, Pool, QueuePool

from resonance_logs.errors import (
    DamagedDatabase,
    DatabaseClosed,
    DatabaseError,
    DatabaseUnavailable,
)
from resonance_logs.store.sqlite import space
from resonance_logs.store.sqlite.access import (
    Access,
    Frozen,
    find_access,
    opened_read_only,
    read_only,
)
from resonance_logs.store.sqlite.file_identity import OpenedFile
from resonance_logs.store.sqlite.files import BUSY_TIMEOUT_MS, inherited_message, open_file
from resonance_logs.store.sqlite.guard import Guard
from resonance_logs.store.sqlite.lock import check_other_names
from resonance_logs.system.forks import tell_after_fork
from resonance_logs.system.repeated_messages import limited_logger

WRITER_BUSY_TIMEOUT_MS: Final = 500
READERS: Final = 8

DISTRUSTING: Final = ("trusted_schema=OFF", "cell_size_check=ON")
"""Anybody may have made the file: what its schema says may call no function that has an effect,
and its pages are checked as they are read."""

_logger = limited_logger(__name__)

_HEADING: Final = "*** in database main ***"

TRANSIENT_CODES: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOMEM,
    }
)

_UNREADABLE: Final = frozenset(
    {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_TOOBIG}
)
_DAMAGE_CODES: Final = _UNREADABLE | {sqlite3.SQLITE_ERROR}
"""Unreadable pages, or missing tables."""


class Store:
    """Connections to one database file: a pool for readers, separate ones for writers.

    With ``is_read_only`` it is never opened for writing, even where that is possible. A ``guard``
    bounds what the connections may take.
    """

    def __init__(
        self, path: Path, *, is_read_only: bool = False, guard: Guard | None = None
    ) -> None:
        self.path = path
        self.is_read_only = is_read_only
        self.access = find_access(path, read_only=is_read_only)
        self._frozen = Frozen(path) if self.access is Access.FROZEN_READ else None

        self._guard = guard
        self._file = OpenedFile(path)
        self._readers = _engine(self._open, begin="BEGIN", poolclass=QueuePool, pool_size=READERS)
        self._writers = _engine(self._open, begin="BEGIN IMMEDIATE", poolclass=NullPool)
        self._refusal: str | None = None
        tell_after_fork(self, Store._leave_to_parent)

    @property
    def is_writable(self) -> bool:
        """Whether the file may be written."""
        return self.access is Access.WRITE

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._refusal is not None

    def check_open(self) -> None:
        """Check that it was not closed.

        Raises:
            DatabaseClosed: it was, or it belongs to the process that this one was forked from.
        """
        if self._refusal is not None:
            raise DatabaseClosed(self._refusal)

    def check_in_place(self) -> None:
        """Check that the file that was opened is still at its path.

        Raises:
            DatabaseMoved: it was deleted, moved or replaced.
            DatabaseUnavailable: that cannot be found out now.
        """
        self._file.check()

    def watch(self, name: Path) -> None:
        """Check another name of the file, too: a symlink by which it was opened."""
        self._file = OpenedFile(self.path, name)

    def follow_file(self) -> None:
        """Go on with the file that is at the path now, which replaced the one that was opened."""
        self.disconnect()
        self._file.follow()

    def check_writable(self) -> None:
        """Check that the file may be written.

        Raises:
            DatabaseClosed: it was closed.
            ReadOnlyDatabase: it may only be read.
        """
        self.check_open()
        if self.is_read_only:
            raise opened_read_only(self.path)
        if not self.is_writable:
            raise read_only(self.path)

    @contextmanager
    def read_transaction(self) -> Iterator[Connection]:
        """A pooled connection in a read transaction: one consistent view of the file.

        Raises:
            DatabaseClosed: it was closed.
            DatabaseMoved: the file that was opened is not at its path any more.
            DatabaseUnavailable: the file cannot be read now.
            DamagedDatabase: the data cannot be read at all.
        """
        self.check_open()
        self.check_in_place()
        if self._frozen is not None:
            self._frozen.check()
        with _translated(self.path), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def write_transaction(self, patience_s: float | None = None) -> Iterator[Connection]:
        """A new connection in a write transaction, committed at the end of the block.

        Another program that writes is waited for up to ``patience_s`` seconds (None:
        BUSY_TIMEOUT_MS).

        Raises:
            AlreadyRecording: the file is being recorded under another name.
            DatabaseMoved: the file that was opened is not at its path any more.
            ReadOnlyDatabase: the file may only be read.
            DatabaseUnavailable: the file cannot be written now.
            DamagedDatabase: a part that must be read for it cannot be.
        """
        self.check_writable()
        self.check_in_place()
        check_other_names(self.path)
        with _translated(self.path), self._writers.connect() as connection:
            if patience_s is not None:
                _wait_at_most(connection, patience_s)
            with connection.begin():
                yield connection

    def connect_writer(self, *, survives_power_loss: bool = False) -> Connection:
        """A connection for the recording thread, which closes it."""
        connection = self._writers.connect()
        # The thread retries by itself, and must notice in time that it is to stop.
        _wait_at_most(connection, WRITER_BUSY_TIMEOUT_MS / 1000)
        if survives_power_loss:
            connection.connection.execute("PRAGMA synchronous=FULL").close()
        return connection

    def find_fault(self) -> str | None:
        """The first fault that SQLite finds in the file, without looking at indexes.

        Takes as long as reading the file: for where something is wrong already.
        """
        try:
            with self.read_transaction() as connection:
                found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalars().all()
        except DatabaseError as error:
            return str(error)
        return None if found == ["ok"] else one_line(found[0])

    def file_bytes(self) -> int:
        """The size of the file including its write-ahead log."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file, as far as other programs' readers allow.

        Raises:
            DatabaseUnavailable: the file cannot be written now.
        """
        try:
            with closing(self._open()) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            raise DatabaseUnavailable(f"{self.path} cannot be written now: {error}") from error

    def give_back_space(self) -> None:
        """Release free pages of the file, in small steps between which others may write.

        If somebody keeps the file locked, this is left to the next recording.
        """
        try:
            with closing(self._writers.connect()) as connection:
                while space.give_back(connection):
                    pass
        except (sqlite3.OperationalError, DBAPIError) as error:
            _logger.info("%s cannot be shrunk now: %s", self.path, describe(error))

    def _open(self) -> sqlite3.Connection:
        connection = connect(self.path, is_read_only=self.is_read_only, guard=self._guard)
        try:
            self.check_in_place()
        except BaseException:
            connection.close()
            raise
        return connection

    def disconnect(self) -> None:
        """Close all connections; the next transaction opens new ones."""
        self._readers.dispose()
        self._writers.dispose()

    def close(self) -> None:
        """Close all connections, and refuse to open any."""
        self._refusal = self._refusal or f"{self.path} was closed; open it again"
        self.disconnect()

    def _leave_to_parent(self) -> None:
        """In a child process: refuse everything."""
        self._refusal = inherited_message(self.path)


def is_transient(error: BaseException) -> bool:
    """Whether this is an error of the environment (locked, full, I/O) that may go away."""
    if isinstance(error, DBAPIError):
        return _code(error) in TRANSIENT_CODES
    return isinstance(error, OSError) and not isinstance(error, ConnectionError)


def is_damage(error: BaseException) -> bool:
    """Whether this is an error of the file's content, which no time can cure."""
    if isinstance(error, DBAPIError):
        return _code(error) in _UNREADABLE
    # SQLite's message about damage may be unreadable too.
    return isinstance(error, DamagedDatabase | UnicodeDecodeError)


def is_wrong_statement(error: BaseException) -> bool:
    """Whether SQLite could not make sense of a statement, as where a table is not there."""
    return isinstance(error, DBAPIError) and _code(error) == sqlite3.SQLITE_ERROR


def _code(error: DBAPIError) -> int | None:
    """SQLite's primary error code, if there is one."""
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def describe(error: BaseException) -> str:
    """The error in one line, without SQL and links."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return one_line(f"{type(cause).__name__}: {cause}".splitlines()[0])


def one_line(finding: object) -> str:
    """A message of SQLite without its heading and line breaks; it may quote what a file says."""
    text = " ".join(str(finding).removeprefix(_HEADING).split())
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable(f"{path}: too many requests at once; try again later") from error
    except (UnicodeDecodeError, MultipleResultsFound, NoResultFound) as error:
        # SQLite's message about the damage cannot be read either; or a key was met twice.
        raise DamagedDatabase(f"{path} is damaged: {error}") from error
    except DBAPIError as error:
        if is_transient(error):
            what = f"{path} cannot be used now: {one_line(error.orig)}"
            raise DatabaseUnavailable(what) from error
        if _code(error) in _DAMAGE_CODES:
            raise DamagedDatabase(f"{path} is damaged: {describe(error)}") from error
        raise


def _engine(
    creator: Callable[[], sqlite3.Connection], *, begin: str, poolclass: type[Pool], **pool: int
) -> Engine:
    engine = create_engine("sqlite+pysqlite://", creator=creator, poolclass=poolclass, **pool)

    @event.listens_for(engine, "begin")
    def begin_explicitly(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _wait_at_most(connection: Connection, seconds: float) -> None:
    connection.connection.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}").close()


def connect(
    path: Path, *, is_read_only: bool = False, guard: Guard | None = None
) -> sqlite3.Connection:
    """A plain connection with the settings that all connections have.

    Where the file cannot be written, or is not to be, it is opened in the way in which it can be
    read. A ``guard`` bounds what it may take.
    """
    connection = open_file(path, find_access(path, read_only=is_read_only))
    if guard is not None:
        guard.watch(connection)
    # Read damaged text all the same; the checksums of its fight reveal it.
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    for pragma in (
        *DISTRUSTING,
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
        "synchronous=NORMAL",
        "secure_delete=OFF",
        "temp_store=MEMORY",
        "journal_size_limit=67108864",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
    return connection
