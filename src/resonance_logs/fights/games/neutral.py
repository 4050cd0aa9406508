"""Any other game: its classes and specs are numbers."""

from __future__ import annotations

from resonance_logs.fights.games.game import Game


def neutral_game(game_id: str) -> Game:
    """A game of which only the id is known."""
    return Game(game_id, game_id)
