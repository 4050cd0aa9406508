"""The file releases what it no longer needs, and its log is truncated."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from resonance_logs.store.sqlite import space
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import prepare


@pytest.fixture
def connection(path: Path) -> Iterator[Connection]:
    prepare(path)
    store = Store(path)
    with closing(store.connect_writer()) as opened:
        yield opened
    store.close()


def fill(connection: Connection, rows: int) -> None:
    with connection.begin():
        for number in range(rows):
            connection.exec_driver_sql(
                "INSERT INTO rejected_tasks (rejected_at_ms, task, error) VALUES (?, ?, '')",
                (number, "x" * 4_000),
            )


def clear(connection: Connection) -> None:
    with connection.begin():
        connection.exec_driver_sql("DELETE FROM rejected_tasks")


def wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def test_free_pages_go_back_in_steps_and_some_are_spared(
    connection: Connection, path: Path
) -> None:
    fill(connection, 2_000)
    clear(connection)
    assert space.checkpoint(connection)
    before = path.stat().st_size
    steps = 1
    while space.give_back(connection):
        steps += 1
    assert space.checkpoint(connection)
    assert steps == -(-(2_000 - space.MAX_FREE_PAGES) // space.VACUUM_PAGES)
    assert space.free_bytes(connection) == 4_096 * space.MAX_FREE_PAGES
    assert before - path.stat().st_size >= 4_096 * 1_400
    assert not space.give_back(connection)


def test_what_is_used_is_the_file_without_its_free_pages(connection: Connection) -> None:
    empty = space.used_bytes(connection)
    fill(connection, 100)
    assert 400_000 < space.used_bytes(connection) - empty < 450_000
    clear(connection)
    assert space.used_bytes(connection) - empty < 10_000
    assert space.free_bytes(connection) > 390_000


def test_a_checkpoint_empties_the_log(connection: Connection, path: Path) -> None:
    fill(connection, 10)
    assert wal(path).stat().st_size > 40_000
    assert space.checkpoint(connection)
    assert wal(path).stat().st_size == 0


def test_a_checkpoint_waits_for_no_reader(connection: Connection, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM encounters").fetchone()
        fill(connection, 10)
        assert not space.checkpoint(connection)
        reader.execute("COMMIT")
    assert space.checkpoint(connection)
    timeout = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.rollback()
    assert timeout == 500
