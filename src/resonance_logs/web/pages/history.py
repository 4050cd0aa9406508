"""The history: all fights, filtered, sorted, page by page."""

from __future__ import annotations

from asyncio import to_thread
from dataclasses import replace
from functools import partial
from typing import Any, Final, NoReturn
from urllib.parse import parse_qs, urlencode

from fastapi import Request
from nicegui import ui

from resonance_logs.commands.filters import Filters
from resonance_logs.commands.listing import EncounterPage
from resonance_logs.database import Database
from resonance_logs.errors import CommandError, Unavailable
from resonance_logs.exports.formats import Format
from resonance_logs.web.pages.answer_area import AsyncSection
from resonance_logs.web.pages.fight_list import columns, fight_row
from resonance_logs.web.pages.grid import Grid, on_open_fight
from resonance_logs.web.pages.history_filters import Choices, FilterBar
from resonance_logs.web.pages.history_view import View
from resonance_logs.web.pages.layout import (
    LocalizedText,
    heading,
    page_layout,
    show_empty,
    show_error,
    update_address,
)
from resonance_logs.web.pages.origins import Origins
from resonance_logs.web.pages.registration import page_at
from resonance_logs.web.pages.selection import EMIT_CHOSEN, Selection
from resonance_logs.web.pages.start import Start

REFRESH_S: Final = 5.0
ANSWER_S: Final = 10.0
"""How long to wait for the browser's answer."""
_CLICK: Final = (
    "params => params.colDef.field && emitEvent("
    "params.event.ctrlKey || params.event.metaKey ? 'apart' : 'open', params.data.id)"
)
_ENTER: Final = "params => params.event.key === 'Enter' && emitEvent('open', params.data.id)"


def register(database: Database) -> None:
    """Add the page of this database."""

    @page_at("/")
    async def history(request: Request) -> None:
        view = View.of_query(parse_qs(request.url.query))
        with page_layout("History"):
            await _History(database, view).build()


