"""Charts: values over time, distributions, overlaid curves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any, Final

from nicegui import ui

from resonance_logs.commands.bosses import Attempt, BossProfile
from resonance_logs.commands.comparison import ComparedSide, Comparison
from resonance_logs.commands.players import PlayerFight
from resonance_logs.commands.timeline import Timeline
from resonance_logs.fights.games import NEUTRAL_COLOR, Game, find_game

INK: Final = {":color": "rl.color('--quiet')"}
LINE: Final = {"lineStyle": {":color": "rl.color('--line')"}}
SIDES: Final = (
    "#0072b2",
    "#b87a00",
    "#009e73",
    "#b8578f",
    "#d55e00",
    "#3b8fc4",
    "#8c6bb1",
    "#7f7f7f",
)
"""Colours that are distinguishable with any colour vision (after Okabe and Ito, 2008).

Each has a contrast of at least 3:1 to both the light and the dark card.
"""

PALETTE: Final = (
    *("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#0072b2"),
    *("#f0e442", "#aa4499", "#44aa99", "#999933", "#882255", "#ddcc77"),
)
"""For lines without a colour of their own; distinguishable with colour blindness."""

DASHES: Final = ("solid", "dashed", "dotted")
_SYMBOLS: Final = {
    "kill": ("circle", "#009e73"),
    "no kill": ("diamond", "#d55e00"),
    "no boss": ("emptyTriangle", "#7f7f7f"),
}


_SHADES: Final = ((0, 1.0), (255, 0.6), (0, 0.7), (255, 0.35), (0, 0.5))
"""The variants of a colour: what it is mixed with, and how much of it remains."""


def shade(color: str, number: int) -> str:
    """A variant of a colour (``#rrggbb``) for another of its class: itself, lighter, darker."""
    other, part = _SHADES[number % len(_SHADES)]
    parts = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(each * part + other * (1 - part)):02x}" for each in parts)


def class_colors(
    game: Game, lines: Sequence[int | None], classes: Mapping[int | None, int | None]
) -> list[str]:
    """A colour for each line (an actor's id): its class's, or one of the palette.

    ``classes`` are those of the actors.
    """
    others = cycle(PALETTE)
    known = (classes.get(each) for each in lines)
    return [game.class_color(each) if each in game.classes else next(others) for each in known]


class Plot(ui.echart):
    """A chart that the browser draws once, until it is redrawn.

    The framework would draw its own again when its code arrives after the page.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        self._redraws, self._update_method = self._update_method, None

    def redraw(self, options: dict[str, Any]) -> None:
        """Redraw with other data."""
        self._update_method = self._redraws
        self.options.clear()
        self.options.update(options)
        self.update()


def dps_over_time(fights: Sequence[PlayerFight]) -> dict[str, Any]:
    """One point per fight of a player (oldest first), and the trend."""
    points: dict[str, list[list[float]]] = {name: [] for name in _SYMBOLS}
    for place, fight in enumerate(fights):
        is_kill = any(boss.is_defeated for boss in fight.bosses)
        name = "kill" if is_kill else "no kill" if fight.bosses else "no boss"
        points[name].append([place, fight.dps])
    return {
        **_base(),
        "xAxis": _fights_axis(fights),
        "yAxis": _number_axis("DPS"),
        "series": [
            *(_points(name, data) for name, data in points.items() if data),
            {
                "name": "median of ten",
                "type": "line",
                "symbol": "none",
                ":color": "rl.color('--ink')",
                "data": [[place, each.trend_dps] for place, each in enumerate(fights)],
            },
        ],
    }


def attempts_over_time(tries: Sequence[Attempt]) -> dict[str, Any]:
    """The duration of each fight."""
    points: dict[str, list[list[float]]] = {name: [] for name in _SYMBOLS}
    for place, each in enumerate(tries):
        name = "kill" if each.is_kill else "no kill" if each.has_boss else "no boss"
        points[name].append([place, each.duration])
    return {
        **_base(),
        "tooltip": {**_base()["tooltip"], ":valueFormatter": "value => rl.span(value)"},
        "xAxis": _fights_axis(tries),
        "yAxis": {
            **_number_axis("time"),
            "axisLabel": {":formatter": "value => rl.span(value)", **INK},
        },
        "series": [_points(name, data) for name, data in points.items() if data],
    }


def dps_by_class(profile: BossProfile) -> dict[str, Any]:
    """One box per class: minimum, quartiles, maximum."""
    game = find_game(profile.game)
    classes = profile.classes[::-1]
    return {
        **_base(),
        "legend": {"show": False},
        "grid": {"left": 8, "right": 24, "top": 12, "bottom": 8, "containLabel": True},
        "tooltip": {
            "trigger": "item",
            "renderMode": "richText",
            ":formatter": (
                "p => [p.name, ...['minimum', 'lower quartile', 'median', 'upper quartile', "
                "'maximum'].map((name, n) => name + ' ' + rl.compact(p.value[n + "
                "1]))].join('\\n')"
            ),
        },
        "xAxis": _number_axis(""),
        "yAxis": {
            "type": "category",
            "data": [
                f"{each.class_name or 'unknown class'} ({each.dps.count:,})" for each in classes
            ],
            "axisLabel": {":color": "rl.color('--ink')"},
        },
        "series": [
            {
                "type": "boxplot",
                "data": [
                    {
                        "value": [
                            each.dps.least,
                            each.dps.lower,
                            each.dps.median,
                            each.dps.upper,
                            each.dps.most,
                        ],
                        "itemStyle": {
                            "color": f"{game.class_color(each.class_id)}88",
                            ":borderColor": "rl.color('--ink')",
                        },
                    }
                    for each in classes
                ],
            }
        ],
    }


def _over_time() -> dict[str, Any]:
    """A chart of rates over the seconds of a fight, without its series."""
    return {
        **_base(),
        "xAxis": {
            "type": "value",
            "axisLabel": {":formatter": "value => rl.span(value)", **INK},
            "splitLine": LINE,
        },
        "yAxis": _number_axis(""),
    }


def curves(comparison: Comparison, names: Sequence[str]) -> dict[str, Any]:
    """The sides' curves, overlaid; distinguished by colour, dashes and name."""
    seconds = comparison.bucket_ms / 1_000
    return {
        **_over_time(),
        "series": [
            {
                "name": name,
                "type": "line",
                "symbol": "none",
                "color": SIDES[place % len(SIDES)],
                "lineStyle": {"type": DASHES[place % len(DASHES)], "width": 2},
                "data": _curve(side, seconds),
            }
            for place, (side, name) in enumerate(zip(comparison.sides, names, strict=True))
            if side.values is not None
        ],
    }


