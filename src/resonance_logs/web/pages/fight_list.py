"""A list of fights: its columns, and the row of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from resonance_logs.commands.encounter import EncounterSummary
from resonance_logs.fights.games import find_game
from resonance_logs.web.pages.grid import FIGURE, SPAN, WHEN, room
from resonance_logs.web.pages.origins import Origins
from resonance_logs.web.pages.party import player_cell


def fight_row(fight: EncounterSummary) -> dict[str, Any]:
    """The row of a fight."""
    game = find_game(fight.game)
    return {
        "id": fight.id,
        "game": game.name,
        "recorder": fight.recorder,
        "started": fight.started_at_ms,
        "scene": fight.scene_name or "",
        "bosses": ", ".join(boss.monster_name for boss in fight.bosses),
        "result": _result(fight),
        "duration": fight.duration,
        "damage": fight.total_dmg,
        "dps": fight.dps,
        "favorite": fight.is_favorite,
        "note": fight.note or "",
        "tags": fight.tags,
        "party": [
            player_cell(game, player.name, player.class_id, player.is_local_player)
            for player in sorted(fight.players, key=lambda player: not player.is_local_player)
        ],
    }


def _result(fight: EncounterSummary) -> str:
    if fight.is_damaged:
        return "damaged"
    if fight.was_interrupted:
        return "interrupted"
    if not fight.bosses:
        return ""
    return kill_or_wipe([boss.is_defeated for boss in fight.bosses])


def kill_or_wipe(fallen: Sequence[bool]) -> str:
    """The result of a fight with bosses; each was defeated or not."""
    count = sum(fallen)
    if 0 < count < len(fallen):
        return f"{count} of {len(fallen)}"
    return "killed" if count else "wiped"


def columns(origins: Origins) -> list[dict[str, Any]]:
    """The columns of a list of fights, with the game and the recorder where there are several."""
    first, *others, party = _COLUMNS
    added = origins.columns()
    return [first, *added, *others, {**party, **room(1_300)} if added else party]


_COLUMNS: Final[list[dict[str, Any]]] = [
    {"headerName": "Started", "field": "started", **WHEN},
    {
        "headerName": "Scene",
        "field": "scene",
        "width": 130,
        "tooltipField": "scene",
        **room(560),
    },
    {
        "headerName": "Bosses",
        "field": "bosses",
        "minWidth": 84,
        "flex": 1,
        "tooltipField": "bosses",
        ":valueFormatter": "params => params.value || (rl.isPhone() ? params.data.scene : '')",
    },
    {"headerName": "Result", "field": "result", "width": 76},
    {"headerName": "Time", "field": "duration", **SPAN, "width": 66},
    {"headerName": "Damage", "field": "damage", "width": 95, **FIGURE, **room(560)},
    {"headerName": "DPS", "field": "dps", "width": 85, **FIGURE, **room(560)},
    {
        "headerName": "★",
        "field": "favorite",
        ":valueFormatter": "params => params.value ? '★' : ''",
        "cellDataType": "text",
        "width": 40,
        **room(560),
    },
    {
        "headerName": "Note",
        "field": "note",
        "width": 120,
        "tooltipField": "note",
        ":cellRenderer": "rl.note",
        **room(560),
    },
    {
        "headerName": "Party",
        "field": "party",
        "flex": 2,
        "minWidth": 200,
        "cellDataType": "object",
        ":valueFormatter": "params => ''",
        ":cellRenderer": "params => rl.party(params.value)",
        **room(560),
    },
]
