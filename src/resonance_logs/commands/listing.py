"""Lists of ended fights: which ones are on the page, and how many there are.

One page costs a fixed number of statements: the ids of the page and the count are read from
indexes, then the rows by id. There are two ways to the ids. From the facets: the rarest of the
given ones is walked by date, the others are looked up fight by fight. From the fights: their
index in the wanted order is walked, all facets are looked up. The count likewise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    distinct,
    exists,
    func,
    select,
)
from sqlalchemy.sql.selectable import FromClause

from resonance_logs.commands.arguments import FilteredPage, Filters, Page, Sort
from resonance_logs.commands.encounter import SUMMARY_COLUMNS, summary
from resonance_logs.commands.filters import Search, resolve
from resonance_logs.commands.shapes import EncounterPage
from resonance_logs.store.engine import Store
from resonance_logs.store.tables import encounter_facets, encounters

RARE: Final = 2_000
"""Facet rows up to which fetching each fight's row beats walking the index of all fights."""

_SORT_COLUMNS: Final[dict[Sort, ColumnElement[int]]] = {
    Sort.STARTED_AT: encounters.c.started_at_ms,
    Sort.DURATION: encounters.c.duration_ms,
    Sort.TOTAL_DMG: encounters.c.total_dmg,
}
_ended: Final = encounters.c.ended_at_ms.is_not(None)
_driving: Final = encounter_facets.alias("driving")


def get_recent_encounters(store: Store, arguments: Page) -> EncounterPage:
    """Ended fights, newest first."""
    return get_recent_encounters_filtered(
        store,
        FilteredPage(limit=arguments.limit, offset=arguments.offset, filters=Filters()),
    )


def get_recent_encounters_filtered(store: Store, arguments: FilteredPage) -> EncounterPage:
    """Ended fights that pass all filters, in the order asked for."""
    with store.reading() as connection:
        search = resolve(connection, arguments.filters)
        if search.is_hopeless:
            return EncounterPage(rows=[], total_count=0)
        plan = plan_search(connection, search)
        total = count(connection, plan)
        ids = page_ids(connection, plan, total, arguments.limit, arguments.offset)
        rows = _rows(connection, ids)
    return EncounterPage(rows=[summary(row, []) for row in rows], total_count=total)


@dataclass(frozen=True, slots=True)
class Plan:
    """A search, and whether its ids are found ``from_facets``; its rarest group comes first."""

    search: Search
    from_facets: bool


def plan_search(connection: Connection, search: Search) -> Plan:
    """Choose the way to the ids: a few short statements where there are facets to weigh up."""
    by_date = search.sort is Sort.STARTED_AT
    if not search.groups or (by_date and len(search.groups) == 1):
        return Plan(search, from_facets=bool(search.groups))
    sizes = {group: _size(connection, group) for group in search.groups}
    search = replace(search, groups=tuple(sorted(search.groups, key=sizes.__getitem__)))
    return Plan(search, from_facets=by_date or sizes[search.groups[0]] <= RARE)


def count(connection: Connection, plan: Plan) -> int:
    """How many fights pass the filters."""
    total = int(connection.execute(count_statement(plan)).scalar_one())
    without = plan.search.without
    if without is None:
        return total
    # Favourites are few: counting them and subtracting beats looking each fight up.
    favorites = replace(plan.search, without=None, groups=((without,), *plan.search.groups))
    return total - count(connection, Plan(favorites, from_facets=True))


def page_ids(connection: Connection, plan: Plan, total: int, limit: int, offset: int) -> list[int]:
    """The ids of one page, in order; a page in the far half is reached from the far end."""
    limit = min(limit, total - offset)
    if limit <= 0:
        return []
    if offset <= total // 2:
        return list(connection.execute(page_statement(plan, limit, offset)).scalars())
    search = replace(plan.search, descending=not plan.search.descending)
    statement = page_statement(replace(plan, search=search), limit, total - offset - limit)
    return list(connection.execute(statement).scalars())[::-1]


def count_statement(plan: Plan) -> Select[int]:
    """The count, without regard to ``without``."""
    search = replace(plan.search, without=None)
    if not search.groups:
        return _from_encounters(select(func.count()), search)
    unique = len(search.groups[0]) == 1
    what = func.count() if unique else func.count(distinct(_driving.c.encounter_id))
    search = replace(search, sort=Sort.STARTED_AT)
    return _from_facets(select(what), search, joined=search.min_duration_ms is not None)


