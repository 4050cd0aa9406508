"""One fight: how it went, who did what, and when; a part of it on demand."""

from __future__ import annotations

from asyncio import gather, to_thread
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import Request
from nicegui import ui

from resonance_logs.commands.arguments import Side, SkillType
from resonance_logs.commands.shapes import EncounterSummary
from resonance_logs.commands.tables import TableOf
from resonance_logs.database import Database
from resonance_logs.errors import CommandError
from resonance_logs.formats import Format
from resonance_logs.pages.chart import TimeChart
from resonance_logs.pages.frame import frame, go, read_number, show_error
from resonance_logs.pages.head import client_text, show_head, tab_title
from resonance_logs.pages.picture import show_picture
from resonance_logs.pages.shown import KINDS, SIDES, Shown
from resonance_logs.pages.tables import ActorPanel, PartyTable

_FORMATS: Final = {Format.CSV: "CSV", Format.JSON: "JSON", Format.PARQUET: "Parquet"}


def register(database: Database) -> None:
    """Make the page of this database."""

    @ui.page("/fight/{encounter_id}")
    async def encounter(encounter_id: str, request: Request) -> None:
        with frame(f"Fight {encounter_id}", charts=True):
            try:
                number = read_number("encounter", encounter_id)
                fight = await to_thread(database.commands.get_encounter_by_id, number)
            except CommandError as error:
                show_error(str(error))
                return
            ui.page_title(tab_title(fight))
            await show_head(database, fight)
            shown = Shown.of_query(parse_qs(request.url.query))
            page = _Fight(database, fight, shown)
            # Once the browser is there: until then it shows where things will be.
            ui.timer(0, page.refresh, once=True)


