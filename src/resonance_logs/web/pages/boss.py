"""The bosses and scenes, and all attempts at one of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from fastapi import Request
from nicegui import ui
from nicegui.events import GenericEventArguments

from resonance_logs.commands.bosses import Attempt, BossProfile, TargetOverview, TargetsOverview
from resonance_logs.commands.games import GameOverview
from resonance_logs.database import Database
from resonance_logs.web.pages.answer_area import AsyncSection
from resonance_logs.web.pages.charts import Plot, attempts_over_time, dps_by_class
from resonance_logs.web.pages.grid import FIGURE, SPAN, WHEN, grid, on_open_fight, room
from resonance_logs.web.pages.layout import (
    LocalizedText,
    facts,
    heading,
    page_layout,
    show_empty,
    update_address,
)
from resonance_logs.web.pages.origins import GAME, game_name, game_select, has_several_games
from resonance_logs.web.pages.registration import page_at

MAX_FASTEST: Final = 10


def register(database: Database) -> None:
    """Add the pages of this database."""

    @page_at("/bosses")
    async def bosses(request: Request) -> None:
        game = parse_qs(request.url.query).get("game", [None])[-1]
        with page_layout("Bosses"):
            await _Bosses(database, game).build()

    @page_at("/boss")
    async def boss(request: Request) -> None:
        query = parse_qs(request.url.query)
        name, scene, game = (query.get(each, [None])[-1] for each in ("boss", "scene", "game"))
        with page_layout(name or scene or "Boss", charts=True):
            on_open_fight()

            def ask() -> tuple[BossProfile, bool]:
                profile = database.commands.get_boss_profile(name, scene, game=game)
                return profile, has_several_games(database)

            await AsyncSection().fill(ask, lambda answer: _show_one(*answer))


def address(boss: str | None = None, scene: str | None = None, game: str | None = None) -> str:
    """The URL of the page of a boss, of a scene, or of a boss in a scene."""
    return f"/boss?{_query(boss=boss, scene=scene, game=game)}"


def _query(**given: str | None) -> str:
    return urlencode({name: each for name, each in given.items() if each})


class _Bosses:
    def __init__(self, database: Database, game: str | None) -> None:
        self._database = database
        self._game = game

    async def build(self) -> None:
        """Build the selection of a game, and the lists."""
        for kind in ("boss", "scene"):
            ui.on(kind, partial(self._open, kind))
        heading("Bosses and scenes")
        self._filter = ui.row().classes("w-full")
        self._section = AsyncSection()
        await self._show()

    def _open(self, kind: str, event: GenericEventArguments) -> None:
        """A row's id is its game and its name."""
        game, _, name = str(event.args).partition(":")
        ui.navigate.to(address(**{kind: name, "game": game}))

    async def _choose(self, game: str | None) -> None:
        self._game = game
        update_address(f"/bosses?{_query(game=game)}" if game else "/bosses", is_same=True)
        await self._show()

    async def _show(self) -> None:
        await self._section.fill(self._ask, self._fill)

    def _ask(self) -> tuple[TargetsOverview, list[GameOverview]]:
        commands = self._database.commands
        return commands.get_bosses_and_scenes(self._game), commands.get_games()

    def _fill(self, answer: tuple[TargetsOverview, list[GameOverview]]) -> None:
        found, games = answer
        if not self._filter.default_slot.children:
            with self._filter:
                game_select(games, self._game, self._choose)
        if not found.bosses and not found.scenes:
            which = "" if self._game is None else " of this game"
            hint = "Bosses and scenes appear with the first one."
            show_empty(f"No fight{which} has ended yet.", hint)
            return
        has_games = len(games) > 1 and self._game is None
        with ui.row().classes("w-full gap-4 items-start"):
            for title, kind, rows in (
                ("Boss", "boss", found.bosses),
                ("Scene", "scene", found.scenes),
            ):
                with ui.column().classes("flex-1 min-w-80 gap-2"):
                    is_scene = kind == "scene"
                    heads = _columns(title, has_games=has_games, has_other_fights=is_scene)
                    grid(heads, [_target_row(row) for row in rows], opens=kind)