class _History:
    def __init__(self, database: Database, view: View) -> None:
        self._database = database
        self._view = view
        self._chosen = Selection(database, self._show)
        self._grid: Grid | None = None
        self._news: tuple[int, ...] | None = None
        self._choices = Choices(Origins(), (), (), ())
        self._filters_shown = Filters()

    async def build(self) -> None:
        """Build the filters, and the list below them."""
        try:
            self._choices = await to_thread(Choices.read, self._database, self._view)
        except CommandError as error:
            show_error(str(error))
            return
        heading("History")
        self._bar = FilterBar(self._database, self._view, self._choices, self._go)
        self._list = AsyncSection(skeletons=10)
        self._start = Start(self._database, self._begin)
        self._chosen.listen()
        on_open_fight()
        await self._refresh_if_changed()
        await self._show()
        ui.timer(REFRESH_S, self._refresh_if_changed, immediate=False)

    async def _go_to_page(self, page: int) -> None:
        ui.run_javascript("scrollTo(0, 0)")
        await self._go(replace(self._view, page=page))

    async def _go(self, view: View) -> None:
        if view == self._view:
            return
        if view.only_game != self._view.only_game and await self._read_choices(view):
            view = self._choices.fitting(view)
        self._view = view
        update_address(view.address())
        self._bar.update(view, self._choices)
        await self._show()

    async def _read_choices(self, view: View) -> bool:
        """Read what can be chosen now; returns whether it could be read."""
        try:
            choices = await to_thread(Choices.read, self._database, view)
        except CommandError as error:
            ui.notify(str(error), type="negative")
            return False
        if choices.origins.columns() != self._choices.origins.columns():
            self._grid = None
        self._choices = choices
        return True

    async def _refresh_if_changed(self) -> None:
        """Refresh if fights were recorded or deleted meanwhile, unless the reader is selecting."""
        try:
            newest = await to_thread(self._database.commands.get_recent_encounters, 1)
        except CommandError:  # reported with the reader's next request
            return
        news = (newest.total_count, *(fight.id for fight in newest.rows))
        before, self._news = self._news, news
        if before not in (None, news) and not self._chosen.has_any:
            await (self._begin() if self._start.is_shown else self._refresh())

    async def _refresh(self) -> None:
        if await self._read_choices(self._view):
            self._bar.update(self._view, self._choices)
        await self._show()

    async def _begin(self) -> None:
        """Show the first fights, and filters for them, once."""
        if self._start.is_shown and await self._read_choices(self._view) and self._start.is_shown:
            self._start.show(False)
            self._bar.update(self._view, self._choices)
            await self._show()

    async def _filtered(self, view: View) -> Filters:
        """The filters of the view; the browser computes when their days begin and end."""
        expression = view.days_expression()
        if expression is None:
            return view.filters()
        await ui.context.client.connected()
        return view.filters(*await ui.run_javascript(f"return {expression}", timeout=ANSWER_S))

    async def _show(self) -> None:
        view = self._view
        try:
            filters = await self._filtered(view)
        except TimeoutError:
            await self._list.fill(_report_no_answer, self._page)
            return
        if view != self._view:
            return
        self._filters_shown = filters
        ask = partial(
            self._database.commands.get_recent_encounters_filtered,
            view.size,
            view.offset,
            filters,
        )
        await self._list.fill(ask, self._page, self._update)

    def _update(self, page: EncounterPage) -> bool:
        """Replace the rows of the existing table: creating one takes several times as long."""
        if self._grid is None or self._grid.is_deleted or not page.rows:
            return False
        self._grid.fill(self._rows(page))
        self._foot.clear()
        with self._foot:
            self._pages(page.total_count)
        return True

    def _page(self, page: EncounterPage) -> None:
        self._grid = None
        is_empty = not page.total_count and not self._view.is_filtered
        self._start.show(is_empty)
        self._bar.show(not is_empty)
        if not page.total_count and self._view.is_filtered:
            show_empty("No fight matches these filters.", "Remove some of them to see more.")
        elif page.total_count:
            self._chosen.build()
            self._grid = self._create_grid(page)
            self._foot = ui.column().classes("w-full gap-2")
            with self._foot:
                self._pages(page.total_count)

    def _create_grid(self, page: EncounterPage) -> Grid:
        return Grid(
            {
                "columnDefs": columns(self._choices.origins),
                "rowData": self._rows(page),
                "rowSelection": {"mode": "multiRow", "enableClickSelection": False},
                ":selectionColumnDef": "({width: rl.isPhone() ? 34 : 50})",
                "defaultColDef": {"sortable": False, "resizable": True, "suppressMovable": True},
                "domLayout": "autoHeight",
                ":getRowId": "params => String(params.data.id)",
                ":onCellKeyDown": _ENTER,
                ":onGridSizeChanged": "rl.fit",
                ":onCellClicked": _CLICK,
                ":onSelectionChanged": EMIT_CHOSEN,
            }
        )

    def _rows(self, page: EncounterPage) -> list[dict[str, Any]]:
        return [fight_row(fight) for fight in page.rows if fight.id not in self._chosen.leaving]

    def _pages(self, total: int) -> None:
        view = self._view
        last = max(1, -(-total // view.size))
        with ui.row().classes("w-full items-center justify-between"):
            first = min(total, view.offset + 1)
            LocalizedText(
                "fights ", first, " to ", min(total, view.offset + view.size), " of ", total
            )
            pages = ui.pagination(1, last, value=min(view.page, last), direction_links=True)
            pages.props("max-pages=7 boundary-numbers")
            pages.on_value_change(lambda event: self._go_to_page(event.value))
        with ui.row().classes("w-full gap-4 items-center"):
            ui.label("All of these as a table:").classes("rl-quiet")
            filters = self._filters_shown.model_dump_json(by_alias=True, exclude_defaults=True)
            for form in Format:
                query = urlencode({"format": form, "filters": filters})
                ui.link(form.upper(), f"/api/encounters/export?{query}")


def _report_no_answer() -> NoReturn:
    raise Unavailable("The browser did not report when these days begin; reload the page.")
