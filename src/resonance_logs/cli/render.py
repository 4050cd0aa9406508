"""Format numbers, times, names and bars for standard output and standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, NoReturn

import typer

from resonance_logs.sources.terminal_text import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    from resonance_logs.fights.games import Game

WIDTH_WITHOUT_TERMINAL: Final = 120
MAX_NAME_LENGTH: Final = 40
MAX_MESSAGE_LENGTH: Final = 1_000
DIM: Final = "bright_black"

_UNITS: Final = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def out() -> Console:
    """The console of standard output; markup is off, so that names are plain text."""
    return _console(stderr=False)


def err() -> Console:
    """The console of standard error."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    is_sized = stream.isatty() or "COLUMNS" in os.environ
    return Console(
        stderr=stderr,
        markup=False,
        emoji=False,
        highlight=False,
        width=None if is_sized else WIDTH_WITHOUT_TERMINAL,
    )


def print_error(message: str) -> None:
    """Print a line to standard error."""
    typer.echo(safe(message, MAX_MESSAGE_LENGTH), err=True)


def fail(message: str, code: int = 1) -> NoReturn:
    """Print an error to standard error, and exit."""
    sys.stdout.flush()
    print_error(f"error: {message}")
    raise typer.Exit(code)


def safe(text: str, max_length: int = MAX_NAME_LENGTH) -> str:
    """``text`` cut to a length, with everything that could control a terminal escaped."""
    if len(text) > max_length:
        text = text[: max_length - 1] + "…"
    return printable(text)


def number(value: float) -> str:
    """A number in at most six characters: 9,999 or 12.3M."""
    return f"{value:,.0f}" if abs(value) < 9_999.5 else _with_unit(value)


def percent(fraction: float) -> str:
    """A fraction as a percentage; empty for None."""
    return f"{fraction * 100:.1f} %" if fraction else ""


def size(count: int) -> str:
    """A size in bytes."""
    return f"{count:,} bytes" if count < 1_000 else f"{_with_unit(count, ' ')}B"


def _with_unit(value: float, space: str = "") -> str:
    """Three digits and a unit: 12.3M."""
    unit, letter = next((each for each in _UNITS if abs(value) >= each[0] * 0.9995), _UNITS[-1])
    scaled = value / unit
    digits = 0 if abs(scaled) >= 99.95 else 1 if abs(scaled) >= 9.995 else 2
    return f"{scaled:.{digits}f}{space}{letter}"


def duration(seconds: float) -> str:
    """A duration as m:ss, or h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def local_time(epoch_ms: int) -> str:
    """A time in the local time zone; "unknown time" if it is outside the calendar."""
    try:
        return datetime.fromtimestamp(epoch_ms / 1000).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return "unknown time"


def player_name(name: str | None, actor_id: int) -> str:
    """A player's name, or the id if the name is unknown."""
    return safe(name) if name else f"#{actor_id}"


def class_and_spec(game: Game, class_id: int | None, spec_id: int | None) -> str:
    """For example ``Stormblade · Iaido``; unknown parts are omitted."""
    names = game.class_name(class_id), game.spec_name(class_id, spec_id)
    return " · ".join(filter(None, names))


def cell(text: str, style: str = "") -> Text:
    """A cell whose text is truncated, never wrapped."""
    from rich.text import Text

    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def table(
    *columns: str, numbers: Iterable[str] = (), widths: Mapping[str, int] | None = None
) -> Table:
    """A table with these headings.

    ``numbers`` are right-aligned and never truncated, nor are columns with a minimum width.
    """
    from rich import box
    from rich.table import Table

    to_the_right = set(numbers)
    minimum = {each: max(len(each), 5) for each in to_the_right} | dict(widths or {})
    made = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
        header_style="bold",
    )
    for column in columns:
        made.add_column(
            cell(column),
            justify="right" if column in to_the_right else "left",
            no_wrap=column in minimum,
            min_width=minimum.get(column),
        )
    return made


class Bar:
    """A bar for a share from 0 to 1."""

    def __init__(self, share: float, color: str, width: int = 12) -> None:
        self._share = min(max(share, 0.0), 1.0)
        self._color = color
        self._width = width

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """As wide as the full bar, for any share."""
        from rich.measure import Measurement

        return Measurement(min(4, self._width), self._width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The bar in eighths of a character, or in ``#`` if only ASCII is available."""
        from rich.text import Text

        width = min(self._width, options.max_width)
        eighths = round(self._share * width * 8)
        if options.ascii_only:
            yield Text("#" * (eighths // 8))
            return
        rest = _EIGHTHS[eighths % 8].strip()
        yield Text("█" * (eighths // 8) + rest, style=self._color, no_wrap=True)
