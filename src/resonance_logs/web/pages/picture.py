"""The table of a fight as a picture to share."""

from __future__ import annotations

import json
from typing import Any, Final

from nicegui import ui

from resonance_logs.commands.encounter import EncounterSummary
from resonance_logs.commands.party import EncounterParty
from resonance_logs.fights.games import find_game
from resonance_logs.web.pages.fight_header import title
from resonance_logs.web.pages.fight_view import KINDS, RATES, SIDES
from resonance_logs.web.pages.party import display_name

MAX_ROWS: Final = 40


def show_picture(fight: EncounterSummary, party: EncounterParty, *, is_whole: bool) -> None:
    """A dialog with the picture, drawn in the browser, which can save and copy it."""
    name = f"fight-{fight.id}-{KINDS[party.kind].lower()}.png"
    with ui.dialog() as dialog, ui.card().classes("rl-card max-w-full").style("width: 820px"):
        canvas = ui.element("canvas").classes("rl-picture").props("role=img")
        with ui.row().classes("w-full items-center gap-2"):
            dark = ui.switch("Dark")
            ui.space()
            copy = ui.button("Copy", icon="content_copy").props("flat no-caps")
            save = ui.button("Save", icon="download").props("unelevated no-caps")
            ui.button("Close", on_click=dialog.close).props("flat no-caps")
    data = json.dumps(_data(fight, party, is_whole=is_whole))
    dialog.on(
        "show",
        lambda event: dark.set_value(bool(event.args)),
        js_handler=(
            f"() => {{ rl.picture.show({canvas.id}, {data});"
            " emit(document.body.classList.contains('body--dark')); }"
        ),
    )
    dialog.on("hide", dialog.delete)
    dark.on("update:model-value", js_handler=f"value => rl.picture.show({canvas.id}, null, value)")
    save.on("click", js_handler=f"() => rl.picture.save({canvas.id}, '{name}')")
    copy.on(
        "click",
        lambda event: ui.notify(
            "copied" if event.args else "This browser cannot copy images; use Save."
        ),
        js_handler=f"async () => emit(await rl.picture.copy({canvas.id}))",
    )
    dialog.open()


def _data(fight: EncounterSummary, party: EncounterParty, *, is_whole: bool) -> dict[str, Any]:
    game = find_game(party.game)
    return {
        "title": title(fight),
        "bosses": ", ".join(
            f"{boss.monster_name} ({'killed' if boss.is_defeated else 'not killed'})"
            for boss in fight.bosses
        ),
        "startedAtMs": fight.started_at_ms,
        "duration": party.duration,
        "part": None if is_whole else [party.from_ms / 1_000, party.to_ms / 1_000],
        "what": f"{SIDES[party.side]}, {KINDS[party.kind].lower()}",
        "rate": RATES[party.kind],
        "total": party.total,
        "perSecond": party.per_second,
        "rows": [
            {
                "name": display_name(row.name, row.actor_id),
                "className": " · ".join(filter(None, (row.class_name, row.class_spec_name))),
                "color": game.class_color(row.class_id),
                "total": row.total,
                "perSecond": row.per_second,
                "share": row.share,
            }
            for row in party.rows[:MAX_ROWS]
            if row.hits
        ],
    }
