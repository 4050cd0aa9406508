"""The party's table of one fight, or of a part of it; below it the skills of one player."""

from __future__ import annotations

from asyncio import to_thread
from typing import Any, Final

from nicegui import ui
from nicegui.events import GenericEventArguments

from resonance_logs.commands.arguments import SkillType
from resonance_logs.commands.figures import ratio
from resonance_logs.commands.shapes import EncounterRange, EncounterSummary, SkillsWindow
from resonance_logs.database import Database
from resonance_logs.errors import CommandError
from resonance_logs.game import class_color
from resonance_logs.pages.frame import show_error
from resonance_logs.pages.party import BAR, COLUMNS, NUMBER, PERCENT, TABS, party_rows

_PLAYER: Final = "emitEvent('player', params.data.id)"
_SKILL_COLUMNS: Final[list[dict[str, Any]]] = [
    {"headerName": "Skill", "field": "name", "minWidth": 180, "flex": 1, "tooltipField": "name"},
    {"headerName": "Total", "field": "total", "width": 100, **NUMBER},
    {"headerName": "A second", "field": "rate", "width": 100, **NUMBER},
    {"headerName": "Share", "field": "share", **PERCENT},
    BAR,
    {"headerName": "Hits", "field": "hits", "width": 85, **NUMBER},
    {"headerName": "A minute", "field": "perMinute", "width": 100, **NUMBER},
    {"headerName": "Crit", "field": "crit", **PERCENT},
    {"headerName": "Lucky", "field": "lucky", **PERCENT},
]


class PartyTable:
    """Damage, healing or damage taken; a click on a row shows that player's skills."""

    def __init__(self, database: Database, fight: EncounterSummary) -> None:
        self._database = database
        self._fight = fight
        self._kind = SkillType.DPS
        self._players = list(fight.actors)
        self._seconds = fight.duration
        self._from_ms: int | None = None
        self._to_ms: int | None = None
        self._actor: int | None = None
        tabs = ui.toggle(TABS, value=self._kind.value).props("unelevated")
        tabs.on_value_change(lambda event: self._choose(event.value))
        self._party = ui.column().classes("w-full")
        self._show_party()
        ui.label("A click on a player shows the skills.").classes("rl-quiet")
        self._skills = ui.column().classes("w-full gap-2")
        ui.on("player", self._show_player)

    async def show_part(self, found: EncounterRange) -> None:
        """Show the figures of a part of the fight instead of the whole."""
        self._players = [actor for actor in found.actors if actor.is_player]
        self._seconds = found.duration
        self._from_ms, self._to_ms = found.from_ms, found.to_ms
        await self._refresh()

    async def _choose(self, kind: str) -> None:
        self._kind = SkillType(kind)
        await self._refresh()

    async def _show_player(self, event: GenericEventArguments) -> None:
        self._actor = int(event.args)
        await self._refresh_skills()

    def _show_party(self) -> None:
        # Made anew: an update that comes while the grid is still loading would be lost.
        self._party.clear()
        with self._party:
            rows = party_rows(self._players, self._kind.value, self._seconds)
            grid(COLUMNS, rows, clicked=_PLAYER)

    async def _refresh(self) -> None:
        self._show_party()
        await self._refresh_skills()

    async def _refresh_skills(self) -> None:
        if self._actor is None:
            return
        try:
            window = await to_thread(
                self._database.commands.get_encounter_player_skills,
                self._fight.id,
                self._actor,
                self._kind,
                self._from_ms,
                self._to_ms,
            )
        except CommandError as error:
            self._skills.clear()
            with self._skills:
                show_error(str(error))
            return
        self._skills.clear()
        with self._skills:
            (player,) = window.curr_player
            what = TABS[self._kind.value].lower()
            ui.label(f"{player.name or f'#{player.uid}'}: {what} by skill").classes("font-bold")
            grid(_SKILL_COLUMNS, self._skill_rows(window))

    def _skill_rows(self, window: SkillsWindow) -> list[dict[str, Any]]:
        most = max((row.total_dmg for row in window.skill_rows), default=0)
        (player,) = window.curr_player
        classes = {each.actor_id: each.class_id for each in self._players}
        return [
            {
                "name": row.name,
                "color": class_color(classes.get(player.uid)),
                "total": row.total_dmg,
                "rate": row.dps,
                "share": row.dmg_pct / 100,
                "bar": ratio(row.total_dmg, most),
                "hits": row.hits,
                "perMinute": row.hits_per_minute,
                "crit": row.crit_rate,
                "lucky": row.lucky_rate,
            }
            for row in window.skill_rows
        ]


def grid(
    columns: list[dict[str, Any]], rows: list[dict[str, Any]], *, clicked: str = ""
) -> ui.aggrid:
    """A table as high as its rows; ``clicked`` is done in the browser for a row, Enter too."""
    options: dict[str, Any] = {
        "columnDefs": columns,
        "rowData": rows,
        "domLayout": "autoHeight",
        "defaultColDef": {"resizable": True, "suppressMovable": True},
    }
    if clicked:
        options |= {
            ":onRowClicked": f"params => {clicked}",
            ":onCellKeyDown": f"params => params.event.key === 'Enter' && {clicked}",
            ":getRowId": "params => String(params.data.id)",
        }
    made = ui.aggrid(options, auto_size_columns=False).classes("w-full")
    return made.style("height: auto")
