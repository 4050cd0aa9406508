"""Whether an id is in a set of ids, as a condition of an SQL statement."""

from __future__ import annotations

import json
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap64
from sqlalchemy import Column, ColumnElement, Connection, bindparam, func, or_, select
from sqlalchemy.types import LargeBinary

FEW: Final = 1_000
"""Maximum number of rows fetched by their ids; beyond it, SQLite looks up each row it meets."""

MAX_RUNS: Final = 8
MAX_GAP: Final = 1_048_576
"""Ids with a larger gap between them belong to different runs."""

MIN_MAP_BYTES: Final = 16_777_216
"""Maximum size of the maps of all runs, in bytes, or 8 bytes for each id if that is more."""

MAX_POSITION: Final = 2**31 - 1
"""SQLite takes no more than the lowest 32 bits of a position."""

_Ids = NDArray[np.int64]


def is_member(connection: Connection, column: Column[int], ids: BitMap64) -> ColumnElement[bool]:
    """Return the condition that a column of ids, from 0 to 2**63 - 1, is in the set."""
    if len(ids) > FEW and (runs := _runs(ids)):
        largest = _largest(connection, column)
        return or_(*(_is_in_run(column, run, largest) for run in runs))
    given = func.json_each(json.dumps(ids.to_array().tolist())).table_valued("value", name="ids")
    return column.in_(select(given.c.value))


def _largest(connection: Connection, column: Column[int]) -> int:
    # As text: this runs at every filter, and building the statement takes longer than running it.
    statement = f"SELECT max({column.name}) FROM {column.table.name}"  # noqa: S608
    return connection.exec_driver_sql(statement).scalar_one() or 0


def _runs(ids: BitMap64) -> list[_Ids]:
    """Return the ids in ascending runs without large gaps; none where maps would be too large.

    Ids are mostly dense. A single large id, as a mended file may have it, is a run of its own.
    """
    members = np.frombuffer(ids.to_array(), dtype=np.int64)
    if members[-1] < MIN_MAP_BYTES:
        return [members]
    ends = np.flatnonzero(np.diff(members) > MAX_GAP) + 1
    if len(ends) >= MAX_RUNS:
        return []
    runs = np.split(members, ends)
    map_bytes = sum(int(run[-1]) - _start(run) + 1 for run in runs)
    return runs if map_bytes <= max(MIN_MAP_BYTES, 8 * len(members)) else []


def _start(run: _Ids) -> int:
    """Return where the map of a run begins: at 0, which makes looking up cheaper, or near it."""
    return 0 if run[0] <= MAX_GAP else int(run[0])


def _is_in_run(column: ColumnElement[int], run: _Ids, largest: int) -> ColumnElement[bool]:
    """Look a byte up in a map that has one for each id up to the last of the run.

    ``largest`` is the largest id that the column has.
    """
    start, last = _start(run), int(run[-1])
    is_in = np.zeros(last - start + 1, dtype=np.bool_)
    is_in[run - start if start else run] = True
    given = bindparam("map", is_in.tobytes(), type_=LargeBinary, unique=True)
    found = func.substr(given, column - (start - 1), 1) == b"\x01"
    if start == 0 and largest < MAX_POSITION:
        return found
    # Positions below 0 count from the end of the map, and too large ones lose their upper bits. The
    # sum keeps SQLite from searching by these bounds instead of along an index.
    return found & (column + 0).between(start, last)
