"""The tables of one fight: the actors of a side, and one actor's skills and targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from nicegui import ui

from resonance_logs.commands.encounter import EncounterSummary
from resonance_logs.commands.models import Side, SkillType
from resonance_logs.commands.party import EncounterParty
from resonance_logs.commands.skills import (
    PlayerRow,
    SkillRow,
    SkillsWindow,
    TargetRow,
    TargetsWindow,
)
from resonance_logs.database import Database
from resonance_logs.fights.games import NEUTRAL_COLOR, Game, find_game
from resonance_logs.web.pages.answer_area import AsyncSection
from resonance_logs.web.pages.fight_view import KINDS, FightView
from resonance_logs.web.pages.grid import FIGURE, PERCENT, SHARE, WHOLE, Grid, grid, room
from resonance_logs.web.pages.layout import show_empty
from resonance_logs.web.pages.party import (
    columns,
    display_name,
    display_names,
    party_rows,
    rate_head,
)
from resonance_logs.web.pages.player import address as player_address

_EMPTY_TITLES: Final = {
    SkillType.DPS: "No damage was dealt.",
    SkillType.HEAL: "Nothing was healed.",
    SkillType.TANKED: "No damage was taken.",
}


class PartyTable:
    """The actors of one side; a click on a row, or Enter, opens that actor's panel."""

    def __init__(self, database: Database, encounter_id: int) -> None:
        self._database = database
        self._encounter_id = encounter_id
        self._section = AsyncSection(skeletons=6)
        self._grid: Grid | None = None
        self._view = FightView()
        self.answer: EncounterParty | None = None
        """The answer that is shown; None if it is empty."""

    async def show(self, view: FightView) -> None:
        """Query these figures and show them."""
        ask = partial(
            self._database.commands.get_encounter_party,
            self._encounter_id,
            view.kind,
            view.side,
            view.from_ms,
            view.to_ms,
        )
        before, self._view = self._view, view
        is_alike = (before.kind, before.side) == (view.kind, view.side)
        await self._section.fill(ask, partial(self._show, view), partial(self._update, is_alike))

    def color_of(self, actor_id: int | None) -> str:
        """The colour of a row that is shown."""
        if self.answer is None:
            return NEUTRAL_COLOR
        game, rows = find_game(self.answer.game), self.answer.rows
        colors = (game.class_color(row.class_id) for row in rows if row.actor_id == actor_id)
        return next(colors, NEUTRAL_COLOR)

    def clear_selection(self) -> None:
        """Clear the selected row."""
        if self._grid is not None:
            self._grid.run_grid_method("deselectAll")

    def _update(self, is_alike: bool, party: EncounterParty) -> bool:
        rows = party_rows(party)
        if not is_alike or self._grid is None or self._grid.is_deleted or not rows:
            return False
        self.answer = party
        self._grid.fill(rows)
        return True

    def _show(self, view: FightView, party: EncounterParty) -> None:
        rows = party_rows(party)
        self._grid = None
        self.answer = party if rows else None
        if not rows:
            others = " or ".join(name for kind, name in KINDS.items() if kind is not view.kind)
            show_empty(
                _EMPTY_TITLES[view.kind],
                f"Select {others} to see other figures."
                if view.is_whole
                else "Select another range, or the whole fight.",
            )
            here = ", ".join(str(row["player"]["name"]) for row in party_rows(party, idle=True))
            if here:
                ui.label(f"In this fight: {here}").classes("rl-quiet")
            return
        self._grid = grid(columns(view.kind, view.side), rows, opens="actor", chosen=view.actor_id)


