"""One fight: how it went, who did what, and when; a part of it on demand."""

from __future__ import annotations

from asyncio import to_thread
from typing import Any, Final

from nicegui import ui
from nicegui.events import GenericEventArguments

from resonance_logs.commands.shapes import (
    ActorEncounterStat,
    EncounterRange,
    EncounterSummary,
    Timeline,
)
from resonance_logs.database import Database
from resonance_logs.errors import CommandError, NotFound
from resonance_logs.game import class_color, class_name, spec_name
from resonance_logs.pages.frame import frame, show_error

TABS: Final = {"dps": "Damage", "heal": "Healing", "tanked": "Taken"}
_FIELDS: Final = {
    "dps": ("damage_dealt", "hits_dealt", "crit_hits_dealt", "lucky_hits_dealt"),
    "heal": ("heal_dealt", "hits_heal", "crit_hits_heal", "lucky_hits_heal"),
    "tanked": ("damage_taken", "hits_taken", "crit_hits_taken", "lucky_hits_taken"),
}


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
    """The page of one fight; ``from_ms`` and ``to_ms`` are the part that is shown."""

    def __init__(self, database: Database, fight: EncounterSummary) -> None:
        self._database = database
        self._fight = fight
        self._kind = "dps"
        self._players: list[ActorEncounterStat] = list(fight.actors)
        self._seconds = fight.duration
        self._grid: ui.aggrid | None = None
        self._part: ui.label | None = None

    async def build(self) -> None:
        """Head, chart, table."""
        self._head()
        await self._chart()
        with ui.row().classes("w-full items-center justify-between"):
            tabs = ui.toggle(TABS, value=self._kind).props("unelevated")
            tabs.on_value_change(lambda event: self._choose(event.value))
            with ui.row():
                base = f"/api/encounters/{self._fight.id}/export"
                for of in ("actors", "skills", "hits"):
                    ui.link(f"{of} as CSV", f"{base}?format=csv&of={of}")
        self._grid = (
            ui.aggrid(
                {
                    "columnDefs": _COLUMNS,
                    "rowData": self._rows(),
                    "domLayout": "autoHeight",
                    "defaultColDef": {"resizable": True, "suppressMovable": True},
                    ":getRowId": "params => String(params.data.id)",
                },
                auto_size_columns=False,
            )
            .classes("w-full")
            .style("height: auto")
        )

    def _head(self) -> None:
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
            for text in _missing(fight):
                ui.label(text).classes("text-warning").props("role=status")

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
            part: EncounterRange = await to_thread(
                self._database.commands.get_encounter_range, self._fight.id, from_ms, to_ms
            )
        except CommandError as error:
            ui.notify(str(error), type="negative")
            return
        self._players = [actor for actor in part.actors if actor.is_player]
        self._seconds = part.duration
        if self._part is not None:
            self._part.set_text(f"from second {from_ms / 1000:.1f} to {to_ms / 1000:.1f}")
        self._refresh()

    def _choose(self, kind: str) -> None:
        self._kind = kind
        self._refresh()

    def _refresh(self) -> None:
        if self._grid is not None:
            self._grid.options["rowData"] = self._rows()
            self._grid.update()

    def _rows(self) -> list[dict[str, Any]]:
        total, hits, crits, luckies = _FIELDS[self._kind]
        whole = sum(getattr(player, total) for player in self._players)
        most = max((getattr(player, total) for player in self._players), default=0)
        rows = [
            {
                "id": player.actor_id,
                "player": {
                    "name": player.name or f"#{player.actor_id}",
                    "isLocalPlayer": player.is_local_player,
                    "className": class_name(player.class_id),
                    "color": class_color(player.class_id),
                },
                "spec": " · ".join(
                    filter(None, (class_name(player.class_id), spec_name(player.class_spec)))
                ),
                "total": getattr(player, total),
                "rate": getattr(player, total) / self._seconds,
                "share": getattr(player, total) / whole if whole else 0.0,
                "bar": getattr(player, total) / most if most else 0.0,
                "active": player.active_dps if self._kind == "dps" else None,
                "hits": getattr(player, hits),
                "crit": _rate(getattr(player, crits), getattr(player, hits)),
                "lucky": _rate(getattr(player, luckies), getattr(player, hits)),
            }
            for player in self._players
        ]
        return sorted(rows, key=lambda row: -row["total"])


def _rate(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


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


def _chart_options(timeline: Timeline, fight: EncounterSummary) -> dict[str, Any]:
    colors = {actor.actor_id: class_color(actor.class_id) for actor in fight.actors}
    seconds = timeline.bucket_ms / 1000
    return {
        "aria": {"enabled": True},
        "animation": False,
        "grid": {"left": 60, "right": 20, "top": 40, "bottom": 70},
        "legend": {"type": "scroll", "top": 5},
        "tooltip": {
            "trigger": "axis",
            "renderMode": "richText",
            ":valueFormatter": "value => rl.compact(value)",
        },
        "xAxis": {
            "type": "value",
            "min": 0,
            "max": round(fight.duration, 3),
            "axisLabel": {":formatter": "value => rl.span(value)"},
        },
        "yAxis": {
            "type": "value",
            "name": "damage a second",
            "axisLabel": {":formatter": "value => rl.compact(value)"},
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


_NUMBER: Final = {":cellRenderer": "params => rl.number(params)", "type": "rightAligned"}
_PERCENT: Final = {
    ":valueFormatter": "params => rl.percent(params.value)",
    "type": "rightAligned",
    "width": 90,
}

_COLUMNS: Final[list[dict[str, Any]]] = [
    {
        "headerName": "Player",
        "field": "player",
        "minWidth": 150,
        "flex": 1,
        "cellDataType": "object",
        ":valueFormatter": "params => params.value.name",
        ":comparator": "(a, b) => a.name.localeCompare(b.name)",
        ":cellRenderer": "params => rl.player(params.value)",
    },
    {"headerName": "Class", "field": "spec", "width": 170},
    {"headerName": "Total", "field": "total", "width": 100, **_NUMBER},
    {"headerName": "A second", "field": "rate", "width": 100, **_NUMBER},
    {"headerName": "Active", "field": "active", "width": 95, **_NUMBER},
    {"headerName": "Share", "field": "share", **_PERCENT},
    {
        "headerName": "",
        "field": "bar",
        "minWidth": 120,
        "flex": 1,
        "sortable": False,
        ":cellRenderer": (
            "params => { const bar = rl.text('div', '', 'rl-bar');"
            " bar.style.width = (params.value * 100) + '%';"
            " bar.style.setProperty('--class', params.data.player.color);"
            " bar.style.marginTop = '1em'; return bar; }"
        ),
    },
    {"headerName": "Hits", "field": "hits", "width": 85, **_NUMBER},
    {"headerName": "Crit", "field": "crit", **_PERCENT},
    {"headerName": "Lucky", "field": "lucky", **_PERCENT},
]
