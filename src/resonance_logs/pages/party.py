"""The table of a party: what each player dealt, healed or took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from resonance_logs.commands.figures import ratio
from resonance_logs.commands.shapes import ActorEncounterStat
from resonance_logs.game import class_color, class_name, spec_name

TABS: Final = {"dps": "Damage", "heal": "Healing", "tanked": "Taken"}
_FIELDS: Final = {
    "dps": ("damage_dealt", "hits_dealt", "crit_hits_dealt", "lucky_hits_dealt"),
    "heal": ("heal_dealt", "hits_heal", "crit_hits_heal", "lucky_hits_heal"),
    "tanked": ("damage_taken", "hits_taken", "crit_hits_taken", "lucky_hits_taken"),
}

NUMBER: Final = {":cellRenderer": "params => rl.number(params)", "type": "rightAligned"}
PERCENT: Final = {
    ":valueFormatter": "params => rl.percent(params.value)",
    "type": "rightAligned",
    "width": 90,
}
BAR: Final[dict[str, Any]] = {
    "headerName": "",
    "field": "bar",
    "minWidth": 120,
    "flex": 1,
    "sortable": False,
    ":cellRenderer": (
        "params => { const bar = rl.text('div', '', 'rl-bar');"
        " bar.style.width = (params.value * 100) + '%';"
        " bar.style.setProperty('--class', params.data.color);"
        " bar.style.marginTop = '1em'; return bar; }"
    ),
}

COLUMNS: Final[list[dict[str, Any]]] = [
    {
        "headerName": "Player",
        "field": "player",
        "minWidth": 130,
        "flex": 1,
        "cellDataType": "object",
        ":valueFormatter": "params => params.value.name",
        ":comparator": "(a, b) => a.name.localeCompare(b.name)",
        ":cellRenderer": "params => rl.player(params.value)",
    },
    {"headerName": "Total", "field": "total", "width": 100, **NUMBER},
    {"headerName": "A second", "field": "rate", "width": 100, **NUMBER},
    {"headerName": "Share", "field": "share", **PERCENT},
    BAR,
    {"headerName": "Class", "field": "spec", "width": 170},
    {"headerName": "Active", "field": "active", "width": 95, **NUMBER},
    {"headerName": "Hits", "field": "hits", "width": 85, **NUMBER},
    {"headerName": "Crit", "field": "crit", **PERCENT},
    {"headerName": "Lucky", "field": "lucky", **PERCENT},
]


def party_rows(
    players: Sequence[ActorEncounterStat], kind: str, seconds: float
) -> list[dict[str, Any]]:
    """A row for each player, most first; ``seconds`` is how long the fight or its part took."""
    total, hits, crits, luckies = _FIELDS[kind]
    totals = [getattr(player, total) for player in players]
    whole, most = sum(totals), max(totals, default=0)
    rows = [
        {
            "id": player.actor_id,
            "player": player_cell(
                player.name or f"#{player.actor_id}", player.class_id, player.is_local_player
            ),
            "color": class_color(player.class_id),
            "spec": " · ".join(
                filter(None, (class_name(player.class_id), spec_name(player.class_spec)))
            ),
            "total": getattr(player, total),
            "rate": getattr(player, total) / seconds,
            "share": ratio(getattr(player, total), whole),
            "bar": ratio(getattr(player, total), most),
            "active": player.active_dps if kind == "dps" else None,
            "hits": getattr(player, hits),
            "crit": ratio(getattr(player, crits), getattr(player, hits)),
            "lucky": ratio(getattr(player, luckies), getattr(player, hits)),
        }
        for player in players
    ]
    return sorted(rows, key=lambda row: -row["total"])


def player_cell(name: str, class_id: int | None, is_local: bool = False) -> dict[str, Any]:
    """A player's name as ``rl.player`` shows it."""
    return {
        "name": name,
        "isLocalPlayer": is_local,
        "className": class_name(class_id),
        "color": class_color(class_id),
    }
