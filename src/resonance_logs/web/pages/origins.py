"""The games and recorders that fights come from; they are shown where there are several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nicegui import ui

from resonance_logs.commands.games import GameOverview
from resonance_logs.database import Database
from resonance_logs.fights.games import find_game
from resonance_logs.web.pages.grid import room

_ALL: Final = ""


@dataclass(frozen=True, slots=True)
class Origins:
    """The games with ended fights, and the names of their recorders."""

    games: Sequence[GameOverview] = ()
    recorders: Sequence[str] = ()

    @property
    def has_games(self) -> bool:
        """Whether there are several games."""
        return len(self.games) > 1

    @property
    def has_recorders(self) -> bool:
        """Whether there are several recorders."""
        return len(self.recorders) > 1

    def columns(self) -> list[dict[str, Any]]:
        """The columns of a list of fights that say where each comes from."""
        found = [_RECORDER] if self.has_recorders else []
        return [{**GAME, **room(560)}, *found] if self.has_games else found


def read_origins(database: Database) -> Origins:
    """Where the ended fights come from."""
    commands = database.commands
    games = [game for game in commands.get_games() if game.encounters]
    return Origins(games, commands.get_unique_recorder_names().names)


def has_several_games(database: Database) -> bool:
    """Whether fights or players of several games are stored."""
    return len(database.commands.get_games()) > 1


def game_name(game_id: str) -> str:
    """The name of a game."""
    return find_game(game_id).name


def game_select(
    games: Sequence[GameOverview], chosen: str | None, choose: Callable[[str | None], Any]
) -> None:
    """A selection of one game or all of them; nothing if there are not several."""
    if len(games) < 2:
        return
    options = {_ALL: "All games"} | {game.id: game.name for game in games}
    options.setdefault(chosen or _ALL, chosen or "")
    box = ui.select(options, value=chosen or _ALL, label="Game").props("dense").classes("w-72")
    box.on_value_change(lambda event: choose(event.value or None))


GAME: Final[dict[str, Any]] = {
    "headerName": "Game",
    "field": "game",
    ":width": "rl.isPhone() ? 72 : 110",
    "tooltipField": "game",
}
_RECORDER: Final[dict[str, Any]] = {
    "headerName": "Recorder",
    "field": "recorder",
    "width": 110,
    "tooltipField": "recorder",
    **room(560),
}
