"""From the filters of a command to what the tables are asked: facets by id, and ranges."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from resonance_logs.commands.arguments import Filters, Sort
from resonance_logs.store.tables import facet_values


@dataclass(frozen=True, slots=True)
class Search:
    """Which ended fights, in which order.

    A fight must have one facet of each of ``groups`` and not the facet ``without``.
    """

    groups: tuple[tuple[int, ...], ...] = ()
    without: int | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    min_duration_ms: int | None = None
    sort: Sort = Sort.STARTED_AT
    descending: bool = True

    @property
    def is_hopeless(self) -> bool:
        """Whether some filter asks for what no fight has."""
        return not all(self.groups)


def resolve(connection: Connection, filters: Filters) -> Search:
    """Look the filters' values up: one statement for each filter given."""
    groups = [_value_ids(connection, condition) for condition in _conditions(filters)]
    without = None
    if filters.is_favorite is not None:
        favorites = _value_ids(connection, _is_one_of("favorite", ["1"]))
        if filters.is_favorite:
            groups.append(favorites)
        elif favorites:
            (without,) = favorites
    return Search(
        groups=tuple(groups),
        without=without,
        from_ms=filters.date_from_ms,
        to_ms=filters.date_to_ms,
        min_duration_ms=filters.min_duration_ms,
        sort=filters.sort,
        descending=filters.descending,
    )


def contains(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    """Whether a case-folded column contains ``part``, whatever its case; nothing is a wildcard."""
    return func.instr(column, part.casefold()) > 0


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    wanted = {
        "boss": filters.boss_names,
        "scene": filters.encounter_names,
        "player": filters.player_names,
        "class": [str(class_id) for class_id in filters.class_ids],
        "outcome": [] if filters.is_defeated is None else [str(int(filters.is_defeated))],
    }
    conditions = [_is_one_of(kind, values) for kind, values in wanted.items() if values]
    if filters.player_name:
        part = contains(facet_values.c.folded, filters.player_name)
        conditions.append((facet_values.c.kind == "player") & part)
    return conditions


def _is_one_of(kind: str, values: list[str]) -> ColumnElement[bool]:
    return (facet_values.c.kind == kind) & facet_values.c.value.in_(values)


def _value_ids(connection: Connection, condition: ColumnElement[bool]) -> tuple[int, ...]:
    statement = select(facet_values.c.value_id).where(condition)
    return tuple(connection.execute(statement).scalars())
