"""One fight: how it went, who did what, and when; a part of it on demand."""

from __future__ import annotations

from asyncio import to_thread
from typing import Any, Final

from nicegui import ui
from nicegui.events import GenericEventArguments

from resonance_logs.commands.shapes import EncounterSummary, Timeline
from resonance_logs.database import Database
from resonance_logs.errors import CommandError, NotFound
from resonance_logs.game import class_color
from resonance_logs.pages.frame import frame, show_error
from resonance_logs.pages.tables import PartyTable


def register(database: Database) -> None:
    """Make the page of this database."""

    @ui.page("/fight/{encounter_id}")
    async def encounter(encounter_id: int) -> None:
        with frame(f"Fight {encounter_id}"):
            try:
                fight = await to_thread(database.commands.get_encounter_by_id, encounter_id)
            except CommandError as error:
                show_error(str(error))
                return
            await _Fight(database, fight).build()


class _Fight:
    """The page of one fight."""

    def __init__(self, database: Database, fight: EncounterSummary) -> None:
        self._database = database
        self._fight = fight
        self._table: PartyTable | None = None
        self._part: ui.label | None = None

    async def build(self) -> None:
        """Head, chart, tables."""
        await self._head()
        await self._chart()
        with ui.row().classes("w-full justify-end gap-4"):
            base = f"/api/encounters/{self._fight.id}/export"
            for of in ("actors", "skills", "hits"):
                ui.link(f"{of} as CSV", f"{base}?format=csv&of={of}")
        self._table = PartyTable(self._database, self._fight)

    async def _head(self) -> None:
        fight = self._fight
        with ui.column().classes("rl-card w-full p-4 gap-1"):
            with ui.row().classes("items-baseline gap-3"):
                ui.label(fight.scene_name or f"Fight {fight.id}").classes("text-2xl font-bold")
                ui.label(", ".join(boss.monster_name for boss in fight.bosses)).classes("text-lg")
                for text, color in _outcomes(fight):
                    ui.badge(text, color=color)
            with ui.row().classes("gap-6 rl-quiet"):
                _client_text(f"rl.when({fight.started_at_ms})")
                _client_text(f"rl.span({fight.duration})")
                _client_text(f"rl.compact({fight.total_dmg}) + ' damage'", f"{fight.total_dmg:,}")
                _client_text(
                    f"rl.compact({fight.total_dmg / fight.duration}) + '/s'",
                    f"{fight.total_dmg / fight.duration:,.0f}",
                )
                if fight.total_heal:
                    _client_text(
                        f"rl.compact({fight.total_heal}) + ' healing'", f"{fight.total_heal:,}"
                    )
            await self._tries()
            for text in _missing(fight):
                ui.label(text).classes("rl-warn").props("role=status")

    async def _tries(self) -> None:
        """The way to the try before and the try after."""
        try:
            tries = await to_thread(self._database.commands.get_boss_tries, self._fight.id)
        except CommandError as error:
            ui.label(str(error)).classes("rl-warn")
            return
        if tries.count < 2:
            return
        with ui.row().classes("gap-4 items-center"):
            if tries.previous_id is not None:
                ui.link("← previous try", f"/fight/{tries.previous_id}")
            ui.label(f"try {tries.number:,} of {tries.count:,}").classes("rl-quiet")
            if tries.next_id is not None:
                ui.link("next try →", f"/fight/{tries.next_id}")

    async def _chart(self) -> None:
        try:
            timeline = await to_thread(
                self._database.commands.get_encounter_timeline, self._fight.id
            )
        except NotFound:
            ui.label("The single hits of this fight are not kept.").classes("rl-quiet")
            return
        except CommandError as error:
            show_error(str(error))
            return
        ui.label("Damage a second").classes("font-bold")
        chart = ui.echart(_chart_options(timeline, self._fight)).classes("w-full h-72 rl-card")
        chart.on(
            "chart:datazoom",
            self._zoom,
            js_handler=(
                "(event) => { const z = event.batch ? event.batch[0] : event;"
                " emit([z.start ?? null, z.end ?? null]); }"
            ),
        )
        self._part = ui.label("Drag the handles below the chart for a part of the fight.")
        self._part.classes("rl-quiet")

    async def _zoom(self, event: GenericEventArguments) -> None:
        start, end = (float(each or 0) for each in event.args[0:2])
        whole = self._fight.duration * 1_000
        from_ms, to_ms = round(whole * start / 100), round(whole * end / 100)
        if to_ms <= from_ms:
            return
        try:
            part = await to_thread(
                self._database.commands.get_encounter_range, self._fight.id, from_ms, to_ms
            )
        except CommandError as error:
            ui.notify(str(error), type="negative")
            return
        if self._table is not None:
            await self._table.show_part(part)
        if self._part is not None:
            self._part.set_text(f"from second {from_ms / 1000:.1f} to {to_ms / 1000:.1f}")


def _client_text(expression: str, title: str = "") -> None:
    """A text that the browser writes in the reader's locale; numbers are all it is made of."""
    label = ui.label().props(f'title="{title}"' if title else "")
    ui.run_javascript(f"getHtmlElement({label.id}).textContent = {expression}")


def _outcomes(fight: EncounterSummary) -> list[tuple[str, str]]:
    if fight.ended_at_ms is None:
        return [("still open", "warning")]
    return [
        ("killed", "positive") if boss.is_defeated else ("not killed", "negative")
        for boss in fight.bosses
    ]


def _missing(fight: EncounterSummary) -> list[str]:
    told = []
    if fight.is_damaged:
        told.append("What is shown here is not what was written; resonance-logs salvage mends it.")
    if fight.was_interrupted:
        told.append("The recorder stopped before the fight's end.")
    if fight.rejected_events:
        told.append(f"{fight.rejected_events:,} events were rejected.")
    if fight.lost_events:
        told.append(f"{fight.lost_events:,} events are lost.")
    return told


_INK: Final = {":color": "rl.color('--quiet')"}
_LINE: Final = {"lineStyle": {":color": "rl.color('--line')"}}


def _chart_options(timeline: Timeline, fight: EncounterSummary) -> dict[str, Any]:
    colors = {actor.actor_id: class_color(actor.class_id) for actor in fight.actors}
    seconds = timeline.bucket_ms / 1000
    return {
        "aria": {"enabled": True},
        "animation": False,
        "grid": {"left": 60, "right": 20, "top": 40, "bottom": 70},
        "legend": {"type": "scroll", "top": 5, "textStyle": _INK},
        "tooltip": {
            "trigger": "axis",
            "renderMode": "richText",
            ":valueFormatter": "value => rl.compact(value)",
        },
        "xAxis": {
            "type": "value",
            "min": 0,
            "max": round(fight.duration, 3),
            "axisLabel": {":formatter": "value => rl.span(value)", **_INK},
            "splitLine": _LINE,
        },
        "yAxis": {
            "type": "value",
            "axisLabel": {":formatter": "value => rl.compact(value)", **_INK},
            "splitLine": _LINE,
        },
        "dataZoom": [{"type": "slider", "filterMode": "none"}],
        "series": [
            {
                "name": line.name or f"#{line.id}",
                "type": "line",
                "stack": "all",
                "areaStyle": {"opacity": 0.5},
                "symbol": "none",
                "color": colors.get(line.id or 0, "#9e9e9e"),
                "data": [
                    [round(place * seconds, 3), value / seconds]
                    for place, value in enumerate(line.values)
                ],
            }
            for line in timeline.series
        ],
    }
