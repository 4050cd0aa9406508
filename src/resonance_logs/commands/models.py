"""What the models of arguments and answers have in common.

snake_case in Python, camelCase on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict
from pydantic.alias_generators import to_camel

from resonance_logs.fights.identity import GAME_PATTERN, MAX_NAME_LENGTH
from resonance_logs.tasks import MAX_INTEGER

MAX_LIMIT: Final = 1_000

Integer = Annotated[int, Strict(), Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]


def storable(text: str) -> str:
    """Refuse text that cannot be encoded as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("contains an unpaired surrogate") from None
    return text


Text = Annotated[str, AfterValidator(storable)]

GameId = Annotated[str, Field(pattern=GAME_PATTERN)]

RecorderName = Annotated[Text, Field(min_length=1, max_length=MAX_NAME_LENGTH)]

Flag = Annotated[bool, Strict()]

Limit = Annotated[
    int, Strict(), Field(ge=1, le=MAX_LIMIT, description="Maximum number of rows, 1 to 1,000.")
]

Offset = Annotated[
    int, Strict(), Field(ge=0, le=MAX_INTEGER, description="Number of rows to skip.")
]

FromMs = Annotated[
    int,
    Strict(),
    Field(
        ge=0,
        le=MAX_INTEGER,
        description="Where the part begins, in milliseconds after the fight's start.",
    ),
]

ToMs = Annotated[
    int,
    Strict(),
    Field(
        ge=0,
        le=MAX_INTEGER,
        description="Where the part ends, in milliseconds after the fight's start: it excludes "
        "this millisecond, unless it reaches the fight's end.",
    ),
]


FROM_PYTHON: Final = "from Python"
"""The context of a validation of what a Python method was given."""


@dataclass(frozen=True, slots=True)
class Accepts:
    """In an annotation of an argument: what the Python method accepts; the model converts it."""

    annotation: Any


class Arguments(BaseModel):
    """The arguments of a command; unknown arguments are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        extra="forbid",
    )


class Shape(BaseModel):
    """An answer, or part of one."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        extra="forbid",
    )


class SkillType(StrEnum):
    """What is summed: damage dealt, healing done, or damage taken from the other side.

    Players are one side, all other actors (monsters) the other.
    """

    DPS = "dps"
    HEAL = "heal"
    TANKED = "tanked"


class Side(StrEnum):
    """Which side: players, or all other actors."""

    PLAYERS = "players"
    MONSTERS = "monsters"


class NoArguments(Arguments):
    """No arguments."""


ONLY_OF_GAME: Final[Any] = Field(default=None, description="Only of this game; null: of all games.")


class GameArguments(Arguments):
    """One game, or all of them."""

    game: GameId | None = ONLY_OF_GAME


class PageArguments(Arguments):
    """A page of a list."""

    limit: Limit = 50
    offset: Offset = 0


class EncounterArguments(Arguments):
    """One fight."""

    encounter_id: Integer


PLAYERS_GAME: Final[Any] = Field(
    default=None,
    description="The player's game; null: of the players with this id, the one seen last.",
)


class PlayerArguments(Arguments):
    """One player."""

    uid: Integer


class GamePlayerArguments(PlayerArguments):
    """One player of a game."""

    game: GameId | None = PLAYERS_GAME
