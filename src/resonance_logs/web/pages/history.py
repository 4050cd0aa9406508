"""The history: all fights, filtered, sorted, page by page."""

from __future__ import annotations

from asyncio import to_thread
from dataclasses import replace
from functools import partial
from typing import Any, Final, NoReturn
from urllib.parse import parse_qs, urlencode

from fastapi import Request
from nicegui import ui
from nicegui.events import GenericEventArguments

from resonance_logs.commands.filters import Filters, Sort
from resonance_logs.commands.listing import EncounterPage
from resonance_logs.database import Database
from resonance_logs.errors import CommandError, Unavailable
from resonance_logs.exports.formats import Format
from resonance_logs.fights.games.bpsr import CLASSES
from resonance_logs.web.pages.answer_area import AsyncSection
from resonance_logs.web.pages.fight_list import COLUMNS, fight_row
from resonance_logs.web.pages.grid import Grid, on_open_fight
from resonance_logs.web.pages.history_view import PAGE_SIZES, View, read_span, span
from resonance_logs.web.pages.layout import (
    LocalizedText,
    heading,
    page_layout,
    show_empty,
    show_error,
    text_button,
    update_address,
)
from resonance_logs.web.pages.selection import EMIT_CHOSEN, Selection
from resonance_logs.web.pages.start import Start

