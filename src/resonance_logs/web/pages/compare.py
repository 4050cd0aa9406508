"""Compare two to eight fights, or players of fights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from fastapi import Request
from nicegui import ui

from resonance_logs.commands.comparison import (
    ComparedActor,
    ComparedSide,
    ComparedSkill,
    Comparison,
)
from resonance_logs.commands.encounter import ActorEncounterStat
from resonance_logs.commands.models import SkillType
from resonance_logs.commands.party import PartyRow
from resonance_logs.commands.skills import SkillRow
from resonance_logs.database import Database
from resonance_logs.web.pages.answer_area import AsyncSection
from resonance_logs.web.pages.charts import SIDES, Plot, curves
from resonance_logs.web.pages.fight_view import KINDS, RATES
from resonance_logs.web.pages.grid import FIGURE, PERCENT, grid, room
from resonance_logs.web.pages.layout import formatted, heading, page_layout, show_empty, text_button
from resonance_logs.web.pages.origins import GAME, game_name
from resonance_logs.web.pages.party import display_name
from resonance_logs.web.pages.registration import page_at

MIN_SIDES, MAX_SIDES = 2, 8
SMOOTH_MS: Final = 3_000
Side = tuple[int, int | None]
"""A fight, and an actor in it (None: the whole fight)."""

_Answer = tuple[Comparison, dict[int, list[ActorEncounterStat]]]


def register(database: Database) -> None:
    """Add the page of this database."""

    @page_at("/compare")
    async def compare(request: Request) -> None:
        query = parse_qs(request.url.query)
        with page_layout("Compare", charts=True):
            await _Comparison(database, read_sides(query.get("side", [])), query).build()


def address(sides: Sequence[Side], kind: str = SkillType.DPS.value) -> str:
    """The URL of the page that compares these sides."""
    given = [
        ("side", f"{fight}" if actor is None else f"{fight}:{actor}") for fight, actor in sides
    ]
    given += [] if kind == SkillType.DPS.value else [("kind", kind)]
    return f"/compare?{urlencode(given)}" if given else "/compare"


def read_sides(given: Sequence[str]) -> list[Side]:
    """The sides in a URL (``12`` a fight, ``12:7`` an actor in it); invalid ones are ignored."""
    sides: list[Side] = []
    for text in given:
        fight, _, actor = text.partition(":")
        if _is_number(fight) and (not actor or _is_number(actor.removeprefix("-"))):
            sides.append((int(fight), int(actor) if actor else None))
    return sides[:MAX_SIDES]


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 16


class _Comparison:
    def __init__(self, database: Database, sides: list[Side], query: dict[str, list[str]]) -> None:
        self._database = database
        self._sides = sides
        kind = query.get("kind", [""])[-1]
        self._kind = SkillType(kind) if kind in list(SkillType) else SkillType.DPS

    async def build(self) -> None:
        """Build the cards of the sides, and the answer below them."""
        heading("Compare")
        await self._show()

    async def _show(self) -> None:
        if len(self._sides) < MIN_SIDES:
            show_empty(
                "Compare two or more fights here.",
                "Select them in the history and press Compare.",
            )
            return
        await AsyncSection(skeletons=8).fill(self._ask, self._fill)

    def _ask(self) -> _Answer:
        commands = self._database.commands
        found = commands.compare_encounters(self._sides, self._kind, smooth_ms=SMOOTH_MS)
        fights = {side.encounter_id for side in found.sides}
        return found, {each: commands.get_encounter_by_id(each).actors for each in fights}

    def _fill(self, answer: _Answer) -> None:
        found, players = answer
        has_games = len({side.game for side in found.sides}) > 1
        names = [f"{place}. {_name(side)}" for place, side in enumerate(found.sides, 1)]
        tabs = ui.toggle({kind.value: name for kind, name in KINDS.items()}, value=self._kind.value)
        tabs.props("unelevated no-caps")
        tabs.on_value_change(lambda event: self._go(self._sides, SkillType(event.value)))
        with ui.row().classes("w-full gap-4 items-stretch"):
            for place, side in enumerate(found.sides):
                self._card(place, side, players[side.encounter_id], has_games=has_games)
        if any(side.values is not None for side in found.sides):
            what = f"{RATES[self._kind]} over time, smoothed over {SMOOTH_MS / 1_000:.0f} s"
            ui.label(what).classes("text-lg font-bold")
            Plot(curves(found, names)).classes("w-full h-80 rl-card")
        for name, side in zip(names, found.sides, strict=True):
            if side.values is None:
                ui.label(f"{name}: no curve, because the individual hits are not stored.").classes(
                    "rl-quiet"
                )
        if not found.actors:
            show_empty("No data.", "Try another of the three tabs.")
            return
        with ui.row().classes("items-baseline gap-x-3 gap-y-0"):
            ui.label("Players").classes("text-lg font-bold")
            ui.label("Select a player to compare only them.").classes("rl-quiet")
        heads = _columns("Player", names, self._kind, has_games=has_games)
        grid(heads, _rows(found.actors), opens="who")
        games = {side.encounter_id: side.game for side in found.sides}
        ui.on("who", lambda event: self._select_actor(str(event.args), players, games))
        ui.label("Skills").classes("text-lg font-bold")
        heads = _columns("Skill", names, self._kind, has_games=has_games)
        grid(heads, _rows(found.skills))

    def _card(
        self,
        place: int,
        side: ComparedSide,
        players: Sequence[ActorEncounterStat],
        *,
        has_games: bool,
    ) -> None:
        with ui.column().classes("rl-card p-4 gap-1 flex-1 min-w-60") as card:
            card.style(f"border-top: 4px solid {SIDES[place % len(SIDES)]}")
            with ui.row().classes("w-full items-center no-wrap"):
                where = side.scene_name or f"Fight {side.encounter_id}"
                ui.link(f"{place + 1}. {where}", f"/fight/{side.encounter_id}").classes(
                    "text-lg font-bold grow"
                )
                text_button(icon="close", on_click=partial(self._remove_side, place)).props(
                    'round size=sm aria-label="Remove"'
                )
            if has_games:
                ui.label(game_name(side.game)).classes("rl-quiet")
            ui.label(_outcomes(side)).classes("rl-quiet")
            self._actor_select(place, side, players)
            for label, form, value in _figures(side, self._kind):
                with ui.row().classes("w-full justify-between no-wrap"):
                    ui.label(label).classes("rl-quiet")
                    formatted(form, value)

    def _actor_select(
        self, place: int, side: ComparedSide, players: Sequence[ActorEncounterStat]
    ) -> None:
        """A selection of the whole fight or one of its players."""
        options = {_WHOLE: "The whole party"}
        options |= {each.actor_id: each.name or f"#{each.actor_id}" for each in players}
        value = _WHOLE if side.actor_id is None else side.actor_id
        options.setdefault(value, side.name or f"#{value}")
        box = ui.select(options, value=value, label="Who").props("dense").classes("w-full")
        if kind := " · ".join(filter(None, (side.class_name, side.class_spec_name))):
            ui.label(kind).classes("rl-quiet")

        async def choose(actor: int) -> None:
            sides = list(self._sides)
            sides[place] = (side.encounter_id, None if actor == _WHOLE else actor)
            await self._go(sides, self._kind)

        box.on_value_change(lambda event: choose(event.value))

    async def _select_actor(
        self, row: str, players: dict[int, list[ActorEncounterStat]], games: dict[int, str]
    ) -> None:
        """Compare only this actor on each side, if it is in at least two of the fights.

        A row's id is the game and the actor's id in it.
        """
        game, _, number = row.partition(":")
        actor = int(number)
        sides: list[Side] = [
            (fight, actor)
            for fight, _ in self._sides
            if games[fight] == game and any(each.actor_id == actor for each in players[fight])
        ]
        if len(dict.fromkeys(sides)) < MIN_SIDES:
            ui.notify("is in only one of these fights", type="warning")
        else:
            await self._go(sides, self._kind)

    async def _remove_side(self, place: int) -> None:
        await self._go([*self._sides[:place], *self._sides[place + 1 :]], self._kind)

    async def _go(self, sides: list[Side], kind: SkillType) -> None:
        ui.navigate.to(address(sides, kind))


_WHOLE: Final = -(2**60)


def _outcomes(side: ComparedSide) -> str:
    return ", ".join(
        f"{boss.monster_name} {'killed' if boss.is_defeated else 'wiped'}" for boss in side.bosses
    )


def _name(side: ComparedSide) -> str:
    where = side.scene_name or f"Fight {side.encounter_id}"
    who = side.name or (None if side.actor_id is None else f"#{side.actor_id}")
    return f"{who}, {where}" if who else where


def _figures(side: ComparedSide, kind: SkillType) -> list[tuple[str, str, float]]:
    figures: list[tuple[str, str, float]] = [
        ("Started", "when", side.started_at_ms),
        ("Time", "span", side.duration),
        ("Total", "compact", side.total),
        (RATES[kind], "compact", side.per_second),
    ]
    if side.active_dps is not None:
        figures.append(("Active DPS", "compact", side.active_dps))
    return [
        *figures,
        ("Hits", "whole", side.hits),
        ("Crit", "percent", side.crit_rate),
        ("Lucky", "percent", side.lucky_rate),
    ]


def _columns(
    title: str, names: Sequence[str], kind: SkillType, *, has_games: bool
) -> list[dict[str, Any]]:
    what = {
        "headerName": title,
        "field": "name",
        ":width": f"rl.isPhone() ? {_NAME} : {2 * _NAME}",
        "pinned": "left",
        "tooltipField": "name",
    }
    sides = [
        {
            "headerName": name,
            "children": [
                {"headerName": "Total", "field": f"total{place}", **FIGURE, **_wide(2, names)},
                {"headerName": RATES[kind], "field": f"rate{place}", **FIGURE, **_WIDE},
                {"headerName": "Share", "field": f"share{place}", **PERCENT, **_wide(3, names)},
                {"headerName": "Crit", "field": f"crit{place}", **PERCENT, **_wide(4, names)},
            ],
        }
        for place, name in enumerate(names)
    ]
    first = {
        "headerName": "Both" if len(names) == 2 else "All",
        "children": [what, *([{**GAME, "pinned": "left", **room(760)}] if has_games else [])],
    }
    return [first, *sides]


_NAME, _WIDTH = 110, 78
_WIDE: Final = {"flex": 1, "minWidth": _WIDTH}


def _wide(columns: int, names: Sequence[str]) -> dict[str, Any]:
    """The condition for a column that is shown only if this many per side have room."""
    return {**_WIDE, **room(2 * _NAME + columns * _WIDTH * len(names))}


def _rows(compared: Sequence[ComparedActor] | Sequence[ComparedSkill]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for each in compared:
        number = each.actor_id if isinstance(each, ComparedActor) else each.skill_id
        row: dict[str, Any] = {
            "id": f"{each.game}:{number}",
            "game": game_name(each.game),
            "name": _name_of(each),
        }
        for place, side in enumerate(each.sides):
            if side is not None:
                figures = _figures_of(side)
                row |= {f"{name}{place}": value for name, value in figures.items()}
        rows.append(row)
    return rows


def _name_of(each: ComparedActor | ComparedSkill) -> str:
    if isinstance(each, ComparedSkill):
        return each.name
    return display_name(each.name, each.actor_id)


def _figures_of(row: PartyRow | SkillRow) -> dict[str, float]:
    if isinstance(row, SkillRow):
        return {
            "total": row.total_dmg,
            "rate": row.dps,
            "share": row.dmg_pct / 100,
            "crit": row.crit_rate,
        }
    return {
        "total": row.total,
        "rate": row.per_second,
        "share": row.share,
        "crit": row.crit_rate,
    }