def _show_one(profile: BossProfile, has_games: bool) -> None:
    title = " in ".join(filter(None, (profile.boss_name, profile.scene_name)))
    with ui.column().classes("rl-card w-full p-4 gap-2"):
        heading(title)
        if has_games:
            ui.label(game_name(profile.game)).classes("rl-quiet")
        facts(
            [
                *([("Fights", "whole", profile.fights)] if not profile.boss_name else []),
                ("Attempts", "whole", profile.tries),
                ("Kills", "whole", profile.kills),
                ("Best time", "span", profile.best_time),
                ("Median time", "span", profile.median_time),
                ("Time spent", "span", profile.time_spent),
                ("First attempt", "when", profile.first_started_at_ms),
                ("Last attempt", "when", profile.last_started_at_ms),
            ]
        )
        ui.link("Show these fights in the history", _history(profile, has_games))
    if profile.classes:
        LocalizedText("DPS by class, over ", *_kills(profile)).classes("text-lg font-bold")
        height = 60 + 44 * len(profile.classes)
        Plot(dps_by_class(profile)).classes("w-full rl-card").style(f"height: {height}px")
    else:
        ui.label("DPS by class appears with the first kill.").classes("rl-quiet")
    ui.label("Duration of each fight").classes("text-lg font-bold")
    Plot(attempts_over_time(profile.newest[::-1])).classes("w-full h-64 rl-card")
    _tables(profile)


def _tables(profile: BossProfile) -> None:
    with ui.row().classes("w-full gap-4 items-start"):
        for title, tries in (
            ("Fastest kills", profile.fastest[:MAX_FASTEST]),
            ("Latest fights", profile.newest),
        ):
            if tries:
                with ui.column().classes("flex-1 min-w-80 gap-2"):
                    ui.label(title).classes("text-lg font-bold")
                    grid(_ATTEMPTS, _attempt_rows(tries), opens="open")


def _history(profile: BossProfile, has_games: bool) -> str:
    game = profile.game if has_games else None
    return f"/?{_query(game=game, boss=profile.boss_name, scene=profile.scene_name)}"


def _kills(profile: BossProfile) -> tuple[str | int, ...]:
    if profile.kills_compared < profile.kills:
        return "the newest ", profile.kills_compared, " kills"
    return ("all ", profile.kills, " kills") if profile.kills > 1 else ("the only kill",)


def _target_row(target: TargetOverview) -> dict[str, Any]:
    return {
        "id": f"{target.game}:{target.name}",
        "name": target.name,
        "game": game_name(target.game),
        "fights": target.fights,
        "tries": target.tries,
        "kills": target.kills,
        "best": target.best_time,
        "last": target.last_started_at_ms,
    }


def _attempt_rows(tries: Sequence[Attempt]) -> list[dict[str, Any]]:
    return [
        {
            "id": each.encounter_id,
            "started": each.started_at_ms,
            "scene": each.scene_name or "",
            "result": "killed" if each.is_kill else "wiped" if each.has_boss else "no boss",
            "duration": each.duration,
            "dps": each.dps,
        }
        for each in tries
    ]


def _columns(title: str, *, has_games: bool, has_other_fights: bool) -> list[dict[str, Any]]:
    fights = {"headerName": "Fights", "field": "fights", "width": 80, **FIGURE, **room(560)}
    return [
        {"headerName": title, "field": "name", "minWidth": 140, "flex": 1, "tooltipField": "name"},
        *([GAME] if has_games else []),
        *([fights] if has_other_fights else []),
        {"headerName": "Attempts", "field": "tries", "width": 80, **FIGURE},
        {"headerName": "Kills", "field": "kills", "width": 80, **FIGURE},
        {"headerName": "Best time", "field": "best", **SPAN, "width": 100},
        {"headerName": "Last", "field": "last", **WHEN, **room(760 if has_games else 560)},
    ]


_ATTEMPTS: Final[list[dict[str, Any]]] = [
    {"headerName": "Started", "field": "started", **WHEN, "flex": 1, "minWidth": 100},
    {
        "headerName": "Scene",
        "field": "scene",
        "minWidth": 100,
        "flex": 1,
        "tooltipField": "scene",
        **room(560),
    },
    {"headerName": "Result", "field": "result", "width": 90},
    {"headerName": "Time", "field": "duration", **SPAN},
    {"headerName": "DPS", "field": "dps", "width": 95, **FIGURE, **room(560)},
]
