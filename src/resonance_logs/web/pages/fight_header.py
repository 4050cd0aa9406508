"""The header of a fight's page: the fight, its outcome, and what is missing."""

from __future__ import annotations

import json
from asyncio import to_thread
from functools import partial
from typing import Final

from nicegui import ui

from resonance_logs.commands.encounter import BossSummary, EncounterSummary
from resonance_logs.database import Database
from resonance_logs.errors import CommandError
from resonance_logs.fights.identity import DEFAULT_RECORDER
from resonance_logs.web.pages.boss import address as boss_address
from resonance_logs.web.pages.compare import address as compare_address
from resonance_logs.web.pages.layout import LocalizedText, text_button
from resonance_logs.web.pages.live import address as live_address
from resonance_logs.web.pages.marks import Marks
from resonance_logs.web.pages.origins import game_name, read_origins

_DEFEATED: Final = ("killed", "check_circle", "rl-good")
_STANDING: Final = ("not killed", "cancel", "rl-bad")


async def show_header(database: Database, fight: EncounterSummary) -> None:
    """Scene, bosses with their outcome, figures, links to other attempts."""
    with ui.column().classes("rl-card w-full p-4 gap-3"):
        with ui.row().classes("w-full items-center justify-between gap-x-4 gap-y-1"):
            ui.label(title(fight)).classes("text-2xl font-bold break-words min-w-0").props(
                "role=heading aria-level=1"
            )
            await _tries(database, fight)
        _outcomes(fight)
        await _facts(database, fight)
        if fight.ended_at_ms is not None:
            with ui.row().classes("w-full items-center justify-between gap-2"):
                Marks(database, fight)
                if not database.is_read_only:
                    text_button("Delete", "delete", partial(_delete, database, fight))
        for parts in _missing(fight):
            LocalizedText(*parts).classes("rl-warn font-bold").props("role=status")


def title(fight: EncounterSummary) -> str:
    """The title of a fight."""
    return fight.scene_name or f"Fight {fight.id}"


def tab_title(fight: EncounterSummary) -> str:
    """The title of a fight in a browser tab: the bosses before the scene."""
    bosses = ", ".join(boss.monster_name for boss in fight.bosses)
    return " · ".join(filter(None, (bosses, title(fight), "Resonance Logs")))


def client_text(expression: str, title: str = "", *, classes: str = "") -> ui.label:
    """A text that the browser formats in the reader's locale, including its tooltip."""
    label = ui.label().classes(classes)
    text = f"made.title = {title};" if title else ""
    ui.run_javascript(
        f"{{ const made = getHtmlElement({label.id});"
        f" if (made) {{ made.textContent = {expression}; {text} }} }}"
    )
    return label


async def _delete(database: Database, fight: EncounterSummary) -> None:
    with ui.dialog() as dialog, ui.card():
        ui.label("Delete this fight?").classes("text-lg")
        ui.label("This cannot be undone.")
        with ui.row().classes("w-full justify-end"):
            text_button("Cancel", on_click=lambda: dialog.submit(False))
            ui.button("Delete", on_click=lambda: dialog.submit(True)).props("color=negative")
    if not await dialog:
        return
    try:
        await to_thread(database.commands.delete_encounter, fight.id)
    except CommandError as error:
        ui.notify(str(error), type="negative")
    else:
        ui.navigate.to("/")


def _outcomes(fight: EncounterSummary) -> None:
    if not fight.bosses and fight.ended_at_ms is not None:
        return
    recorder = None if fight.recorder == DEFAULT_RECORDER else fight.recorder
    with ui.row().classes("items-center gap-2"):
        if fight.ended_at_ms is None:
            ui.badge("still open", color="warning", text_color="black")
            ui.label("This fight is still being recorded.").classes("rl-quiet")
            ui.button("Refresh", icon="refresh", on_click=ui.navigate.reload).props(
                "flat dense no-caps"
            )
            ui.link("Watch live", live_address(recorder))
        for boss in fight.bosses:
            _boss(fight.game, boss)