class ActorPanel:
    """The skills and targets of one actor; hidden if none is selected."""

    def __init__(
        self, database: Database, fight: EncounterSummary, on_close: Callable[[], Any]
    ) -> None:
        self._database = database
        self._encounter_id = fight.id
        self._game = find_game(fight.game)
        self._on_close = on_close
        self._section = AsyncSection()
        self._view = FightView()
        self._grids: list[Grid] = []

    async def show(self, view: FightView, color: str) -> None:
        """Query the selected actor's figures and show them, its skills in its colour."""
        if view.actor_id is None:
            self._grids, self._view = [], view
            self._section.empty()
            return
        asked = (self._encounter_id, view.actor_id, view.kind, view.from_ms, view.to_ms)
        commands = self._database.commands

        def ask() -> tuple[SkillsWindow, TargetsWindow]:
            return (
                commands.get_encounter_player_skills(*asked),
                commands.get_encounter_player_targets(*asked),
            )

        before, self._view = self._view, view
        is_alike = replace(before, from_ms=None, to_ms=None) == replace(
            view, from_ms=None, to_ms=None
        )
        await self._section.fill(
            ask, partial(self._show, view, color), partial(self._update, is_alike, color)
        )

    def reveal(self) -> None:
        """Scroll it into view if needed, and move the focus there."""
        if self._region is not None and not self._region.is_deleted:
            ui.run_javascript(f"rl.reveal({self._region.id})")

    def _update(
        self, is_alike: bool, color: str, answer: tuple[SkillsWindow, TargetsWindow]
    ) -> bool:
        skills, targets = answer
        if not is_alike or not self._grids or self._grids[0].is_deleted or not skills.skill_rows:
            return False
        rows = (
            _skill_rows(skills.skill_rows, color),
            _target_rows(self._game, targets.target_rows),
        )
        for each, found in zip(self._grids, rows, strict=True):
            each.fill(found)
        return True

    def _show(
        self, view: FightView, color: str, answer: tuple[SkillsWindow, TargetsWindow]
    ) -> None:
        skills, targets = answer
        (player,) = skills.curr_player
        self._grids = []
        name = display_name(player.name, player.uid)
        self._region = ui.column().classes("rl-card rl-panel w-full p-3 sm:p-4 gap-3")
        self._region.props('role=region aria-label="Selected row" tabindex=-1')
        with self._region:
            self._head(view, player, name)
            if not player.hits:
                ui.label("No data.").classes("rl-quiet")
                return
            ui.label("Skills").classes("font-bold")
            skill_grid = grid(_columns("Skill", view.kind), _skill_rows(skills.skill_rows, color))
            ui.label(view.others).classes("font-bold")
            target_rows = _target_rows(self._game, targets.target_rows)
            target_grid = grid(_columns("Name", view.kind), target_rows)
            self._grids = [skill_grid, target_grid]

    def _head(self, view: FightView, player: PlayerRow, name: str) -> None:
        with ui.row().classes("w-full items-center gap-x-3 gap-y-0 no-wrap"):
            with ui.column().classes("gap-0 grow min-w-0"):
                ui.label(f"{name}: {view.what}").classes("text-lg font-bold break-words").props(
                    "role=heading aria-level=2"
                )
                kind = " · ".join(filter(None, (player.class_name, player.class_spec_name)))
                with ui.row().classes("gap-3"):
                    ui.label(kind).classes("rl-quiet")
                    if view.side is Side.PLAYERS:
                        ui.link("all fights", player_address(player.uid, self._game.id))
            ui.button(icon="close", on_click=self._on_close).props('flat round aria-label="Close"')


def _columns(title: str, kind: SkillType) -> list[dict[str, Any]]:
    name = {"headerName": title, "field": "name", "tooltipField": "name"}
    return [
        {**name, "minWidth": 130, "flex": 1},
        {"headerName": "Total", "field": "total", "width": 76, **FIGURE},
        {**rate_head(kind), "field": "rate", "width": 76, **FIGURE, **room(420)},
        SHARE,
        {"headerName": "Hits", "field": "hits", **WHOLE, **room(480)},
        {"headerName": "Per min.", "field": "perMinute", "width": 92, **FIGURE, **room(700)},
        {"headerName": "Crit", "field": "crit", **PERCENT, **room(560)},
        {"headerName": "Lucky", "field": "lucky", **PERCENT, **room(640)},
    ]


def _skill_rows(rows: Sequence[SkillRow], color: str) -> list[dict[str, Any]]:
    return [_figures(row, rows, row.name, color) for row in rows]


def _target_rows(game: Game, rows: Sequence[TargetRow]) -> list[dict[str, Any]]:
    names = display_names([(row.name, row.actor_id) for row in rows])
    return [
        _figures(row, rows, name, game.class_color(row.class_id))
        for row, name in zip(rows, names, strict=True)
    ]


def _figures(
    row: SkillRow | TargetRow, rows: Sequence[SkillRow | TargetRow], name: str, color: str
) -> dict[str, Any]:
    return {
        "name": name,
        "color": color,
        "total": row.total_dmg,
        "rate": row.dps,
        "share": row.dmg_pct / 100,
        "most": rows[0].dmg_pct / 100,
        "hits": row.hits,
        "perMinute": row.hits_per_minute,
        "crit": row.crit_rate,
        "lucky": row.lucky_rate,
    }
