"""Options that several commands share, and parsers for their values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from resonance_logs.errors import InvalidArgument
from resonance_logs.fights.games import find_game
from resonance_logs.fights.identity import DEFAULT_GAME, check_game
from resonance_logs.fights.name_folding import fold_name


def inherit_db(context: typer.Context, path: Path | None) -> Path | None:
    """The path given after the command's name, else the one before it, else the environment's.

    The option nearest to the command counts; the environment only if no option is given.
    """
    at: typer.Context | None = context
    while at is not None:
        if _is_given(at):
            return path if at is context else at.params["db"]
        at = at.parent  # type: ignore[assignment]
    return path


def _is_given(context: typer.Context) -> bool:
    source = context.get_parameter_source("db")
    return source is not None and source.name == "COMMANDLINE"


Db = Annotated[
    Path | None,
    typer.Option(
        "--db",
        metavar="PATH",
        envvar="RESONANCE_LOGS_DB",
        help="Database file. Default: the one in your data folder.",
        show_default=False,
        callback=inherit_db,
    ),
]
DbBefore = Annotated[
    Path | None,
    typer.Option(
        "--db",
        metavar="PATH",
        help="Database file; can also be given after the command's name.",
        show_default=False,
    ),
]
FightId = Annotated[
    int,
    typer.Argument(min=1, max=2**53 - 1, metavar="ID", help="The id of a fight, as in the list."),
]
Games = Annotated[
    list[str] | None,
    typer.Option("--game", metavar="ID", help="Only fights of this game; repeatable."),
]
Recorders = Annotated[
    list[str] | None,
    typer.Option(
        "--recorder",
        metavar="NAME",
        help="Only fights of this recorder, ignoring case; repeatable.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]

_CLOCK: Final = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{2})", re.ASCII)
_SPAN: Final = re.compile(
    r"(?=.)(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9}(?:\.\d{1,3})?)s?)?", re.ASCII
)

_SIZE: Final = re.compile(r"(\d{1,16}(?:\.\d{1,3})?) ?([kmgt]?)b?", re.ASCII | re.IGNORECASE)
_BYTES: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


class ChosenClass(NamedTuple):
    """A class as given: its ids, and whether it was given by name."""

    ids: list[int]
    is_named: bool


def read_class(text: str, games: Sequence[str] = ()) -> ChosenClass:
    """Parse a class given by id, or by its name in one of the games."""
    if text.isdecimal() and len(text) <= 15:
        return ChosenClass([int(text)], is_named=False)
    classes = [
        known for game in games or [DEFAULT_GAME] for known in find_game(game).classes.values()
    ]
    found = [known.id for known in classes if _plain(known.name) == _plain(text)]
    if found and len(games) > 1:
        raise typer.BadParameter("a class is named in one game; give a single --game")
    if found:
        return ChosenClass(found, is_named=True)
    names = ", ".join(known.name for known in classes)
    hint = f"the classes are {names}" if names else "those of this game have no names, only numbers"
    raise typer.BadParameter(f"unknown class {text!r}; {hint}")


def read_game(text: str) -> str:
    """Parse the id of a game, ignoring case."""
    try:
        return check_game(text.strip().lower())
    except InvalidArgument as error:
        raise typer.BadParameter(str(error)) from error


def read_games(texts: Sequence[str] | None) -> list[str]:
    """Parse the ids of games, ignoring case."""
    return [read_game(each) for each in texts or ()]


def _plain(name: str) -> str:
    return fold_name(name).replace(" ", "").replace("-", "")


def read_since(text: str | None) -> int | None:
    """Parse a date or time; returns its first millisecond."""
    return None if text is None else _epoch_ms(_moment(text))


def read_until(text: str | None) -> int | None:
    """Parse a date (returns its last millisecond) or a time."""
    if text is None:
        return None
    moment = _moment(text)
    if len(text.strip()) > len("2026-01-31"):
        return _epoch_ms(moment)
    try:
        return _epoch_ms(moment + timedelta(days=1)) - 1
    except OverflowError as error:
        raise typer.BadParameter(f"{text!r} is too late") from error


def read_duration_ms(text: str | None) -> int | None:
    """Parse a duration such as ``90``, ``90s``, ``1m30s`` or ``1:30``; returns milliseconds."""
    if text is None:
        return None
    match = _CLOCK.fullmatch(text) or _SPAN.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a duration; use 90, 90s, 1m30s or 1:30")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return round(((hours * 60 + minutes) * 60 + seconds) * 1000)


def read_size(text: str | None) -> int | None:
    """Parse a size such as ``1000000``, ``500k``, ``500M`` or ``1.5GB``; returns bytes."""
    if text is None:
        return None
    match = _SIZE.fullmatch(text.strip())
    count = 0 if match is None else round(float(match[1]) * _BYTES[match[2].lower()])
    if not 0 < count < 2**53:
        raise typer.BadParameter(f"{text!r} is not a size; use 1000000, 500M or 1.5G")
    return count


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a date; use 2026-01-31 or 2026-01-31T20:15"
        ) from error


def _epoch_ms(moment: datetime) -> int:
    try:
        return round(moment.timestamp() * 1000)
    except (OverflowError, ValueError, OSError) as error:
        raise typer.BadParameter(f"{moment.isoformat()} is out of range") from error
