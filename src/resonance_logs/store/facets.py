"""What fights can be filtered by: each ended fight is listed under every value that it has."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection

from resonance_logs.store.rows import MAX_PARAMETERS, insert_rows, parts
from resonance_logs.store.tables import facet_values


class Facet(NamedTuple):
    """A value of a kind: boss, scene, player (name), class (id), outcome (1, 0), favorite (1)."""

    kind: str
    value: str


def store_facets(
    connection: Connection, encounter_id: int, started_at_ms: int, facets: Collection[Facet]
) -> None:
    """List the fight under these values."""
    for part in parts(sorted(set(facets)), MAX_PARAMETERS // 3):
        _store(connection, encounter_id, started_at_ms, part)


def _store(
    connection: Connection, encounter_id: int, started_at_ms: int, facets: Collection[Facet]
) -> None:
    stored = _stored(connection, facets)
    insert_rows(
        connection,
        facet_values,
        ("kind", "value", "folded"),
        [(each.kind, each.value, each.value.casefold()) for each in facets if each not in stored],
    )
    connection.exec_driver_sql(
        "INSERT INTO encounter_facets (encounter_id, value_id, started_at_ms) "  # noqa: S608
        f"SELECT ?, value_id, ? FROM facet_values WHERE (kind, value) IN {_marks(facets)}",
        (encounter_id, started_at_ms, *chain.from_iterable(facets)),
    )


def _stored(connection: Connection, facets: Collection[Facet]) -> set[Facet]:
    rows = connection.exec_driver_sql(
        f"SELECT kind, value FROM facet_values WHERE (kind, value) IN {_marks(facets)}",  # noqa: S608
        tuple(chain.from_iterable(facets)),
    )
    return {Facet(*row) for row in rows}


def _marks(facets: Collection[Facet]) -> str:
    return f"(VALUES {','.join(['(?,?)'] * len(facets))})"
