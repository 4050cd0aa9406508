"""One fight: its result, its figures and its curve; a range of it on demand."""

from __future__ import annotations

from asyncio import gather, to_thread
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import Request
from nicegui import ui

from resonance_logs.commands.encounter import EncounterSummary
from resonance_logs.commands.models import Side, SkillType
from resonance_logs.database import Database
from resonance_logs.errors import CommandError
from resonance_logs.exports.formats import Format
from resonance_logs.exports.tables import TableKind
from resonance_logs.web.pages.fight_chart import TimeChart
from resonance_logs.web.pages.fight_header import client_text, show_header, tab_title
from resonance_logs.web.pages.fight_tables import ActorPanel, PartyTable
from resonance_logs.web.pages.fight_view import KINDS, SIDES, FightView
from resonance_logs.web.pages.layout import page_layout, read_number, show_error, update_address
from resonance_logs.web.pages.picture import show_picture
from resonance_logs.web.pages.registration import page_at

_FORMATS: Final = {Format.CSV: "CSV", Format.JSON: "JSON", Format.PARQUET: "Parquet"}


def register(database: Database) -> None:
    """Add the page of this database."""

    @page_at("/fight/{encounter_id}")
    async def encounter(encounter_id: str, request: Request) -> None:
        with page_layout(f"Fight {encounter_id}", charts=True):
            try:
                number = read_number("fight", encounter_id)
                fight = await to_thread(database.commands.get_encounter_by_id, number)
            except CommandError as error:
                show_error(str(error))
                return
            ui.page_title(tab_title(fight))
            await show_header(database, fight)
            view = FightView.of_query(parse_qs(request.url.query))
            page = _Fight(database, fight, view)
            # Wait until the browser is connected; until then the page shows skeletons.
            ui.timer(0, page.refresh, once=True)