def _boss(game: str, boss: BossSummary) -> None:
    text, icon, color = _DEFEATED if boss.is_defeated else _STANDING
    with ui.row().classes("rl-boss items-center gap-2 no-wrap"):
        ui.icon(icon).classes(color)
        ui.link(boss.monster_name, boss_address(boss.monster_name, game=game)).classes("font-bold")
        ui.label(text).classes(color)
        if boss.max_hp is not None:
            client_text(
                f"rl.compact({boss.max_hp}) + ' HP'",
                f"rl.whole({boss.max_hp})",
                classes="rl-quiet",
            )


async def _facts(database: Database, fight: EncounterSummary) -> None:
    commands = database.commands
    try:
        origins = await to_thread(read_origins, database)
        damage = await to_thread(commands.get_encounter_party, fight.id, "dps")
        healing = await to_thread(commands.get_encounter_party, fight.id, "heal")
    except CommandError as error:
        ui.label(str(error)).classes("rl-warn").props("role=status")
        return
    with ui.row().classes("gap-x-8 gap-y-2"):
        _fact("Started", f"rl.when({fight.started_at_ms})")
        _fact("Duration", f"rl.span({fight.duration})")
        _number("Damage", fight.total_dmg)
        _number("DPS", damage.per_second)
        if fight.total_heal:
            _number("Healing", fight.total_heal)
            _number("HPS", healing.per_second)
        _number("Players", len(fight.players))
        _fact("Number", str(fight.id))
        if origins.has_games:
            _plain_fact("Game", game_name(fight.game))
        if origins.has_recorders:
            _plain_fact("Recorder", fight.recorder)


def _number(name: str, number: float) -> None:
    value = json.dumps(number)
    _fact(name, f"rl.compact({value})", f"rl.whole({value})")


def _plain_fact(name: str, text: str) -> None:
    with ui.column().classes("rl-fact gap-0"):
        ui.label(name)
        ui.label(text).classes("break-words")


def _fact(name: str, expression: str, title: str = "") -> None:
    with ui.column().classes("rl-fact gap-0"):
        ui.label(name)
        client_text(expression, title)


async def _tries(database: Database, fight: EncounterSummary) -> None:
    """Links to the previous and the next attempt."""
    try:
        tries = await to_thread(database.commands.get_boss_tries, fight.id)
    except CommandError as error:
        ui.label(str(error)).classes("rl-warn").props("role=status")
        return
    if tries.count < 2:
        return
    with ui.row().classes("gap-3 items-center"):
        if tries.previous_id is not None:
            ui.link("← previous attempt", f"/fight/{tries.previous_id}")
            sides = [(tries.previous_id, None), (fight.id, None)]
            ui.link("compare", compare_address(sides))
        ui.label(f"attempt {tries.number} of {tries.count}").classes("rl-quiet")
        if tries.next_id is not None:
            ui.link("next attempt →", f"/fight/{tries.next_id}")


def _missing(fight: EncounterSummary) -> list[tuple[str | int, ...]]:
    parts: list[tuple[str | int, ...]] = []
    if fight.is_damaged:
        parts.append(("The stored figures are damaged; resonance-logs salvage repairs them.",))
    if fight.was_interrupted:
        parts.append(("The recorder stopped before the fight ended.",))
    if fight.rejected_events:
        parts.append((fight.rejected_events, " events were rejected."))
    if fight.lost_events:
        parts.append((fight.lost_events, " events were lost."))
    if fight.clock_jumped:
        parts.append(("The clock was set back during this fight: its times are not exact.",))
    if fight.unknown_dmg:
        parts.append(
            (
                fight.unknown_dmg,
                " damage by unknown attackers is not in the total: the meter sent no player for "
                "them (see Monsters).",
            )
        )
    return parts
