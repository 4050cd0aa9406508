"""The known players, and one player's history."""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from fastapi import Request
from nicegui import ui

from resonance_logs.commands.players import (
    BossRecord,
    PlayerFight,
    PlayerFights,
    PlayerOverview,
    PlayerPage,
    PlayerProfile,
)
from resonance_logs.database import Database
from resonance_logs.errors import NotFound
from resonance_logs.web.pages.answer_area import AsyncSection
from resonance_logs.web.pages.charts import Plot, dps_over_time
from resonance_logs.web.pages.fight_list import kill_or_wipe
from resonance_logs.web.pages.grid import (
    FIGURE,
    PLAYER,
    RIGHT,
    SPAN,
    WHEN,
    grid,
    on_open_fight,
    room,
)
from resonance_logs.web.pages.layout import (
    LocalizedText,
    facts,
    heading,
    page_layout,
    read_number,
    show_empty,
    show_error,
    text_button,
    update_address,
)
from resonance_logs.web.pages.party import player_cell

MAX_FIGHTS_SHOWN: Final = 200
"""Maximum number of a player's newest fights that are listed and drawn."""


def register(database: Database) -> None:
    """Add the pages of this database."""

    @ui.page("/players")
    async def players(request: Request) -> None:
        search = _one(request, "search")
        with page_layout("Players"):
            await _Players(database, search).build()

    @ui.page("/player/{uid}")
    async def player(uid: str, request: Request) -> None:
        with page_layout(f"Player {uid}", charts=True):
            try:
                number = read_number("player", uid)
            except NotFound as error:
                show_error(str(error))
                return
            await _Player(database, number, _one(request, "boss")).build()


def _one(request: Request, name: str) -> str:
    return parse_qs(request.url.query).get(name, [""])[-1]


class _Players:
    def __init__(self, database: Database, search: str) -> None:
        self._database = database
        self._search = search

    async def build(self) -> None:
        """Build the search box, and the list."""
        heading("Players")
        box = ui.input("Name", value=self._search).props("dense clearable debounce=150")
        box.classes("w-72 rl-filter")
        box.on_value_change(lambda event: self._find(event.value or ""))
        ui.on("open", lambda event: ui.navigate.to(f"/player/{int(event.args)}"))
        self._section = AsyncSection(skeletons=8)
        await self._show()

    async def _find(self, search: str) -> None:
        self._search = search
        update_address(f"/players?{urlencode({'search': search})}", is_same=True)
        await self._show()

    async def _show(self) -> None:
        ask = partial(self._database.commands.get_players, self._search or None, MAX_FIGHTS_SHOWN)
        await self._section.fill(ask, self._fill)

    def _fill(self, page: PlayerPage) -> None:
        if not page.total_count and self._search:
            show_empty("No player has this name.", "Try a shorter part of the name.")
        elif not page.total_count:
            show_empty("No players yet.", "Players appear with the first fight.")
        else:
            grid(_PLAYERS, [_player_row(row) for row in page.rows], opens="open")
            label = LocalizedText(
                len(page.rows), " of ", page.total_count, ", most recently seen first"
            )
            label.classes("rl-quiet")


