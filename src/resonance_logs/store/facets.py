"""What fights can be filtered by: each ended fight is listed under every value that it has."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection

from resonance_logs.store.rows import insert_rows
from resonance_logs.store.tables import facet_values


class Facet(NamedTuple):
    """A value of a kind: boss, scene, player (name), class (id), outcome (1, 0), favorite (1)."""

    kind: str
    value: str


def store_facets(
    connection: Connection, encounter_id: int, started_at_ms: int, facets: Collection[Facet]
) -> None:
    """List the fight under these values."""
    distinct = sorted(set(facets))
    stored = _stored(connection, distinct)
    missing = [each for each in distinct if each not in stored]
    insert_rows(
        connection,
        facet_values,
        ("kind", "value", "folded"),
        [(each.kind, each.value, each.value.casefold()) for each in missing],
    )
    marks = ",".join(["(?,?)"] * len(distinct))
    connection.exec_driver_sql(
        "INSERT INTO encounter_facets (encounter_id, value_id, started_at_ms) "  # noqa: S608
        f"SELECT ?, value_id, ? FROM facet_values WHERE (kind, value) IN (VALUES {marks})",
        (encounter_id, started_at_ms, *(part for each in distinct for part in each)),
    )


def _stored(connection: Connection, facets: Collection[Facet]) -> set[Facet]:
    marks = ",".join(["(?,?)"] * len(facets))
    rows = connection.exec_driver_sql(
        f"SELECT kind, value FROM facet_values WHERE (kind, value) IN (VALUES {marks})",  # noqa: S608
        tuple(part for each in facets for part in each),
    )
    return {Facet(*row) for row in rows}
