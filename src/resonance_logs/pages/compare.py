"""Two to eight fights, or players of fights, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from fastapi import Request
from nicegui import ui

from resonance_logs.commands.arguments import SkillType
from resonance_logs.commands.shapes import ActorEncounterStat, ComparedSide, Comparison
from resonance_logs.database import Database
from resonance_logs.pages.frame import action, formatted, frame, heading, show_empty
from resonance_logs.pages.grid import FIGURE, PERCENT, grid
from resonance_logs.pages.place import Place
from resonance_logs.pages.plots import SIDES, Plot, curves
from resonance_logs.pages.shown import KINDS

LEAST, MOST = 2, 8
SMOOTH_MS: Final = 3_000
Side = tuple[int, int | None]
"""A fight, and the actor in it, None for the whole fight."""

_Answer = tuple[Comparison, dict[int, list[ActorEncounterStat]]]


def register(database: Database) -> None:
    """Make the page of this database."""

    @ui.page("/compare")
    async def compare(request: Request) -> None:
        query = parse_qs(request.url.query)
        with frame("Compare", charts=True):
            await _Comparison(database, read_sides(query.get("side", [])), query).build()


def address(sides: Sequence[Side], kind: str = SkillType.DPS.value) -> str:
    """The page that compares these."""
    given = [
        ("side", f"{fight}" if actor is None else f"{fight}:{actor}") for fight, actor in sides
    ]
    given += [] if kind == SkillType.DPS.value else [("kind", kind)]
    return f"/compare?{urlencode(given)}" if given else "/compare"


def read_sides(given: Sequence[str]) -> list[Side]:
    """The sides of an address (``12`` a fight, ``12:7`` an actor in it); nonsense is left out."""
    sides: list[Side] = []
    for text in given:
        fight, _, actor = text.partition(":")
        if _is_number(fight) and (not actor or _is_number(actor.removeprefix("-"))):
            sides.append((int(fight), int(actor) if actor else None))
    return sides[:MOST]


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 16


class _Comparison:
    def __init__(self, database: Database, sides: list[Side], query: dict[str, list[str]]) -> None:
        self._database = database
        self._sides = sides
        kind = query.get("kind", [""])[-1]
        self._kind = SkillType(kind) if kind in list(SkillType) else SkillType.DPS

    async def build(self) -> None:
        """What is compared, and the answer below it."""
        heading("Compare")
        await self._show()

    async def _show(self) -> None:
        if len(self._sides) < LEAST:
            show_empty(
                "Two or more fights are compared here.",
                "Tick them in the history and press Compare.",
            )
            return
        await Place(bones=8).fill(self._ask, self._fill)

    def _ask(self) -> _Answer:
        commands = self._database.commands
        found = commands.compare_encounters(self._sides, self._kind, smooth_ms=SMOOTH_MS)
        fights = {side.encounter_id for side in found.sides}
        return found, {each: commands.get_encounter_by_id(each).actors for each in fights}

    def _fill(self, answer: _Answer) -> None:
        found, players = answer
        names = [f"{place}. {_name(side)}" for place, side in enumerate(found.sides, 1)]
        tabs = ui.toggle({kind.value: name for kind, name in KINDS.items()}, value=self._kind.value)
        tabs.props("unelevated no-caps")
        tabs.on_value_change(lambda event: self._go(self._sides, SkillType(event.value)))
        with ui.row().classes("w-full gap-4 items-stretch"):
            for place, side in enumerate(found.sides):
                self._card(place, side, players[side.encounter_id])
        if any(side.values is not None for side in found.sides):
            what = f"{KINDS[self._kind]} a second, means of {SMOOTH_MS / 1_000:.0f} s"
            ui.label(what).classes("text-lg font-bold")
            Plot(curves(found, names)).classes("w-full h-80 rl-card")
        for name, side in zip(names, found.sides, strict=True):
            if side.values is None:
                ui.label(f"{name}: the single hits are not kept, so there is no curve.").classes(
                    "rl-quiet"
                )
        ui.label("Skills").classes("text-lg font-bold")
        if found.skills:
            grid(_skill_columns(names), _skill_rows(found))
        else:
            show_empty("Nobody did anything of this kind.", "Look at another of the three tabs.")

    def _card(self, place: int, side: ComparedSide, players: Sequence[ActorEncounterStat]) -> None:
        with ui.column().classes("rl-card p-4 gap-1 flex-1 min-w-60") as card:
            card.style(f"border-top: 4px solid {SIDES[place % len(SIDES)]}")
            with ui.row().classes("w-full items-center no-wrap"):
                where = side.scene_name or f"Fight {side.encounter_id}"
                ui.link(f"{place + 1}. {where}", f"/fight/{side.encounter_id}").classes(
                    "text-lg font-bold grow"
                )
                action(icon="close", on_click=partial(self._drop, place)).props(
                    'round size=sm aria-label="Leave out"'
                )
            ui.label(_outcomes(side)).classes("rl-quiet")
            self._who(place, side, players)
            for label, form, value in _figures(side):
                with ui.row().classes("w-full justify-between no-wrap"):
                    ui.label(label).classes("rl-quiet")
                    formatted(form, value)

    def _who(self, place: int, side: ComparedSide, players: Sequence[ActorEncounterStat]) -> None:
        """The whole fight, or one of its players."""
        options = {_WHOLE: "The whole party"}
        options |= {each.actor_id: each.name or f"#{each.actor_id}" for each in players}
        value = _WHOLE if side.actor_id is None else side.actor_id
        options.setdefault(value, side.name or f"#{value}")
        box = ui.select(options, value=value, label="Who").props("dense").classes("w-full")

        async def choose(actor: int) -> None:
            sides = list(self._sides)
            sides[place] = (side.encounter_id, None if actor == _WHOLE else actor)
            await self._go(sides, self._kind)

        box.on_value_change(lambda event: choose(event.value))

    async def _drop(self, place: int) -> None:
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


def _figures(side: ComparedSide) -> list[tuple[str, str, float]]:
    figures: list[tuple[str, str, float]] = [
        ("Started", "when", side.started_at_ms),
        ("Time", "span", side.duration),
        ("Total", "compact", side.total),
        ("A second", "compact", side.per_second),
    ]
    if side.active_dps is not None:
        figures.append(("A second, active", "compact", side.active_dps))
    return [
        *figures,
        ("Hits", "whole", side.hits),
        ("Crit", "percent", side.crit_rate),
        ("Lucky", "percent", side.lucky_rate),
    ]


def _skill_columns(names: Sequence[str]) -> list[dict[str, Any]]:
    skill = {"headerName": "Skill", "field": "name", "minWidth": 160, "flex": 1, "pinned": "left"}
    sides = [
        {
            "headerName": name,
            "children": [
                {"headerName": "Total", "field": f"total{place}", "width": 95, **FIGURE},
                {"headerName": "A second", "field": f"rate{place}", "width": 100, **FIGURE},
                {"headerName": "Share", "field": f"share{place}", **PERCENT},
                {"headerName": "Crit", "field": f"crit{place}", **PERCENT},
            ],
        }
        for place, name in enumerate(names)
    ]
    return [{"headerName": "Of both" if len(names) == 2 else "Of all", "children": [skill]}, *sides]


def _skill_rows(found: Comparison) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for skill in found.skills:
        row: dict[str, Any] = {"id": skill.skill_id, "name": skill.name}
        for place, side in enumerate(skill.sides):
            if side is not None:
                row |= {
                    f"total{place}": side.total_dmg,
                    f"rate{place}": side.dps,
                    f"share{place}": side.dmg_pct / 100,
                    f"crit{place}": side.crit_rate,
                }
        rows.append(row)
    return rows