class _Player:
    def __init__(self, database: Database, uid: int, boss: str) -> None:
        self._database = database
        self._uid = uid
        self._boss = boss
        self._has_fights = False

    async def build(self) -> None:
        """Build the header, then the fights."""
        ui.on("boss", lambda event: self._choose(str(event.args)))
        on_open_fight()
        ask = partial(self._database.commands.get_player_profile, self._uid)
        head, self._fights = AsyncSection(skeletons=8), AsyncSection()
        await ui.context.client.connected()
        await head.fill(ask, self._head)
        if self._has_fights:
            await self._show_fights()

    def _head(self, profile: PlayerProfile) -> None:
        player = profile.player
        name = player.name or f"#{player.uid}"
        ui.page_title(f"{name} · Resonance Logs")
        with ui.column().classes("rl-card w-full p-4 gap-2"):
            heading(name)
            LocalizedText(*_who(player)).classes("rl-quiet")
            facts(_facts(profile))
        if profile.dps is None:
            show_empty("This player has no ended fight yet.", "Ended fights will appear here.")
            return
        with ui.row().classes("w-full gap-4 items-start"):
            with ui.column().classes("flex-3 min-w-80 gap-2"):
                ui.label("Bosses").classes("text-lg font-bold")
                grid(_BOSSES, [_boss_row(boss) for boss in profile.bosses], opens="boss")
            with ui.column().classes("flex-2 min-w-80 gap-2"):
                ui.label("Classes").classes("text-lg font-bold")
                grid(_CLASSES, _class_rows(profile))
        self._has_fights = True

    async def _choose(self, boss: str) -> None:
        self._boss = boss
        query = f"?{urlencode({'boss': boss})}" if boss else ""
        update_address(f"/player/{self._uid}{query}")
        await self._show_fights()

    async def _show_fights(self) -> None:
        ask = partial(
            self._database.commands.get_player_fights,
            self._uid,
            self._boss or None,
            MAX_FIGHTS_SHOWN,
        )
        await self._fights.fill(ask, self._fill)

    def _fill(self, page: PlayerFights) -> None:
        with ui.row().classes("items-center gap-3"):
            title = f"Fights with {self._boss}" if self._boss else "Fights"
            ui.label(title).classes("text-lg font-bold")
            if self._boss:
                text_button("All fights", on_click=lambda: self._choose(""))
        if not page.rows:
            show_empty("There are no such fights.", "Show all fights instead.")
            return
        Plot(dps_over_time(page.rows[::-1])).classes("w-full h-72 rl-card")
        grid(_FIGHTS, [_fight_row(fight) for fight in page.rows], opens="open")
        LocalizedText(
            *(len(page.rows), " of ", page.total_count, ", the newest first. The percentile is "),
            "the share of the player's other kills of the boss with less DPS.",
        ).classes("rl-quiet")


def _who(player: PlayerOverview) -> list[str | int]:
    known = filter(None, (player.class_name, player.class_spec_name))
    parts: list[str | int] = [" · ".join(known) or "class unknown"]
    parts += [" · level ", player.level] if player.level else []
    parts += [" · ability score ", player.ability_score] if player.ability_score else []
    return parts


def _facts(profile: PlayerProfile) -> list[tuple[str, str, float | None]]:
    spread = profile.dps
    return [
        ("Fights", "whole", profile.fights),
        ("Kills", "whole", profile.kills),
        ("Damage", "compact", profile.total_dmg),
        ("Healing", "compact", profile.total_heal),
        ("Median DPS", "compact", None if spread is None else spread.median),
        ("Best DPS", "compact", None if spread is None else spread.most),
        ("First seen", "when", profile.player.first_seen_ms),
        ("Last seen", "when", profile.player.last_seen_ms),
    ]


def _player_row(player: PlayerOverview) -> dict[str, Any]:
    return {
        "id": player.uid,
        "player": player_cell(player.name or f"#{player.uid}", player.class_id),
        "spec": " · ".join(filter(None, (player.class_name, player.class_spec_name))),
        "score": player.ability_score,
        "level": player.level,
        "seen": player.last_seen_ms,
    }


def _boss_row(boss: BossRecord) -> dict[str, Any]:
    return {
        "id": boss.monster_name,
        "tries": boss.tries,
        "kills": boss.kills,
        "best": boss.best_dps if boss.best_kill_dps is None else boss.best_kill_dps,
        "median": boss.median_dps if boss.median_kill_dps is None else boss.median_kill_dps,
        "last": boss.last_started_at_ms,
    }