class _Fight:
    """The page below the header: the reader's choices, and the answers to them."""

    def __init__(self, database: Database, fight: EncounterSummary, view: FightView) -> None:
        self._fight = fight
        if (view.from_ms or 0) >= fight.duration * 1_000:
            view = replace(view, from_ms=None, to_ms=None)
        self._view = view
        self._choices()
        self._chart = TimeChart(database, fight, self._on_range_selected)
        self._range_row()
        self._party = PartyTable(database, fight.id)
        self._panel = ActorPanel(database, fight, self._close_panel)
        ui.on("actor", lambda event: self._open(int(event.args)))

    async def refresh(self) -> None:
        """Query all answers and show them."""
        await gather(self._show_tables(), self._chart.show(self._view))
        if not self._chart.has_hits and not self._view.is_whole:  # ranges are not available
            self._view = replace(self._view, from_ms=None, to_ms=None)
            await self._show_tables()
        self._fill_boxes()
        self._show_range_text()

    def _choices(self) -> None:
        with ui.row().classes("w-full items-center gap-y-3 gap-x-1 sm:gap-x-3"):
            kinds = ui.toggle(
                {kind.value: name for kind, name in KINDS.items()}, value=self._view.kind.value
            )
            kinds.on_value_change(lambda event: self._change(kind=SkillType(event.value)))
            kinds.props('unelevated no-caps aria-label="Figures"')
            sides = ui.toggle(
                {side.value: name for side, name in SIDES.items()}, value=self._view.side.value
            )
            sides.on_value_change(lambda event: self._change(side=Side(event.value), actor_id=None))
            sides.props('unelevated no-caps aria-label="Side"')
            ui.space()
            with ui.row().classes("no-wrap gap-3"):
                picture = ui.button("Picture", icon="image", on_click=self._picture)
                picture.props("flat dense no-caps")
                with ui.button("Export", icon="download").props("flat dense no-caps"):
                    self._exports()

    def _exports(self) -> None:
        with ui.menu().props('aria-label="Export"'), ui.column().classes("p-4 gap-2"):
            for of in TableKind:
                with ui.row().classes("gap-4"):
                    ui.label(of.value.capitalize()).classes("w-16 font-bold")
                    for form, name in _FORMATS.items():
                        address = f"/api/encounters/{self._fight.id}/export?format={form}&of={of}"
                        link = ui.link(name, address)
                        link.props(f'download aria-label="{of.value} as {name}"')
            if self._fight.ended_at_ms is not None:
                address = f"/api/encounters/file?ids={self._fight.id}"
                ui.link("A file to import into another database", address).props("download")

    def _range_row(self) -> None:
        """The selected range, and a way to select one without a mouse."""
        whole = round(self._fight.duration, 3)
        with ui.row().classes("w-full items-center gap-x-3 gap-y-2") as self._range_box:
            self._range_text = ui.row().classes("items-center gap-2 grow").props("role=status")
            self._reset = ui.button(
                "Whole fight", icon="zoom_out_map", on_click=lambda: self._select_range(None, None)
            ).props("flat dense no-caps")
            boxes = [
                ui.number(label, value=value, min=0, max=whole, format="%.1f")
                .props("dense outlined suffix=s")
                .classes("w-28")
                for label, value in (("From", 0), ("To", whole))
            ]

            async def apply() -> None:
                start, end = (float(box.value or 0) for box in boxes)
                if f"{end:.1f}" == f"{whole:.1f}":  # the box shows tenths
                    end = whole
                await self._select_range(round(start * 1_000), round(end * 1_000))

            for box in boxes:
                box.on("keydown.enter", apply)
            ui.button("Apply", on_click=apply).props("outline dense no-caps padding='6px 12px'")
            self._from_box, self._to_box = boxes

    async def _select_range(self, from_ms: int | None, to_ms: int | None) -> None:
        """Select a range without the curve."""
        whole = round(self._fight.duration * 1_000)
        if from_ms is not None and to_ms is not None and not 0 <= from_ms < to_ms:
            ui.notify("Start must be before end.", type="warning")
            return
        if to_ms is not None:
            to_ms = min(to_ms, whole)
        if (from_ms or 0) <= 0 and (to_ms is None or to_ms >= whole):
            from_ms = to_ms = None
        await self._on_range_selected(from_ms, to_ms)
        self._chart.select(self._view)

    async def _on_range_selected(self, from_ms: int | None, to_ms: int | None) -> None:
        if (from_ms, to_ms) == (self._view.from_ms, self._view.to_ms):
            return
        self._view = replace(self._view, from_ms=from_ms, to_ms=to_ms)
        self._update_address()
        self._fill_boxes()
        await self._show_tables()
        self._show_range_text()

    def _fill_boxes(self) -> None:
        start, end = self._view.from_ms, self._view.to_ms
        self._from_box.value = (start or 0) / 1_000
        self._to_box.value = round(self._fight.duration if end is None else end / 1_000, 3)

    def _update_address(self) -> None:
        """Update the URL to what is shown, for bookmarks and sharing."""
        update_address(f"/fight/{self._fight.id}{self._view.query()}", is_same=True)

    async def _change(self, **changes: Any) -> None:
        before, self._view = self._view, replace(self._view, **changes)
        view = self._view
        if view == before:
            return
        self._update_address()
        if (view.kind, view.side) != (before.kind, before.side):
            await gather(self._show_tables(), self._chart.show(view))
            return
        await gather(self._show_panel(), self._chart.show(view))

    async def _open(self, actor_id: int) -> None:
        await self._change(actor_id=actor_id)
        self._panel.reveal()

    async def _close_panel(self) -> None:
        ui.run_javascript("rl.goBack()")
        self._party.clear_selection()
        await self._change(actor_id=None)

    async def _show_tables(self) -> None:
        await self._party.show(self._view)
        await self._show_panel()

    async def _show_panel(self) -> None:
        color = self._party.color_of(self._view.actor_id)
        await self._panel.show(self._view, color)

    def _show_range_text(self) -> None:
        view = self._view
        self._range_box.visible = self._chart.has_hits
        self._reset.visible = not view.is_whole
        self._range_text.clear()
        with self._range_text:
            if view.is_whole:
                client_text(
                    f"'Whole fight · ' + rl.span({self._fight.duration})", classes="font-bold"
                )
                ui.label("Drag on the curve to select a range.").classes("rl-quiet")
                return
            start = (view.from_ms or 0) / 1_000
            end = self._fight.duration if view.to_ms is None else view.to_ms / 1_000
            client_text(
                f"'From ' + rl.clock({start}) + ' to ' + rl.clock({end})", classes="font-bold"
            )
            client_text(f"rl.figure({end - start}) + ' s'", classes="rl-quiet")

    def _picture(self) -> None:
        if self._party.answer is None:
            ui.notify("There is nothing to draw.", type="warning")
            return
        show_picture(self._fight, self._party.answer, is_whole=self._view.is_whole)
