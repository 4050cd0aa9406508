"""Where fights come from, shown where there is a choice: their recorders and games."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import typer

from resonance_logs.cli import options
from resonance_logs.cli.opening import open_for_reading
from resonance_logs.cli.render import cell, local_time, out, safe, table

if TYPE_CHECKING:
    from resonance_logs.commands.recorders import RecorderOverview
    from resonance_logs.database import Database


@dataclass(frozen=True, slots=True)
class Origins:
    """Whether a database has several recorders, and several games."""

    has_recorders: bool = False
    has_games: bool = False

    @classmethod
    def of(cls, database: Database) -> Origins:
        """Those of a database."""
        commands = database.commands
        return cls(len(commands.get_recorders()) > 1, len(commands.get_games()) > 1)

    @property
    def headings(self) -> list[str]:
        """The headings of the columns that tell where a fight comes from."""
        return ["recorder"] * self.has_recorders + ["game"] * self.has_games

    def cells(self, recorder: str, game: str) -> list[str]:
        """The cells of these columns."""
        return [safe(recorder)] * self.has_recorders + [safe(game)] * self.has_games

    def lines(self, recorder: str, game: str) -> list[str]:
        """The line that tells it; none where there is no choice."""
        pairs = zip(self.headings, self.cells(recorder, game), strict=True)
        line = " · ".join(f"{heading} {text}" for heading, text in pairs)
        return [line] if line else []


ONE_ORIGIN: Final = Origins()


def recorders(as_json: options.AsJson = False, db: options.Db = None) -> None:
    """List the recorders: their games, how many of their tasks are stored, their open fights."""
    from pydantic import TypeAdapter

    from resonance_logs.commands.recorders import RecorderOverview

    with open_for_reading(db) as database:
        rows = database.commands.get_recorders()
    if as_json:
        typer.echo(TypeAdapter(list[RecorderOverview]).dump_json(rows, indent=2))
        return
    if rows:
        _print(rows)
    else:
        typer.echo("no recorders")


def _print(rows: Sequence[RecorderOverview]) -> None:
    numbers = ("position", "fights")
    shown = table("recorder", "game", *numbers, "last seen", "open fight", numbers=numbers)
    for row in rows:
        shown.add_row(*map(cell, _cells(row)))
    out().print(shown)


def _cells(row: RecorderOverview) -> Iterator[str]:
    yield safe(row.name)
    yield safe(row.game)
    yield f"{row.position:,}"
    yield f"{row.encounters:,}"
    yield "never" if row.seen_at_ms is None else local_time(row.seen_at_ms)
    yield "" if row.open_encounter_id is None else str(row.open_encounter_id)