def standings_over_time(
    game: Game, timeline: Timeline, classes: Mapping[int | None, int | None]
) -> dict[str, Any]:
    """Each player's rate, stacked; ``classes`` by the players' ids."""
    seconds = timeline.bucket_ms / 1_000
    ids = sorted(classes, key=lambda each: each or 0)
    by_id = dict(zip(ids, class_colors(game, ids, classes), strict=True))
    seen: Counter[str] = Counter()
    colors = []
    for line in timeline.series:
        color = by_id.get(line.id, NEUTRAL_COLOR)
        colors.append(shade(color, seen[color]))
        seen[color] += 1
    return {
        **_over_time(),
        "series": [
            {
                "name": line.name or f"#{line.id}",
                "type": "line",
                "symbol": "none",
                "stack": "all",
                "color": color,
                "lineStyle": {"width": 1},
                "areaStyle": {"opacity": 0.6},
                "data": [
                    [round(place * seconds, 3), round(rate, 1)]
                    for place, rate in enumerate(line.rates or ())
                ],
            }
            for line, color in zip(timeline.series, colors, strict=True)
        ],
    }


def _curve(side: ComparedSide, seconds: float) -> list[list[float]]:
    return [[round(place * seconds, 3), value] for place, value in enumerate(side.values or ())]


def _base() -> dict[str, Any]:
    return {
        "aria": {"enabled": True},
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 40, "bottom": 8, "containLabel": True},
        "legend": {"type": "scroll", "top": 5, "textStyle": INK},
        "tooltip": {
            "trigger": "axis",
            "renderMode": "richText",
            ":valueFormatter": "value => rl.compact(value)",
        },
    }


def _fights_axis(fights: Sequence[PlayerFight] | Sequence[Attempt]) -> dict[str, Any]:
    """One step per fight, so that those of one evening are apart; the days are labelled."""
    started = [each.started_at_ms for each in fights]
    return {
        "type": "category",
        "data": started,
        "axisLabel": {
            ":formatter": f"rl.days({json.dumps(started)})",
            "interval": 0,
            "hideOverlap": True,
            **INK,
        },
        "axisTick": {"show": False},
        "axisPointer": {"label": {":formatter": "params => rl.when(Number(params.value))"}},
    }


def _number_axis(name: str) -> dict[str, Any]:
    return {
        "type": "value",
        "name": name,
        "nameTextStyle": INK,
        "axisLabel": {":formatter": "value => rl.compact(value)", **INK},
        "splitLine": LINE,
    }


def _points(name: str, data: list[list[float]]) -> dict[str, Any]:
    symbol, color = _SYMBOLS[name]
    return {
        "name": name,
        "type": "scatter",
        "symbol": symbol,
        "symbolSize": 8,
        "color": color,
        "data": data,
    }
