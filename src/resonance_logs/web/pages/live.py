"""The open fights as they happen, one for each recorder, and the latest fights below them."""

from __future__ import annotations

import time
from asyncio import to_thread
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode

from fastapi import Request
from nicegui import ui

from resonance_logs.commands.encounter import EncounterSummary
from resonance_logs.commands.models import SkillType
from resonance_logs.commands.party import EncounterParty
from resonance_logs.commands.recorders import RecorderOverview
from resonance_logs.commands.timeline import Timeline
from resonance_logs.database import Database
from resonance_logs.errors import CommandError, NotFound
from resonance_logs.fights.games import find_game
from resonance_logs.web.pages.charts import Plot, standings_over_time
from resonance_logs.web.pages.fight_list import columns as fight_columns
from resonance_logs.web.pages.fight_list import fight_row
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
from resonance_logs.web.pages.origins import Origins, game_name, read_origins
from resonance_logs.web.pages.party import columns, party_rows
from resonance_logs.web.pages.registration import page_at

INTERVAL_S: Final = 1.0
WAITING_S: Final = 10
"""A recorder that has sent nothing for this long is marked as waiting."""
RECENT_FIGHTS: Final = 5
POINTS: Final = 120
SMOOTH_MS: Final = 3_000


@dataclass(frozen=True, slots=True)
class _Standings:
    """An open fight as it is so far."""

    fight: EncounterSummary
    party: EncounterParty
    curve: Timeline
    silent_s: int
    """How long its recorder has sent nothing."""


def register(database: Database) -> None:
    """Add the page of this database."""

    @page_at("/live")
    async def live(request: Request) -> None:
        query = parse_qs(request.url.query)
        kind = FightView.of_query(query).kind
        with page_layout("Live", charts=True):
            view = _Live(database, query.get("recorder", [None])[-1], kind)
            await view.refresh()
            ui.timer(INTERVAL_S, view.refresh, immediate=False)


def address(recorder: str | None = None, kind: SkillType = SkillType.DPS) -> str:
    """The URL of the open fights, or of one recorder's."""
    given = [] if recorder is None else [("recorder", recorder)]
    given += [] if kind is SkillType.DPS else [("kind", kind.value)]
    return f"/live?{urlencode(given)}" if given else "/live"


class _Live:
    def __init__(self, database: Database, recorder: str | None, kind: SkillType) -> None:
        self._database = database
        self._recorder = recorder
        self._kind = kind
        self._shown_fault = ""
        heading("Live")
        names = {kind.value: name for kind, name in KINDS.items()}
        with ui.row().classes("items-center gap-4"):
            tabs = ui.toggle(names, value=self._kind.value).props("unelevated no-caps")
            if recorder is not None:
                ui.link("All recorders", address())
        tabs.on_value_change(lambda event: self._choose(event.value))
        self._row = ui.row().classes("w-full gap-4 items-start")
        self._fights: dict[str, _OpenFight] = {}
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
            ids = [each.id for each in page.rows]
            if ids != self._last_ids:
                origins = await to_thread(read_origins, self._database)
                self._last_ids = ids
                self._list(page.rows, origins)
        except CommandError as error:
            self._show_placeholder(str(error))
            return
        self._show_placeholder("")
        self._show(found)

    async def _choose(self, kind: str) -> None:
        self._kind = SkillType(kind)
        update_address(address(self._recorder, self._kind), is_same=True)
        for each in self._fights.values():
            each.begin(self._kind)
        await self.refresh()

    def _ask(self) -> list[_Standings]:
        """The open fights, by the names of their recorders."""
        commands = self._database.commands
        if self._recorder is None:
            fights = commands.get_live_encounters()
        else:
            fight = commands.get_live_encounter(self._recorder)
            fights = [] if fight is None else [fight]
        recorders = {each.name: each for each in commands.get_recorders()} if fights else {}
        found = []
        for fight in sorted(fights, key=lambda each: each.recorder):
            try:
                party = commands.get_encounter_party(fight.id, self._kind)
                curve = commands.get_encounter_timeline(
                    fight.id, kind=self._kind, points=POINTS, smooth_ms=SMOOTH_MS
                )
            except NotFound:  # it ended meanwhile, and left no fight
                continue
            found.append(_Standings(fight, party, curve, _silence(recorders.get(fight.recorder))))
        return found

    def _show(self, found: Sequence[_Standings]) -> None:
        self._row.visible = bool(found)
        self._placeholder.visible = not found
        shown = {each.fight.recorder: each for each in found}
        for name in set(self._fights) - set(shown):
            self._fights.pop(name).delete()
        has_names = len(shown) > 1 or self._recorder is not None
        has_games = len({each.fight.game for each in found}) > 1
        for place, (name, each) in enumerate(shown.items()):
            if name not in self._fights:
                with self._row:
                    self._fights[name] = _OpenFight(name, self._kind)
                self._fights[name].move_to(place)
            self._fights[name].show(each, has_name=has_names, has_game=has_games)

    def _show_placeholder(self, fault: str) -> None:
        """Show a text in place of the fights."""
        if fault:
            self._row.visible, self._placeholder.visible = False, True
        if self._placeholder.default_slot.children and fault == self._shown_fault:
            return
        self._shown_fault = fault
        self._placeholder.clear()
        with self._placeholder:
            if fault:
                show_error(fault)
            else:
                by = "" if self._recorder is None else f" by {self._recorder}"
                show_empty(
                    f"No fight is being recorded{by}.", "It appears here as soon as one begins."
                )

    def _list(self, fights: list[EncounterSummary], origins: Origins) -> None:
        self._last.clear()
        with self._last:
            if fights:
                heads = fight_columns(origins)
                grid(heads, [fight_row(fight) for fight in fights], opens="open")
            else:
                ui.label("None yet.").classes("rl-quiet")


