"""The party table: what each player or monster dealt, healed or took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from resonance_logs.commands.models import Side, SkillType
from resonance_logs.commands.party import EncounterParty, PartyRow
from resonance_logs.fights.games import Game, find_game
from resonance_logs.web.pages.fight_view import KINDS, RATES
from resonance_logs.web.pages.grid import FIGURE, PERCENT, PLAYER, SHARE, WHOLE, room

COLUMNS: Final[list[dict[str, Any]]] = [
    {
        "headerName": "Name",
        "field": "player",
        "minWidth": 92,
        "flex": 1.2,
        **PLAYER,
    },
    {"headerName": "Total", "field": "total", "width": 76, **FIGURE},
    {"field": "rate", "width": 76, **FIGURE},
    SHARE,
    {"headerName": "Class", "field": "spec", "width": 190, "tooltipField": "spec", **room(1_000)},
    {"headerName": "Active DPS", "field": "active", "width": 104, **FIGURE, **room(760)},
    {"headerName": "On bosses", "field": "bosses", "width": 104, **FIGURE, **room(900)},
    {"headerName": "Hits", "field": "hits", **WHOLE, **room(560)},
    {"headerName": "Crit", "field": "crit", **PERCENT, **room(560)},
    {"headerName": "Lucky", "field": "lucky", **PERCENT, **room(640)},
]
"""All columns that a party table can have; ``columns`` selects some of them."""

_HEADS: Final = {
    "total": "Total dealt, healed or taken",
    "share": "Share of this side's total",
    "active": "Damage per second of active time",
    "bosses": "Damage to bosses",
    "crit": "Share of hits that were critical",
    "lucky": "Share of hits that were lucky",
}


def columns(kind: SkillType, side: Side = Side.PLAYERS) -> list[dict[str, Any]]:
    """The columns that contain data."""
    without = set() if kind is SkillType.DPS else {"active", "bosses"}
    without |= set() if side is Side.PLAYERS else {"spec", "bosses"}
    return [
        {**column, "headerTooltip": _HEADS.get(column["field"], "")}
        | (rate_head(kind) if column["field"] == "rate" else {})
        for column in COLUMNS
        if column["field"] not in without
    ]


def rate_head(kind: SkillType) -> dict[str, str]:
    """The heading of a column of rates."""
    text = f"{KINDS[kind]} per second of the fight, or of the selected range"
    return {"headerName": RATES[kind], "headerTooltip": text}


def party_rows(party: EncounterParty, *, idle: bool = False) -> list[dict[str, Any]]:
    """A row for every active actor (with ``idle``: every actor), in the order of the answer."""
    maximum = max((row.share for row in party.rows), default=0.0)
    names = display_names([(row.name, row.actor_id) for row in party.rows])
    game = find_game(party.game)
    return [
        _row(game, row, name, maximum)
        for row, name in zip(party.rows, names, strict=True)
        if idle or row.hits
    ]


def display_name(name: str | None, actor_id: int | None) -> str:
    """The name of an actor on a page."""
    return name or ("Unknown" if actor_id is None else f"#{actor_id}")


def display_names(actors: Sequence[tuple[str | None, int | None]]) -> list[str]:
    """The names of several actors; equal names are numbered."""
    names = [display_name(*actor) for actor in actors]
    often = Counter(names)
    return [
        name if often[name] == 1 else f"{name} #{number}"
        for name, (_, number) in zip(names, actors, strict=True)
    ]


def _row(game: Game, row: PartyRow, name: str, most: float) -> dict[str, Any]:
    return {
        "id": row.actor_id,
        "player": player_cell(game, name, row.class_id, row.is_local_player),
        "color": game.class_color(row.class_id),
        "spec": " · ".join(filter(None, (row.class_name, row.class_spec_name))),
        "total": row.total,
        "rate": row.per_second,
        "share": row.share,
        "most": most,
        "active": row.active_per_second,
        "bosses": row.boss_total,
        "hits": row.hits,
        "crit": row.crit_rate,
        "lucky": row.lucky_rate,
    }


def player_cell(
    game: Game, name: str, class_id: int | None, is_local: bool = False
) -> dict[str, Any]:
    """The name of a game's player as ``rl.player`` shows it."""
    return {
        "name": name,
        "isLocalPlayer": is_local,
        "className": game.class_name(class_id),
        "color": game.class_color(class_id),
    }