class _Fight:
    """The page below the head: what the reader chooses, and what is shown of it."""

    def __init__(self, database: Database, fight: EncounterSummary, shown: Shown) -> None:
        self._fight = fight
        if (shown.from_ms or 0) >= fight.duration * 1_000:
            shown = replace(shown, from_ms=None, to_ms=None)
        self._shown = shown
        self._choices()
        self._chart = TimeChart(database, fight, self._choose_part)
        self._part_row()
        self._party = PartyTable(database, fight.id)
        self._panel = ActorPanel(database, fight.id, self._close)
        ui.on("actor", lambda event: self._open(int(event.args)))

    async def refresh(self) -> None:
        """Ask for everything and show it."""
        await gather(self._show_tables(), self._chart.show(self._shown))
        if not self._chart.has_hits and not self._shown.is_whole:  # of no part is anything known
            self._shown = replace(self._shown, from_ms=None, to_ms=None)
            await self._show_tables()
        self._fill_boxes()
        self._tell_part()

    def _choices(self) -> None:
        with ui.row().classes("w-full items-center gap-y-3 gap-x-1 sm:gap-x-3"):
            kinds = ui.toggle(
                {kind.value: name for kind, name in KINDS.items()}, value=self._shown.kind.value
            )
            kinds.on_value_change(lambda event: self._change(kind=SkillType(event.value)))
            kinds.props('unelevated no-caps aria-label="Figures"')
            sides = ui.toggle(
                {side.value: name for side, name in SIDES.items()}, value=self._shown.side.value
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
            for of in TableOf:
                with ui.row().classes("gap-4"):
                    ui.label(of.value.capitalize()).classes("w-16 font-bold")
                    for form, name in _FORMATS.items():
                        address = f"/api/encounters/{self._fight.id}/export?format={form}&of={of}"
                        link = ui.link(name, address)
                        link.props(f'download aria-label="{of.value} as {name}"')
            if self._fight.ended_at_ms is not None:
                address = f"/api/encounters/file?ids={self._fight.id}"
                ui.link("A file that another database imports", address).props("download")

    def _part_row(self) -> None:
        """Which part is shown, and a way to choose one without a mouse."""
        whole = round(self._fight.duration, 3)
        with ui.row().classes("w-full items-center gap-x-3 gap-y-2") as self._parts:
            self._told = ui.row().classes("items-center gap-2 grow").props("role=status")
            self._reset = ui.button(
                "Whole fight", icon="zoom_out_map", on_click=lambda: self._set_part(None, None)
            ).props("flat dense no-caps")
            boxes = [
                ui.number(label, value=value, min=0, max=whole, format="%.1f")
                .props("dense outlined suffix=s")
                .classes("w-28")
                for label, value in (("From", 0), ("To", whole))
            ]

            async def apply() -> None:
                start, end = (float(box.value or 0) for box in boxes)
                if f"{end:.1f}" == f"{whole:.1f}":  # all that the box shows of the fight's end
                    end = whole
                await self._set_part(round(start * 1_000), round(end * 1_000))

            for box in boxes:
                box.on("keydown.enter", apply)
            ui.button("Apply", on_click=apply).props("outline dense no-caps padding='6px 12px'")
            self._from_box, self._to_box = boxes

    async def _set_part(self, from_ms: int | None, to_ms: int | None) -> None:
        """A part that was not chosen on the curve."""
        whole = round(self._fight.duration * 1_000)
        if from_ms is not None and to_ms is not None and not 0 <= from_ms < to_ms:
            ui.notify("The part must begin before it ends.", type="warning")
            return
        if to_ms is not None:
            to_ms = min(to_ms, whole)
        if (from_ms or 0) <= 0 and (to_ms is None or to_ms >= whole):
            from_ms = to_ms = None
        await self._choose_part(from_ms, to_ms)
        self._chart.select(self._shown)

    async def _choose_part(self, from_ms: int | None, to_ms: int | None) -> None:
        if (from_ms, to_ms) == (self._shown.from_ms, self._shown.to_ms):
            return
        self._shown = replace(self._shown, from_ms=from_ms, to_ms=to_ms)
        self._keep()
        self._fill_boxes()
        await self._show_tables()
        self._tell_part()

    def _fill_boxes(self) -> None:
        start, end = self._shown.from_ms, self._shown.to_ms
        self._from_box.value = (start or 0) / 1_000
        self._to_box.value = round(self._fight.duration if end is None else end / 1_000, 3)

    def _keep(self) -> None:
        """Have the address say what is shown, to come back to it or to pass it on."""
        go(f"/fight/{self._fight.id}{self._shown.query()}", is_same=True)

    async def _change(self, **changes: Any) -> None:
        before, self._shown = self._shown, replace(self._shown, **changes)
        shown = self._shown
        if shown == before:
            return
        self._keep()
        if (shown.kind, shown.side) != (before.kind, before.side):
            await gather(self._show_tables(), self._chart.show(shown))
            return
        await gather(self._show_panel(), self._chart.show(shown))

    async def _open(self, actor_id: int) -> None:
        await self._change(actor_id=actor_id)
        self._panel.reveal()

    async def _close(self) -> None:
        ui.run_javascript("rl.goBack()")
        self._party.unmark()
        await self._change(actor_id=None)

    async def _show_tables(self) -> None:
        await self._party.show(self._shown)
        await self._show_panel()

    async def _show_panel(self) -> None:
        color = self._party.color_of(self._shown.actor_id)
        await self._panel.show(self._shown, color)

    def _tell_part(self) -> None:
        shown = self._shown
        self._parts.visible = self._chart.has_hits
        self._reset.visible = not shown.is_whole
        self._told.clear()
        with self._told:
            if shown.is_whole:
                client_text(
                    f"'Whole fight · ' + rl.span({self._fight.duration})", classes="font-bold"
                )
                ui.label("Drag on the curve for a part of it.").classes("rl-quiet")
                return
            start = (shown.from_ms or 0) / 1_000
            end = self._fight.duration if shown.to_ms is None else shown.to_ms / 1_000
            client_text(
                f"'From ' + rl.clock({start}) + ' to ' + rl.clock({end})", classes="font-bold"
            )
            client_text(f"rl.figure({end - start}) + ' s'", classes="rl-quiet")

    def _picture(self) -> None:
        if self._party.answer is None:
            ui.notify("There is nothing to draw.", type="warning")
            return
        show_picture(self._fight, self._party.answer, is_whole=self._shown.is_whole)