class _OpenFight:
    """The standings of one recorder's open fight, and of the next one that it begins."""

    def __init__(self, recorder: str, kind: SkillType) -> None:
        self._column = ui.column().classes("rl-open gap-4")
        self._column.props("role=region").props["aria-label"] = recorder
        with self._column:
            self._origin = ui.row().classes("w-full items-center gap-x-3 gap-y-0")
            with self._origin:
                with ui.element().classes("text-lg font-bold break-words min-w-0") as name:
                    name.props("role=heading aria-level=2")
                    ui.link(recorder, address(recorder))
                self._game = ui.label().classes("rl-quiet")
            self._head = LocalizedText().classes("text-xl font-bold").props("role=status")
            self._waiting = LocalizedText().classes("rl-warn font-bold")
            self._table = ui.column().classes("w-full")
            self.begin(kind)
            self._chart = Plot({}).classes("w-full h-64 rl-card")
            self._chart.props('role=img aria-label="The curve over time"')

    def begin(self, kind: SkillType) -> None:
        """Begin a table of this kind; its headings depend on it."""
        self._kind = kind
        self._table.clear()
        with self._table:
            self._grid: Grid = grid(columns(kind), [])

    def show(self, found: _Standings, *, has_name: bool, has_game: bool) -> None:
        """Show the standings."""
        fight, party, curve = found.fight, found.party, found.curve
        self._origin.visible = has_name
        self._game.set_text(game_name(fight.game) if has_game else "")
        self._waiting.visible = found.silent_s >= WAITING_S
        if self._waiting.visible:
            self._waiting.set("Waiting: nothing was received for ", found.silent_s, " s.")
        classes: dict[int | None, int | None] = {row.actor_id: row.class_id for row in party.rows}
        self._chart.redraw(standings_over_time(find_game(fight.game), curve, classes))
        bosses = ", ".join(boss.monster_name for boss in fight.bosses)
        where = " · ".join(filter(None, (fight.scene_name, bosses))) or "Fight"
        done = (party.total, f" {FightView(kind=self._kind).what}")
        self._head.set(where, " · ", round(fight.duration), " s · ", *done)
        self._grid.fill(party_rows(party, idle=True))

    def move_to(self, place: int) -> None:
        """Move it to this place among the open fights."""
        self._column.move(target_index=place)

    def delete(self) -> None:
        """Remove it from the page."""
        self._column.delete()


def _silence(recorder: RecorderOverview | None) -> int:
    """Seconds since the recorder's tasks were last stored."""
    if recorder is None or recorder.seen_at_ms is None:
        return 0
    return round(time.time() - recorder.seen_at_ms / 1_000)
