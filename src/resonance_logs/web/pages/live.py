"""The live fight as it happens, and the latest fights below it."""

from __future__ import annotations

from asyncio import to_thread
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request
from nicegui import ui

from resonance_logs.commands.encounter import EncounterSummary
from resonance_logs.commands.models import SkillType
from resonance_logs.commands.party import EncounterParty
from resonance_logs.commands.timeline import Timeline
from resonance_logs.database import Database
from resonance_logs.errors import CommandError, NotFound
from resonance_logs.web.pages.charts import Plot, standings_over_time
from resonance_logs.web.pages.fight_list import COLUMNS, fight_row
from resonance_logs.web.pages.fight_view import KINDS, FightView
from resonance_logs.web.pages.grid import Grid, grid, on_open_fight
from resonance_logs.web.pages.layout import (
    LocalizedText,
    heading,
    page_layout,
    show_empty,
    show_error,
    update_address,
)
from resonance_logs.web.pages.party import columns, party_rows

INTERVAL_S: Final = 1.0
RECENT_FIGHTS: Final = 5
POINTS: Final = 120
SMOOTH_MS: Final = 3_000

_Standings = tuple[EncounterSummary, EncounterParty, Timeline]


def register(database: Database) -> None:
    """Add the page of this database."""

    @ui.page("/live")
    async def live(request: Request) -> None:
        kind = FightView.of_query(parse_qs(request.url.query)).kind
        with page_layout("Live", charts=True):
            view = _Live(database, kind)
            await view.refresh()
            ui.timer(INTERVAL_S, view.refresh, immediate=False)


class _Live:
    def __init__(self, database: Database, kind: SkillType) -> None:
        self._database = database
        self._kind = kind
        self._shown_fault = ""
        heading("Live")
        tabs = ui.toggle({kind.value: name for kind, name in KINDS.items()}, value=self._kind.value)
        tabs.props("unelevated no-caps")
        tabs.on_value_change(lambda event: self._choose(event.value))
        self._head = LocalizedText().classes("text-xl font-bold").props("role=status")
        self._table = ui.column().classes("w-full")
        self._grid = self._new_grid()
        self._chart = Plot({}).classes("w-full h-64 rl-card")
        self._chart.props('role=img aria-label="The curve over time"')
        self._placeholder = ui.column().classes("w-full")
        ui.label("Latest fights").classes("text-lg font-bold")
        self._last = ui.column().classes("w-full")
        self._last_ids: list[int] = []
        on_open_fight()

    async def refresh(self) -> None:
        """Query the current state, and show what changed."""
        try:
            found = await to_thread(self._ask)
            page = await to_thread(self._database.commands.get_recent_encounters, RECENT_FIGHTS)
        except CommandError as error:
            self._show_placeholder(str(error))
            return
        self._show_placeholder("")
        self._show(found)
        if [each.id for each in page.rows] != self._last_ids:
            self._last_ids = [each.id for each in page.rows]
            self._list(page.rows)

    async def _choose(self, kind: str) -> None:
        self._kind = SkillType(kind)
        update_address(f"/live{FightView(kind=self._kind).query()}", is_same=True)
        self._grid = self._new_grid()
        await self.refresh()

    def _new_grid(self) -> Grid:
        """The table of the standings; its headings depend on the selected kind."""
        self._table.clear()
        with self._table:
            return grid(columns(self._kind), [])

    def _ask(self) -> _Standings | None:
        commands = self._database.commands
        fight = commands.get_live_encounter()
        if fight is None:
            return None
        try:
            party = commands.get_encounter_party(fight.id, self._kind)
            curve = commands.get_encounter_timeline(
                fight.id, kind=self._kind, points=POINTS, smooth_ms=SMOOTH_MS
            )
        except NotFound:  # it ended meanwhile, and left no fight
            return None
        return fight, party, curve

    def _show(self, found: _Standings | None) -> None:
        for part in (self._head, self._table, self._chart):
            part.visible = found is not None
        self._placeholder.visible = found is None
        if found is None:
            return
        fight, party, curve = found
        classes: dict[int | None, int | None] = {row.actor_id: row.class_id for row in party.rows}
        self._chart.redraw(standings_over_time(curve, classes))
        bosses = ", ".join(boss.monster_name for boss in fight.bosses)
        where = " · ".join(filter(None, (fight.scene_name, bosses))) or "Fight"
        done = (party.total, f" {FightView(kind=self._kind).what}")
        self._head.set(where, " · ", round(fight.duration), " s · ", *done)
        self._grid.fill(party_rows(party, idle=True))

    def _show_placeholder(self, fault: str) -> None:
        """Show a text in place of the table."""
        if self._placeholder.default_slot.children and fault == self._shown_fault:
            return
        self._shown_fault = fault
        self._placeholder.clear()
        with self._placeholder:
            if fault:
                show_error(fault)
            else:
                show_empty("No fight is being recorded.", "It appears here as soon as one begins.")

    def _list(self, fights: list[EncounterSummary]) -> None:
        self._last.clear()
        with self._last:
            if fights:
                grid(COLUMNS, [fight_row(fight) for fight in fights], opens="open")
            else:
                ui.label("None yet.").classes("rl-quiet")