ORDERS: Final = {
    Sort.STARTED_AT.value: "Newest",
    Sort.DURATION.value: "Longest",
    Sort.TOTAL_DMG.value: "Most damage",
}
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

    @ui.page("/")
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
        self._filters_shown = Filters()

    async def build(self) -> None:
        """Build the filters, and the list below them."""
        try:
            choices = await to_thread(self._choices)
        except CommandError as error:
            show_error(str(error))
            return
        heading("History")
        with ui.expansion("Filters", icon="filter_list", value=True) as self._bar:
            self._bar.classes("w-full rl-card").props("dense header-class=text-weight-medium")
            self._boxes = ui.row().classes("w-full items-end gap-3 p-3")
            self._choose_from = choices
        self._chips = ui.row().classes("w-full gap-2 items-center")
        self._list = AsyncSection(skeletons=10)
        self._start = Start(self._database, self._begin)
        ui.on("narrow", self._bar.close)
        ui.run_javascript("if (rl.isPhone()) emitEvent('narrow', null)")
        self._fill_filters()
        self._chosen.listen()
        on_open_fight()
        await self._refresh_if_changed()
        await self._show()
        ui.timer(REFRESH_S, self._refresh_if_changed, immediate=False)

    def _choices(self) -> dict[str, list[str]]:
        commands = self._database.commands
        return {
            "boss": commands.get_unique_boss_names().names,
            "scene": commands.get_unique_scene_names().names,
            "tag": commands.get_unique_tags().names,
        }

    def _fill_filters(self) -> None:
        """Fill the filter boxes, and show the active filters as chips."""
        self._boxes.clear()
        with self._boxes:
            self._filters()
        self._fill_chips()

    def _fill_chips(self) -> None:
        chips = self._view.chips()
        self._chips.visible = bool(chips)
        self._chips.clear()
        with self._chips:
            for text, rest in chips:
                chip = ui.chip(text, removable=True, color=None).classes("rl-chip")
                chip.on("remove", lambda rest=rest: self._remove_filter(rest))
            text_button("All fights", on_click=lambda: self._remove_filter(View()))

    async def _remove_filter(self, view: View) -> None:
        await self._go(view)
        self._fill_filters()

    def _filters(self) -> None:
        view = self._view
        self._choice("Boss", "boss", self._choose_from["boss"])
        self._choice("Scene", "scene", self._choose_from["scene"])
        self._players()
        if self._choose_from["tag"]:
            self._choice("Tag", "tag", self._choose_from["tag"])
        self._choice("Class", "kind", {each.id: each.name for each in CLASSES.values()})
        for label, name, value in (("From", "since", view.since), ("To", "until", view.until)):
            box = ui.input(label, value=value).props("type=date dense stack-label clearable")
            box.on_value_change(lambda event, name=name: self._change(name, event.value or ""))
        self._duration_box()
        for label, name in (("Favourites", "favorites"), ("Kills only", "kills")):
            switch = ui.switch(label, value=getattr(view, name))
            switch.on_value_change(lambda event, name=name: self._change(name, bool(event.value)))
        order = ui.select(ORDERS, value=view.sort, label="Order").props("dense").classes("w-36")
        order.on_value_change(lambda event: self._change("sort", event.value))
        size = ui.select(list(PAGE_SIZES), value=view.size, label="Per page")
        size.props("dense").classes("w-24")
        size.on_value_change(lambda event: self._change("size", event.value))

    def _choice(self, label: str, name: str, options: Any) -> None:
        known = dict.fromkeys(options) if isinstance(options, list) else options
        chosen = list(getattr(self._view, name))
        unknown = {each: str(each) for each in chosen if each not in known}
        texts = {each: each for each in options} if isinstance(options, list) else options
        box = ui.select(texts | unknown, value=chosen, label=label, multiple=True, with_input=True)
        box.props("dense clearable").classes(
            "rl-choice min-w-40" + (" rl-filter" if name == "boss" else "")
        )
        box.on_value_change(lambda event: self._change(name, tuple(event.value or ())))

    def _duration_box(self) -> None:
        message = span(self._view.least) if self._view.least else ""
        box = ui.input("Min. duration", value=message, placeholder="1:30")
        box.props("dense clearable debounce=400 stack-label").classes("w-36")

        async def change(text: str) -> None:
            seconds = read_span(text) if text else 0
            box.error = "minutes:seconds, for example 1:30" if seconds is None else None
            if seconds is not None:
                await self._change("least", seconds)

        box.on_value_change(lambda event: change(str(event.value or "")))

    def _players(self) -> None:
        chosen = list(self._view.player)
        box = ui.select(chosen, value=chosen, label="Players", multiple=True, with_input=True)
        box.props("dense clearable input-debounce=150").classes("rl-choice min-w-40")

        async def complete(event: GenericEventArguments) -> None:
            part = str(event.args or "")
            try:
                found = await to_thread(self._database.commands.get_player_names_filtered, part)
            except CommandError as error:
                ui.notify(str(error), type="negative")
                return
            box.set_options(list(dict.fromkeys([*(box.value or ()), *found.names[:50]])))

        box.on("input-value", complete)
        box.on_value_change(lambda event: self._change("player", tuple(event.value or ())))

    async def _change(self, name: str, value: object) -> None:
        await self._go(replace(self._view, **{"page": 1, name: value}))  # type: ignore[arg-type]

    async def _go_to_page(self, page: int) -> None:
        ui.run_javascript("scrollTo(0, 0)")
        await self._go(replace(self._view, page=page))

    async def _go(self, view: View) -> None:
        if view == self._view:
            return
        self._view = view
        update_address(view.address())
        self._fill_chips()
        await self._show()

    async def _refresh_if_changed(self) -> None:
        """Refresh if fights were recorded or deleted meanwhile, unless the reader is selecting."""
        try:
            newest = await to_thread(self._database.commands.get_recent_encounters, 1)
        except CommandError:  # reported with the reader's next request
            return
        news = (newest.total_count, *(fight.id for fight in newest.rows))
        before, self._news = self._news, news
        if before not in (None, news) and not self._chosen.has_any:
            await (self._begin() if self._start.is_shown else self._show())

    async def _begin(self) -> None:
        """Show the first fights, and filters for them, once."""
        try:
            choices = await to_thread(self._choices)
        except CommandError as error:
            ui.notify(str(error), type="negative")
            return
        if not self._start.is_shown:
            return
        self._start.show(False)
        self._choose_from = choices
        self._fill_filters()
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
        self._bar.visible = not is_empty
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
                "columnDefs": COLUMNS,
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
