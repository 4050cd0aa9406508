"""Whose tasks they are: the recorder that sends them, and the game they come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from resonance_logs.errors import InvalidArgument

DEFAULT_RECORDER: Final = "default"
DEFAULT_GAME: Final = "bpsr"

MAX_NAME_LENGTH: Final = 64
"""Maximum length of a recorder's name and of a game's id, in characters."""

GAME_PATTERN: Final = rf"^[a-z0-9-]{{1,{MAX_NAME_LENGTH}}}$"

_game = re.compile(GAME_PATTERN[1:-1])


@dataclass(frozen=True, slots=True)
class Identity:
    """A recorder's name and its game."""

    recorder: str = DEFAULT_RECORDER
    game: str = DEFAULT_GAME

    @property
    def is_default(self) -> bool:
        """Whether both are the defaults."""
        return self == DEFAULT_IDENTITY

    @classmethod
    def checked(cls, recorder: object, game: object) -> Self:
        """The identity of valid values.

        Raises:
            InvalidArgument: one of them is invalid; names it.
        """
        return cls(check_recorder(recorder), check_game(game))


DEFAULT_IDENTITY: Final = Identity()


def check_recorder(name: object) -> str:
    """Return the name if a recorder can have it: text of 1 to 64 characters.

    Raises:
        InvalidArgument: it cannot.
    """
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise InvalidArgument("recorder", f"must be text of 1 to {MAX_NAME_LENGTH} characters")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InvalidArgument("recorder", "contains an unpaired surrogate") from None
    return name


def check_game(game: object) -> str:
    """Return the id if a game can have it: 1 to 64 of the characters a-z, 0-9 and ``-``.

    Raises:
        InvalidArgument: it cannot.
    """
    if not isinstance(game, str) or not _game.fullmatch(game):
        raise InvalidArgument(
            "game",
            f"must be an id of 1 to {MAX_NAME_LENGTH} of the characters a-z, 0-9 and -, such as "
            f"{DEFAULT_GAME}",
        )
    return game
