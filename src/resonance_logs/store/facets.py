"""The index for filters: for each value of each kind, the set of ended fights that have it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

from pyroaring import BitMap, BitMap64
from sqlalchemy import ColumnElement, Connection, delete, exists, select

from resonance_logs.errors import DamagedDatabase
from resonance_logs.fights.name_folding import fold_name
from resonance_logs.store import idsets
from resonance_logs.store.rows import MAX_PARAMETERS, fetch_tuples, insert_rows, parts
from resonance_logs.store.schema import facet_encounters, facet_values


class Facet(NamedTuple):
    """A value of a kind: boss, scene, player, recorder (names), class (id), outcome (1, 0), or a
    mark.
    """

    kind: str
    value: str


def facets_of_fight(
    row: Mapping[str, Any],
    boss_names: Iterable[str],
    players: Iterable[tuple[str | None, int | None]],
) -> list[Facet]:
    """The facets of an ended fight with this row; ``players`` are their names and classes."""
    facets = [Facet("boss", name) for name in boss_names]
    for name, class_id in players:
        facets += [Facet("player", name)] if name else []
        facets += [Facet("class", str(class_id))] if class_id else []
    scene_name = row["scene_name"]
    if scene_name and scene_name.strip():
        facets.append(Facet("scene", scene_name))
    outcome = str(int(bool(row["is_defeated"])))
    return [*facets, Facet("recorder", row["recorder"]), Facet("outcome", outcome)]


def add_to_index(
    connection: Connection, encounter_id: int, game: str, facets: Iterable[Facet]
) -> None:
    """Add an ended fight of a game to the sets of these facets.

    Raises:
        DamagedDatabase: a stored set cannot be read.
    """
    block, offset = divmod(encounter_id, idsets.BLOCK)
    for part in parts(sorted(set(facets)), MAX_PARAMETERS // 3):
        values = _value_ids(connection, game, part)
        sets = {each: BitMap() for each in values} | _sets(connection, values, block)
        for offsets in sets.values():
            offsets.add(offset)
        _store_sets(connection, block, sets)


def remove_from_index(
    connection: Connection,
    encounter_ids: Iterable[int],
    only: Facet | None = None,
    kept: Collection[str] = (),
) -> None:
    """Remove fights from the sets of all facets, or of ``only`` one; empty sets are deleted.

    Facets of the kinds ``kept`` stay.

    Raises:
        DamagedDatabase: a stored set cannot be read.
    """
    removed: defaultdict[int, BitMap] = defaultdict(BitMap)
    for each in encounter_ids:
        block, offset = divmod(each, idsets.BLOCK)
        removed[block].add(offset)
    emptied = [
        value_id
        for block, offsets in removed.items()
        for value_id in _remove_from_block(connection, block, offsets, only, kept)
    ]
    used = exists().where(facet_encounters.c.value_id == facet_values.c.value_id)
    for part in parts(emptied, MAX_PARAMETERS):
        unused = delete(facet_values).where(facet_values.c.value_id.in_(part), ~used)
        connection.execute(unused)


def find_encounters(connection: Connection, values: ColumnElement[bool]) -> BitMap64:
    """The ids of fights with any of the facets that match a condition on facet_values.

    Raises:
        DamagedDatabase: a stored set cannot be read.
    """
    statement = (
        select(facet_encounters.c.block, facet_encounters.c.encounters)
        .join(facet_values, facet_values.c.value_id == facet_encounters.c.value_id)
        .where(values)
    )
    rows = fetch_tuples(connection, statement)
    with _damage_reported():
        return idsets.union(rows)


def read_sets(connection: Connection, kind: str) -> dict[tuple[str, str], BitMap64]:
    """The fights that have each value of a kind, by game and value.

    Raises:
        DamagedDatabase: a stored set cannot be read.
    """
    statement = (
        select(
            facet_values.c.game,
            facet_values.c.value,
            facet_encounters.c.block,
            facet_encounters.c.encounters,
        )
        .join(facet_encounters, facet_encounters.c.value_id == facet_values.c.value_id)
        .where(facet_values.c.kind == kind)
    )
    rows: defaultdict[tuple[str, str], list[tuple[int, bytes]]] = defaultdict(list)
    for game, value, block, stored in fetch_tuples(connection, statement):
        rows[game, value].append((block, stored))
    with _damage_reported():
        return {each: idsets.union(blocks) for each, blocks in rows.items()}


@contextmanager
def _damage_reported() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise DamagedDatabase(f"the filter index is damaged: {error}") from error


def _value_ids(connection: Connection, game: str, facets: Collection[Facet]) -> list[int]:
    marks = ",".join(["(?,?)"] * len(facets))
    # A cross join keeps SQLite from reading the whole index.
    statement = (
        f"WITH given(kind, value) AS (VALUES {marks}) "  # noqa: S608
        "SELECT kind, value, value_id FROM given CROSS JOIN facet_values USING (kind, value) "
        "WHERE game = ?"
    )
    given = (*chain.from_iterable(facets), game)
    known = {Facet(*row[:2]): row[2] for row in connection.exec_driver_sql(statement, given)}
    missing = [each for each in facets if each not in known]
    if missing:
        rows = [(game, each.kind, each.value, fold_name(each.value)) for each in missing]
        insert_rows(connection, facet_values, ("game", "kind", "value", "folded"), rows)
        known = {Facet(*row[:2]): row[2] for row in connection.exec_driver_sql(statement, given)}
    if len(known) < len(set(facets)):
        raise DamagedDatabase("the values to filter by are damaged: a stored value is missing")
    return [known[each] for each in facets]


def _sets(connection: Connection, values: Collection[int], block: int) -> dict[int, BitMap]:
    marks = ",".join("?" * len(values))
    rows = connection.exec_driver_sql(
        "SELECT value_id, encounters FROM facet_encounters "  # noqa: S608
        f"WHERE block = ? AND value_id IN ({marks})",
        (block, *values),
    )
    with _damage_reported():
        return {row[0]: idsets.decode([row[1]]) for row in rows}


def _store_sets(connection: Connection, block: int, sets: Mapping[int, BitMap]) -> None:
    columns = ("value_id", "block", "encounters")
    rows = [(each, block, idsets.encode(offsets)) for each, offsets in sets.items()]
    insert_rows(connection, facet_encounters, columns, rows, replace=True)


def _remove_from_block(
    connection: Connection,
    block: int,
    removed: BitMap,
    only: Facet | None,
    kept: Collection[str],
) -> list[int]:
    """Remove fights of one block; returns the facets without any left in it."""
    statement = (
        select(facet_encounters.c.value_id, facet_encounters.c.encounters)
        .join(facet_values, facet_values.c.value_id == facet_encounters.c.value_id)
        .where(facet_encounters.c.block == block, facet_values.c.kind.not_in(kept))
    )
    if only is not None:
        statement = statement.where(
            facet_values.c.kind == only.kind, facet_values.c.value == only.value
        )
    rows = connection.execute(statement).all()
    with _damage_reported():
        before = {row[0]: idsets.decode([row[1]]) for row in rows}
    changed = {
        each: offsets - removed for each, offsets in before.items() if offsets.intersect(removed)
    }
    _store_sets(connection, block, {each: left for each, left in changed.items() if left})
    emptied = [each for each, left in changed.items() if not left]
    for part in parts(emptied, MAX_PARAMETERS):
        gone = (facet_encounters.c.block == block) & facet_encounters.c.value_id.in_(part)
        connection.execute(delete(facet_encounters).where(gone))
    return emptied