def page_statement(plan: Plan, limit: int, offset: int) -> Select[int]:
    """The ids of one page, in order."""
    search = plan.search
    by, key = _SORT_COLUMNS[search.sort], encounters.c.id
    if not plan.from_facets:
        statement = _from_encounters(select(key), search)
    else:
        joined = search.sort is not Sort.STARTED_AT or search.min_duration_ms is not None
        key = _driving.c.encounter_id
        by = by if search.sort is not Sort.STARTED_AT else _driving.c.started_at_ms
        statement = _from_facets(select(key), search, joined=joined)
        if len(search.groups[0]) > 1:
            statement = statement.group_by(by, key)
    order = (by.desc(), key.desc()) if search.descending else (by.asc(), key.asc())
    return statement.order_by(*order).limit(limit).offset(offset)


def _from_encounters(statement: Select[Any], search: Search) -> Select[Any]:
    statement = statement.select_from(encounters).where(_ended)
    statement = _in_range(statement, encounters.c.started_at_ms, search)
    if search.min_duration_ms is not None:
        statement = statement.where(encounters.c.duration_ms >= search.min_duration_ms)
    return _with_facets(statement, encounters, encounters.c.id, search.groups, search.without)


def _from_facets(statement: Select[Any], search: Search, *, joined: bool) -> Select[Any]:
    first, *others = search.groups
    source: FromClause = _driving
    if joined:
        source = _driving.join(encounters, _same_fight(search))
    statement = statement.select_from(source).where(_is_any(_driving.c.value_id, first))
    statement = _in_range(statement, _driving.c.started_at_ms, search)
    if search.min_duration_ms is not None:
        statement = statement.where(encounters.c.duration_ms >= search.min_duration_ms)
    key = _driving.c.encounter_id
    return _with_facets(statement, _driving, key, tuple(others), search.without)


def _same_fight(search: Search) -> ColumnElement[bool]:
    if search.sort is Sort.TOTAL_DMG:
        return encounters.c.id == _driving.c.encounter_id
    # The sum keeps SQLite from the wide row: the index by start has the duration, side by side.
    return (
        (encounters.c.started_at_ms == _driving.c.started_at_ms)
        & (encounters.c.id + 0 == _driving.c.encounter_id)
        & _ended
    )


def _in_range(
    statement: Select[Any], started_at_ms: ColumnElement[int], search: Search
) -> Select[Any]:
    if search.from_ms is not None:
        statement = statement.where(started_at_ms >= search.from_ms)
    if search.to_ms is not None:
        statement = statement.where(started_at_ms <= search.to_ms)
    return statement


def _with_facets(
    statement: Select[Any],
    fights: FromClause,
    encounter_id: ColumnElement[int],
    groups: tuple[tuple[int, ...], ...],
    without: int | None,
) -> Select[Any]:
    for number, group in enumerate(groups):
        probed = encounter_facets.alias(f"probed_{number}")
        # The sum makes SQLite look into the index by value and start, where the fights of one
        # value lie side by side, in the order of the walk: twice as fast as the primary key.
        found = (
            _is_any(probed.c.value_id, group)
            & (probed.c.started_at_ms == fights.c.started_at_ms)
            & (probed.c.encounter_id + 0 == encounter_id)
        )
        statement = statement.where(exists().where(found))
    if without is not None:
        unwanted = select(encounter_facets.c.encounter_id).where(
            encounter_facets.c.value_id == without
        )
        statement = statement.where(encounter_id.not_in(unwanted))
    return statement


def _is_any(value_id: ColumnElement[int], group: tuple[int, ...]) -> ColumnElement[bool]:
    return value_id == group[0] if len(group) == 1 else value_id.in_(group)


def _size(connection: Connection, group: tuple[int, ...]) -> int:
    """Facet rows of the group, counted no further than needed to compare."""
    few = (
        select(encounter_facets.c.encounter_id)
        .where(_is_any(encounter_facets.c.value_id, group))
        .limit(5 * RARE)
        .subquery()
    )
    return int(connection.execute(select(func.count()).select_from(few)).scalar_one())


def _rows(connection: Connection, ids: list[int]) -> list[Row[Any]]:
    statement = select(*SUMMARY_COLUMNS).where(encounters.c.id.in_(ids))
    by_id = {row.id: row for row in connection.execute(statement)} if ids else {}
    return [by_id[each] for each in ids]
