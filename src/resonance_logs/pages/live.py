"""The open fight as it happens, and the last fights under it."""

from __future__ import annotations

from asyncio import to_thread
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request
from nicegui import ui

from resonance_logs.commands.arguments import SkillType
from resonance_logs.commands.shapes import EncounterParty, EncounterSummary, Timeline
from resonance_logs.database import Database
from resonance_logs.errors import CommandError, NotFound
from resonance_logs.pages.fights import COLUMNS, fight_row
from resonance_logs.pages.frame import Told, frame, go, heading, show_empty, show_error
from resonance_logs.pages.grid import Grid, grid, on_open_fight
from resonance_logs.pages.party import columns, party_rows
from resonance_logs.pages.plots import Plot, standings_over_time
from resonance_logs.pages.shown import KINDS, Shown

EVERY_S: Final = 1.0
LAST: Final = 5
POINTS: Final = 120
SMOOTH_MS: Final = 3_000

_Standings = tuple[EncounterSummary, EncounterParty, Timeline]


def register(database: Database) -> None:
    """Make the page of this database."""

    @ui.page("/live")
    async def live(request: Request) -> None:
        kind = Shown.of_query(parse_qs(request.url.query)).kind
        with frame("Live", charts=True):
            shown = _Live(database, kind)
            await shown.refresh()
            ui.timer(EVERY_S, shown.refresh, immediate=False)


class _Live:
    def __init__(self, database: Database, kind: SkillType) -> None:
        self._database = database
        self._kind = kind
        self._told = ""
        heading("Live")
        tabs = ui.toggle({kind.value: name for kind, name in KINDS.items()}, value=self._kind.value)
        tabs.props("unelevated no-caps")
        tabs.on_value_change(lambda event: self._choose(event.value))
        self._head = Told().classes("text-xl font-bold").props("role=status")
        self._table = ui.column().classes("w-full")
        self._grid = self._new_grid()
        self._chart = Plot({}).classes("w-full h-64 rl-card")
        self._chart.props('role=img aria-label="The curve over time"')
        self._nothing = ui.column().classes("w-full")
        ui.label("The last fights").classes("text-lg font-bold")
        self._last = ui.column().classes("w-full")
        self._last_ids: list[int] = []
        on_open_fight()

    async def refresh(self) -> None:
        """Ask what is so now, and show what changed."""
        try:
            found = await to_thread(self._ask)
            page = await to_thread(self._database.commands.get_recent_encounters, LAST)
        except CommandError as error:
            self._tell(str(error))
            return
        self._tell("")
        self._show(found)
        if [each.id for each in page.rows] != self._last_ids:
            self._last_ids = [each.id for each in page.rows]
            self._list(page.rows)

    async def _choose(self, kind: str) -> None:
        self._kind = SkillType(kind)
        go(f"/live{Shown(kind=self._kind).query()}", is_same=True)
        self._grid = self._new_grid()
        await self.refresh()

    def _new_grid(self) -> Grid:
        """The table of the standings; its heads are of the kind that is chosen."""
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
        except NotFound:  # it ended meanwhile, and nothing was left of it
            return None
        return fight, party, curve

    def _show(self, found: _Standings | None) -> None:
        for part in (self._head, self._table, self._chart):
            part.visible = found is not None
        self._nothing.visible = found is None
        if found is None:
            return
        fight, party, curve = found
        classes: dict[int | None, int | None] = {row.actor_id: row.class_id for row in party.rows}
        self._chart.redraw(standings_over_time(curve, classes))
        bosses = ", ".join(boss.monster_name for boss in fight.bosses)
        where = " · ".join(filter(None, (fight.scene_name, bosses))) or "A fight"
        done = (party.total, f" {Shown(kind=self._kind).what}")
        self._head.tell(where, " · ", round(fight.duration), " s · ", *done)
        self._grid.fill(party_rows(party, idle=True))

    def _tell(self, fault: str) -> None:
        """What is in the place of the table while there is none."""
        if self._nothing.default_slot.children and fault == self._told:
            return
        self._told = fault
        self._nothing.clear()
        with self._nothing:
            if fault:
                show_error(fault)
            else:
                show_empty("No fight is open.", "It shows here as soon as one begins.")

    def _list(self, fights: list[EncounterSummary]) -> None:
        self._last.clear()
        with self._last:
            if fights:
                grid(COLUMNS, [fight_row(fight) for fight in fights], opens="open")
            else:
                ui.label("None yet.").classes("rl-quiet")
