"""The known players, and one player's history."""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from fastapi import Request
from nicegui import ui
from nicegui.events import GenericEventArguments

from resonance_logs.commands.games import GameOverview
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
from resonance_logs.fights.games import find_game
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
from resonance_logs.web.pages.origins import GAME, game_name, game_select, has_several_games
from resonance_logs.web.pages.party import player_cell
from resonance_logs.web.pages.registration import page_at

MAX_FIGHTS_SHOWN: Final = 200
"""Maximum number of a player's newest fights that are listed and drawn."""


def register(database: Database) -> None:
    """Add the pages of this database."""

    @page_at("/players")
    async def players(request: Request) -> None:
        search, game = _one(request, "search"), _one(request, "game")
        with page_layout("Players"):
            await _Players(database, search, game or None).build()

    @page_at("/player/{uid}")
    async def player(uid: str, request: Request) -> None:
        with page_layout(f"Player {uid}", charts=True):
            try:
                number = read_number("player", uid)
            except NotFound as error:
                show_error(str(error))
                return
            game = _one(request, "game") or None
            await _Player(database, number, game, _one(request, "boss")).build()


def address(uid: int, game: str | None = None, boss: str = "") -> str:
    """The URL of a player's page; with a boss of the fights with it."""
    return _with_query(f"/player/{uid}", game=game, boss=boss)


def _with_query(path: str, **given: str | None) -> str:
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{path}?{query}" if query else path


def _one(request: Request, name: str) -> str:
    return parse_qs(request.url.query).get(name, [""])[-1]


class _Players:
    def __init__(self, database: Database, search: str, game: str | None) -> None:
        self._database = database
        self._search = search
        self._game = game

    async def build(self) -> None:
        """Build the boxes, and the list."""
        heading("Players")
        with ui.row().classes("w-full items-end gap-3") as self._filter:
            box = ui.input("Name", value=self._search).props("dense clearable debounce=150")
        box.classes("w-72 rl-filter")
        box.on_value_change(lambda event: self._find(event.value or "", self._game))
        ui.on("player", _open)
        self._section = AsyncSection(skeletons=8)
        await self._show()

    async def _find(self, search: str, game: str | None) -> None:
        self._search, self._game = search, game
        update_address(_with_query("/players", search=search, game=game), is_same=True)
        await self._show()

    async def _show(self) -> None:
        await self._section.fill(self._ask, self._fill)

    def _ask(self) -> tuple[PlayerPage, list[GameOverview]]:
        commands = self._database.commands
        page = commands.get_players(self._search or None, MAX_FIGHTS_SHOWN, game=self._game)
        return page, commands.get_games()

    def _fill(self, answer: tuple[PlayerPage, list[GameOverview]]) -> None:
        page, games = answer
        if len(self._filter.default_slot.children) == 1:
            with self._filter:
                game_select(games, self._game, lambda game: self._find(self._search, game))
        if not page.total_count and self._search:
            show_empty("No player has this name.", "Try a shorter part of the name.")
        elif not page.total_count:
            which = "" if self._game is None else " of this game"
            show_empty(f"No players{which} yet.", "Players appear with the first fight.")
        else:
            has_games = len(games) > 1 and self._game is None
            heads = [_PLAYERS[0], *([GAME] if has_games else []), *_PLAYERS[1:]]
            grid(heads, [_player_row(row) for row in page.rows], opens="player")
            label = LocalizedText(
                len(page.rows), " of ", page.total_count, ", most recently seen first"
            )
            label.classes("rl-quiet")


def _open(event: GenericEventArguments) -> None:
    """Show the player whose row is opened; a row's id is its game and the player's id."""
    game, _, uid = str(event.args).partition(":")
    ui.navigate.to(address(int(uid), game))


class _Player:
    def __init__(self, database: Database, uid: int, game: str | None, boss: str) -> None:
        self._database = database
        self._uid = uid
        self._game = game
        self._boss = boss
        self._has_fights = False

    async def build(self) -> None:
        """Build the header, then the fights."""
        ui.on("boss", lambda event: self._choose(str(event.args)))
        on_open_fight()
        head, self._fights = AsyncSection(skeletons=8), AsyncSection()
        await ui.context.client.connected()
        await head.fill(self._ask, self._head)
        if self._has_fights:
            await self._show_fights()

    def _ask(self) -> tuple[PlayerProfile, bool]:
        profile = self._database.commands.get_player_profile(self._uid, self._game)
        return profile, has_several_games(self._database)

    def _head(self, answer: tuple[PlayerProfile, bool]) -> None:
        profile, has_games = answer
        player = profile.player
        self._game = player.game
        name = player.name or f"#{player.uid}"
        ui.page_title(f"{name} · Resonance Logs")
        with ui.column().classes("rl-card w-full p-4 gap-2"):
            heading(name)
            game = [game_name(player.game), " · "] if has_games else []
            LocalizedText(*game, *_who(player)).classes("rl-quiet")
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
        update_address(address(self._uid, self._game, boss))
        await self._show_fights()

    async def _show_fights(self) -> None:
        ask = partial(
            self._database.commands.get_player_fights,
            self._uid,
            self._boss or None,
            MAX_FIGHTS_SHOWN,
            game=self._game,
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
        "id": f"{player.game}:{player.uid}",
        "game": game_name(player.game),
        "player": player_cell(
            find_game(player.game), player.name or f"#{player.uid}", player.class_id
        ),
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
                find_game(profile.player.game),
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
