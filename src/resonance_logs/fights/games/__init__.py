"""Facts of games: names and colours of classes and specs; a module per game."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from resonance_logs.fights.games.bpsr import BPSR
from resonance_logs.fights.games.game import NEUTRAL_COLOR, Game
from resonance_logs.fights.games.neutral import neutral_game

__all__ = ["GAMES", "NEUTRAL_COLOR", "Game", "find_game"]

GAMES: Final[Mapping[str, Game]] = MappingProxyType({game.id: game for game in (BPSR,)})
"""The games with a module of their own, by id."""


def find_game(game_id: str) -> Game:
    """The game with this id; a neutral one if it has no module."""
    return GAMES.get(game_id) or neutral_game(game_id)