def _class_rows(profile: PlayerProfile) -> list[dict[str, Any]]:
    return [
        {
            "id": place,
            "player": player_cell(
                " · ".join(filter(None, (each.class_name or "unknown", each.class_spec_name))),
                each.class_id,
            ),
            "fights": each.fights,
            "median": each.median_dps,
            "best": each.best_dps,
        }
        for place, each in enumerate(profile.classes)
    ]


def _fight_row(fight: PlayerFight) -> dict[str, Any]:
    standings = [boss.percentile for boss in fight.bosses if boss.percentile is not None]
    return {
        "id": fight.encounter_id,
        "started": fight.started_at_ms,
        "scene": fight.scene_name or "",
        "bosses": ", ".join(boss.monster_name for boss in fight.bosses),
        "result": _result(fight),
        "duration": fight.duration,
        "spec": " · ".join(filter(None, (fight.class_name, fight.class_spec_name))),
        "damage": fight.total_dmg,
        "dps": fight.dps,
        "active": fight.active_dps,
        "percentile": standings[0] if standings else None,
    }


def _result(fight: PlayerFight) -> str:
    if not fight.bosses:
        return ""
    return kill_or_wipe([boss.is_defeated for boss in fight.bosses])


_PLAYERS: Final[list[dict[str, Any]]] = [
    {"headerName": "Player", "field": "player", "minWidth": 160, "flex": 1, **PLAYER},
    {"headerName": "Class", "field": "spec", "width": 220, **room(560)},
    {"headerName": "Ability score", "field": "score", "width": 130, **FIGURE, **room(560)},
    {"headerName": "Level", "field": "level", "width": 90, **FIGURE, **room(560)},
    {"headerName": "Last seen", "field": "seen", **WHEN},
]
_BOSSES: Final[list[dict[str, Any]]] = [
    {"headerName": "Boss", "field": "id", "minWidth": 140, "flex": 1, "tooltipField": "id"},
    {"headerName": "Attempts", "field": "tries", "width": 85, **FIGURE},
    {"headerName": "Kills", "field": "kills", "width": 85, **FIGURE},
    {
        "headerName": "Best DPS",
        "field": "best",
        "width": 110,
        "headerTooltip": "of kills, if any",
        **FIGURE,
    },
    {
        "headerName": "Median",
        "field": "median",
        "width": 100,
        **room(560),
        "headerTooltip": "of kills, if any",
        **FIGURE,
    },
    {"headerName": "Last", "field": "last", **WHEN, **room(560)},
]
_CLASSES: Final[list[dict[str, Any]]] = [
    {"headerName": "Class", "field": "player", "minWidth": 160, "flex": 1, **PLAYER},
    {"headerName": "Fights", "field": "fights", "width": 90, **FIGURE},
    {"headerName": "Median DPS", "field": "median", "width": 115, **FIGURE, **room(560)},
    {"headerName": "Best DPS", "field": "best", "width": 105, **FIGURE},
]
_FIGHTS: Final[list[dict[str, Any]]] = [
    {"headerName": "Started", "field": "started", **WHEN},
    {
        "headerName": "Scene",
        "field": "scene",
        "width": 140,
        "tooltipField": "scene",
        **room(560),
    },
    {"headerName": "Bosses", "field": "bosses", "minWidth": 110, "flex": 1},
    {"headerName": "Result", "field": "result", "width": 90},
    {"headerName": "Time", "field": "duration", **SPAN, **room(560)},
    {"headerName": "Class", "field": "spec", "width": 170, **room(560)},
    {"headerName": "Damage", "field": "damage", "width": 100, **FIGURE, **room(560)},
    {"headerName": "DPS", "field": "dps", "width": 95, **FIGURE},
    {"headerName": "Active", "field": "active", "width": 95, **FIGURE, **room(560)},
    {
        "headerName": "Percentile",
        "field": "percentile",
        "width": 110,
        ":valueFormatter": "params => rl.round(params.value)",
        **RIGHT,
        **room(560),
    },
]
