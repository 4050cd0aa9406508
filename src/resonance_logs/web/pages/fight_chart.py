"""The curve of a fight over time, on which a range can be selected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from nicegui import ui
from nicegui.events import GenericEventArguments

from resonance_logs.commands.encounter import EncounterSummary
from resonance_logs.commands.models import Side
from resonance_logs.commands.timeline import GroupBy, Timeline, TimelineSeries
from resonance_logs.database import Database
from resonance_logs.errors import NotFound
from resonance_logs.fights.games import NEUTRAL_COLOR, find_game
from resonance_logs.web.pages.answer_area import AsyncSection
from resonance_logs.web.pages.charts import DASHES, INK, LINE, PALETTE, Plot, class_colors, shade
from resonance_logs.web.pages.fight_view import SIDES, FightView
from resonance_logs.web.pages.party import display_names

MAX_LINES_SHOWN: Final = 20
MAX_UNNAMED_LINES: Final = len(PALETTE)
SMOOTH_POINTS: Final = 300
SMOOTHING: Final = {0: "Off", 3_000: "3 s", 10_000: "10 s"}


@dataclass(frozen=True, slots=True)
class _ChartState:
    """How the curve is drawn."""

    stacked: bool = True
    group_by: GroupBy = GroupBy.ACTOR
    smooth_ms: int = 3_000


class TimeChart:
    """The curve; calls ``on_range`` with the range selected on it, in milliseconds."""

    def __init__(
        self,
        database: Database,
        fight: EncounterSummary,
        on_range: Callable[[int | None, int | None], Awaitable[None]],
    ) -> None:
        self._database = database
        self._fight = fight
        self._on_range = on_range
        self._view = FightView()
        self._state = _ChartState()
        self._chart: Plot | None = None
        self.has_hits = True
        """Whether the individual hits are stored, so that ranges can be selected."""
        with ui.column().classes("rl-card w-full p-3 sm:p-4 gap-2"):
            with ui.row().classes("w-full items-center gap-x-5 gap-y-2"):
                self._title = ui.label().classes("font-bold grow")
                self._title.props("role=heading aria-level=2")
                self._choices()
            self._section = AsyncSection(skeletons=5)
            self._curve = ui.column().classes("w-full rl-curve")
            self._curve.visible = False

    def _choices(self) -> None:
        self._groups = ui.toggle({GroupBy.ACTOR.value: "Players"}, value=GroupBy.ACTOR.value)
        self._groups.on_value_change(lambda event: self._draw(group_by=GroupBy(event.value)))
        self._groups.props('dense unelevated no-caps padding="2px 10px" aria-label="Lines of"')
        form = ui.toggle({True: "Stacked", False: "Lines"}, value=self._state.stacked)
        form.on_value_change(lambda event: self._draw(stacked=event.value))
        form.props('dense unelevated no-caps padding="2px 10px" aria-label="Form"')
        with ui.row().classes("items-center gap-1"):
            ui.label("Smooth").classes("rl-quiet")
            smooth = ui.toggle(SMOOTHING, value=self._state.smooth_ms)
        smooth.on_value_change(lambda event: self._draw(smooth_ms=event.value))
        smooth.props('dense unelevated no-caps padding="2px 10px" aria-label="Smooth"')

    async def show(self, view: FightView) -> None:
        """Query the curve of these figures and draw it."""
        before, self._view = self._view, view
        groups = {GroupBy.SKILL.value: "Skills", GroupBy.TARGET.value: view.others}
        if view.actor_id is None:
            groups = {GroupBy.ACTOR.value: SIDES[view.side], **groups}
        group_by = self._state.group_by
        if (view.actor_id is None) != (before.actor_id is None):
            group_by = GroupBy.ACTOR if view.actor_id is None else GroupBy.SKILL
        self._state = replace(self._state, group_by=group_by)
        self._groups.set_options(groups, value=group_by.value)
        await self._ask()

    def select(self, view: FightView) -> None:
        """Show on the curve a range that was selected elsewhere."""
        self._view = view
        if self._chart is not None:
            start, end = self._seconds()
            what = {"type": "dataZoom", "startValue": start, "endValue": end}
            # If the chart reported it back, that could undo a newer selection.
            self._chart.run_chart_method("dispatchAction", what, {"silent": True})

    async def _draw(self, **changes: Any) -> None:
        drawn = replace(self._state, **changes)
        if drawn != self._state:
            self._state = drawn
            await self._ask()

    async def _ask(self) -> None:
        view, drawn = self._view, self._state
        is_named = drawn.group_by is GroupBy.ACTOR and view.side is Side.PLAYERS

        def ask() -> Timeline | NotFound:
            try:
                return self._database.commands.get_encounter_timeline(
                    self._fight.id,
                    drawn.group_by,
                    view.kind,
                    view.actor_id,
                    points=SMOOTH_POINTS if drawn.smooth_ms else None,
                    side=view.side,
                    most=MAX_LINES_SHOWN if is_named else MAX_UNNAMED_LINES,
                    smooth_ms=drawn.smooth_ms,
                )
            except NotFound as error:
                return error

        self._title.set_text(f"{view.what.capitalize()} per second")
        await self._section.fill(ask, self._show)

    def _show(self, answer: Timeline | NotFound) -> None:
        self.has_hits = isinstance(answer, Timeline)
        drawn = isinstance(answer, Timeline) and bool(answer.series)
        self._curve.visible = drawn
        if not isinstance(answer, Timeline):
            ui.label("The individual hits of this fight are not stored.").classes("rl-quiet")
        elif not drawn:
            ui.label(f"No {self._view.what} in this fight.").classes("rl-quiet")
        elif self._chart is None:
            with self._curve:
                self._chart = self._made(answer)
        else:
            # Kept, because removing a chart while the browser is still creating it causes an error
            # there.
            self._chart.redraw(self._options(answer))

    def _made(self, timeline: Timeline) -> Plot:
        chart = Plot(self._options(timeline)).classes("w-full h-72 rl-chart")
        chart.props('role=img aria-label="The curve over time"')
        chart.on("chart:finished", js_handler=f"() => rl.chart.arm({chart.id})")
        chart.on(
            "chart:datazoom",
            self._choose,
            js_handler=f"event => rl.chart.part(event, {chart.id}, {self._fight.duration}, emit)",
        )
        return chart

    async def _choose(self, event: GenericEventArguments) -> None:
        start, end = (round(float(each) * 1_000) for each in event.args[0:2])
        whole = round(self._fight.duration * 1_000)
        if start <= 0 and end >= whole:
            await self._on_range(None, None)
        elif start < end:
            await self._on_range(max(0, start), min(end, whole))

    def _seconds(self) -> tuple[float, float]:
        """Where the selected range begins and ends."""
        view, whole = self._view, self._fight.duration
        start = 0.0 if view.from_ms is None else view.from_ms / 1_000
        return start, whole if view.to_ms is None else view.to_ms / 1_000

    def _options(self, timeline: Timeline) -> dict[str, Any]:
        start, end = self._seconds()
        return {
            "aria": {"enabled": True},
            "animation": False,
            "grid": {"left": 12, "right": 16, "top": 38, "bottom": 52, "containLabel": True},
            "legend": {
                "type": "scroll",
                "top": 0,
                "icon": "roundRect" if self._state.stacked else "inherit",
                "itemWidth": 25 if self._state.stacked else 34,
                "itemStyle": {"opacity": 1 if self._state.stacked else 0},
                "textStyle": {":color": "rl.color('--ink')"},
                "pageTextStyle": INK,
                "pageIconColor": "#3d5afe",
                "pageIconSize": 12,
            },
            "tooltip": {
                "trigger": "axis",
                "renderMode": "richText",
                "confine": True,
                "order": "valueDesc",
                ":backgroundColor": "rl.color('--card')",
                ":borderColor": "rl.color('--line')",
                "textStyle": {":color": "rl.color('--ink')", "fontSize": 12},
                ":valueFormatter": "value => rl.compact(value)",
                "axisPointer": {
                    "label": {":formatter": "params => rl.clock(params.value)"},
                    "snap": True,
                },
            },
            "toolbox": {
                "top": -40,
                "feature": {
                    "dataZoom": {
                        "yAxisIndex": "none",
                        "filterMode": "none",
                        "brushStyle": {"color": "#3d5afe", "opacity": 0.25},
                    }
                },
            },
            "xAxis": {
                "type": "value",
                "min": 0,
                "max": round(self._fight.duration, 3),
                "axisLabel": {
                    ":formatter": "value => rl.span(value)",
                    "hideOverlap": True,
                    "showMaxLabel": False,
                    **INK,
                },
                "axisLine": LINE,
                "splitLine": {"show": False},
            },
            "yAxis": {
                "type": "value",
                "axisLabel": {":formatter": "value => rl.compact(value)", **INK},
                "splitLine": LINE,
            },
            "dataZoom": [
                {
                    "type": "slider",
                    "filterMode": "none",
                    "startValue": start,
                    "endValue": end,
                    "bottom": 8,
                    "height": 22,
                    "showDetail": False,
                    "brushSelect": False,
                    ":borderColor": "rl.color('--line')",
                }
            ],
            "series": self._series(timeline),
        }

    def _series(self, timeline: Timeline) -> list[dict[str, Any]]:
        colors = self._colors(timeline.series)
        names = display_names([(line.name, line.id) for line in timeline.series])
        lines = list(zip(names, timeline.series, colors, strict=True))
        if timeline.rest is not None:
            lines.append(("all others", timeline.rest, NEUTRAL_COLOR))
        seen: Counter[str] = Counter()
        made = []
        for name, line, color in lines:
            shaded = shade(color, seen[color])
            made.append(self._line(name, line, shaded, seen[color], timeline.bucket_ms))
            seen[color] += 1
        return made

    def _colors(self, lines: Sequence[TimelineSeries]) -> list[str]:
        of_actors = self._state.group_by is not GroupBy.SKILL
        classes: Mapping[int | None, int | None] = {
            actor.actor_id: actor.class_id for actor in self._fight.actors if of_actors
        }
        game = find_game(self._fight.game)
        return class_colors(game, [line.id for line in lines], classes)

    def _line(
        self, name: str, line: TimelineSeries, color: str, same: int, bucket_ms: int
    ) -> dict[str, Any]:
        """``same``: how many previous lines have this colour."""
        stacked = self._state.stacked
        middle, whole = bucket_ms / 2, self._fight.duration * 1_000
        return {
            "name": name,
            "type": "line",
            "symbol": "none",
            "color": color,
            "lineStyle": {
                "width": 1 if stacked else 2,
                "type": "solid" if stacked else DASHES[same % len(DASHES)],
            },
            "stack": "all" if stacked else None,
            "areaStyle": {"opacity": 0.6} if stacked else None,
            "data": [
                [round(min(place * bucket_ms + middle, whole) / 1_000, 3), round(rate, 1)]
                for place, rate in enumerate(line.rates or ())
            ],
        }
