"""Lists of ended fights: the rows of a page, and the total count.

A page costs a fixed number of statements: the id sets of the filters, the count if start or
duration is filtered, the ids of the page, the rows of these ids. Few fights are fetched by id and
sorted; many are found by walking the index of the sort order.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import BeforeValidator
from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select

from resonance_logs.commands.encounter import (
    SUMMARY_COLUMNS,
    EncounterSummary,
    summary,
    summary_json,
)
from resonance_logs.commands.filters import Candidates, Filters, Sort, find_candidates
from resonance_logs.commands.models import MAX_LIMIT, Accepts, PageArguments, Shape
from resonance_logs.commands.registry import command
from resonance_logs.store.rows import missing_row
from resonance_logs.store.schema import encounters
from resonance_logs.store.sqlite.connections import Store


def _none_to_no_filters(value: object) -> object:
    return {} if value is None else value


class FilteredPageArguments(PageArguments):
    """A page of a filtered list."""

    filters: Annotated[Filters, BeforeValidator(_none_to_no_filters), Accepts(Filters | None)] = (
        Filters()
    )


class EncounterPage(Shape):
    """A page of the requested fights, and the total count."""

    rows: list[EncounterSummary]
    total_count: int


MAX_CACHED_ROWS: Final = 2_000
"""Maximum number of rows cached as JSON, about 1 kB each."""

_SORT_COLUMNS: Final[dict[Sort, ColumnElement[int]]] = {
    Sort.STARTED_AT: encounters.c.started_at_ms,
    Sort.DURATION: encounters.c.duration_ms,
    Sort.TOTAL_DMG: encounters.c.total_dmg,
}
_wanted: Final = select(*SUMMARY_COLUMNS).where(
    encounters.c.id.in_(bindparam("ids", expanding=True))
)
_ended: Final = encounters.c.ended_at_ms.is_not(None)


def recent_encounters_json(store: Store, arguments: PageArguments) -> bytes:
    """The answer of get_recent_encounters, as JSON."""
    return recent_encounters_filtered_json(store, _unfiltered(arguments))


def recent_encounters_filtered_json(store: Store, arguments: FilteredPageArguments) -> bytes:
    """The answer of get_recent_encounters_filtered, as JSON; frequently requested rows are cached.

    A row's JSON depends only on its values, so the cache is never stale.
    """
    rows, total = _read_page(store, arguments)
    return b'{"rows":[%b],"totalCount":%d}' % (b",".join(map(_row_json, rows)), total)


@command(is_quick=True, fast_json=recent_encounters_json)
def get_recent_encounters(store: Store, arguments: PageArguments) -> EncounterPage:
    """Ended fights, newest first."""
    return get_recent_encounters_filtered(store, _unfiltered(arguments))


@command(is_quick=True, fast_json=recent_encounters_filtered_json)
def get_recent_encounters_filtered(store: Store, arguments: FilteredPageArguments) -> EncounterPage:
    """Ended fights that match all filters, in the requested order."""
    rows, total = _read_page(store, arguments)
    return EncounterPage(rows=[summary(row, []) for row in rows], total_count=total)


@lru_cache(maxsize=MAX_CACHED_ROWS)
def _row_json(row: Row[Any]) -> bytes:
    return summary_json(row)


def _unfiltered(page: PageArguments) -> FilteredPageArguments:
    return FilteredPageArguments(limit=page.limit, offset=page.offset, filters=Filters())


def read_ids(connection: Connection, filters: Filters) -> list[int]:
    """The ids of all ended fights that pass all filters, in the order asked for."""
    candidates = find_candidates(connection, filters)
    statement = page_statement(
        filters, candidates, candidates.count, 0, descending=filters.descending
    )
    return list(connection.execute(statement).scalars().all())


def iterate_rows(
    connection: Connection, filters: Filters, rows_at_once: int = MAX_LIMIT
) -> Iterator[Row[Any]]:
    """The rows of all these fights, each once.

    All are read in the connection's one view of the store, whatever others add or delete
    meanwhile, and ``rows_at_once`` of them are in memory at a time.
    """
    ids = read_ids(connection, filters)
    for first in range(0, len(ids), rows_at_once):
        yield from _rows(connection, ids[first : first + rows_at_once])


def _read_page(store: Store, arguments: FilteredPageArguments) -> tuple[list[Row[Any]], int]:
    """The rows of the page, and the total count."""
    filters = arguments.filters
    with store.read_transaction() as connection:
        candidates = find_candidates(connection, filters)
        total = candidates.count
        if total and _has_range(filters):
            total = connection.execute(count_statement(filters, candidates)).scalar_one()
        ids = _page_ids(connection, arguments, candidates, total)
        return _rows(connection, ids), total


def count_statement(filters: Filters, candidates: Candidates) -> Select[int]:
    """Count the candidates that match the filters by start and duration."""
    return _matching(select(func.count()).select_from(encounters), filters, candidates)


def page_statement(
    filters: Filters, candidates: Candidates, limit: int, offset: int, *, descending: bool
) -> Select[int]:
    """Select the ids of one page, in order."""
    by, key = _SORT_COLUMNS[filters.sort], encounters.c.id
    order = (by.desc(), key.desc()) if descending else (by.asc(), key.asc())
    statement = _matching(select(key), filters, candidates)
    return statement.order_by(*order).limit(limit).offset(offset)


def _page_ids(
    connection: Connection, page: FilteredPageArguments, candidates: Candidates, total: int
) -> list[int]:
    """The ids of one page, in order; pages in the far half are read from the far end."""
    limit, offset = min(page.limit, total - page.offset), page.offset
    if limit <= 0:
        return []
    is_near = offset <= total // 2
    statement = page_statement(
        page.filters,
        candidates,
        limit,
        offset if is_near else total - offset - limit,
        descending=page.filters.descending is is_near,
    )
    ids = list(connection.execute(statement).scalars().all())
    return ids if is_near else ids[::-1]


def _matching(statement: Select[Any], filters: Filters, candidates: Candidates) -> Select[Any]:
    statement = statement.where(_ended)
    if candidates.condition is not None:
        statement = statement.where(candidates.condition)
    for column, least, most in (
        (encounters.c.started_at_ms, filters.date_from_ms, filters.date_to_ms),
        (encounters.c.duration_ms, filters.min_duration_ms, None),
    ):
        if least is not None:
            statement = statement.where(column >= least)
        if most is not None:
            statement = statement.where(column <= most)
    return statement


def _has_range(filters: Filters) -> bool:
    bounds = (filters.date_from_ms, filters.date_to_ms, filters.min_duration_ms)
    return any(bound is not None for bound in bounds)


def _rows(connection: Connection, ids: list[int]) -> list[Row[Any]]:
    """The rows of these fights, in the order of the ids.

    Raises:
        DamagedDatabase: an index and the table that it belongs to disagree.
    """
    by_id = {row[0]: row for row in connection.execute(_wanted, {"ids": ids}).all()} if ids else {}
    missing = sorted(set(ids) - by_id.keys())
    if missing:
        raise missing_row(missing[0])
    return [by_id[each] for each in ids]
