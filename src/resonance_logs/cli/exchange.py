"""Export fights to a file, and import them from such a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resonance_logs.cli import options
from resonance_logs.cli.opening import open_for_reading, show_warnings
from resonance_logs.cli.render import print_error, safe, size

if TYPE_CHECKING:
    from resonance_logs.database import Database


def export(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The file to create.")],
    fight_ids: Annotated[
        list[int] | None,
        typer.Argument(min=1, max=2**53 - 1, metavar="ID", help="Fight ids."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All ended fights.")] = False,
    favorites: Annotated[bool, typer.Option("--favorites", help="All favourites.")] = False,
    db: options.Db = None,
) -> None:
    """Export fights, with everything that belongs to them, to a file that import reads."""
    if sum(map(bool, (fight_ids, every, favorites))) != 1:
        raise typer.BadParameter("give fight ids, --all or --favorites")
    with open_for_reading(db) as database:
        if fight_ids:
            count, size_bytes = len(set(fight_ids)), database.export_fights(fight_ids, target)
        else:
            count, size_bytes = _export_all(database, target, is_favorite=favorites or None)
    noun = "fight" if count == 1 else "fights"
    typer.echo(f"exported {count:,} {noun} to {safe(str(target), 500)}, {size(size_bytes)}")


def import_fights(
    sources: Annotated[list[Path], typer.Argument(metavar="FILE", help="Exported files.")],
    db: options.Db = None,
) -> None:
    """Import fights from exported files or other databases; stored fights are skipped.

    Safe to run while recording, and safe to repeat.
    """
    from resonance_logs.cli.file_kinds import FileKind, refuse_other_kinds
    from resonance_logs.database import Database

    for source in sources:
        refuse_other_kinds(source, FileKind.DATABASE)
    damaged = 0
    with show_warnings(print_error), Database.open(db, record=False, create=True) as database:
        for source in sources:
            report = database.import_fights(source)
            typer.echo(
                f"{safe(str(source), 500)}: imported {len(report.imported):,}, already stored "
                f"{len(report.known):,}, damaged {len(report.damaged):,}"
            )
            damaged += len(report.damaged)
    if damaged:
        raise typer.Exit(1)


def _export_all(database: Database, target: Path, *, is_favorite: bool | None) -> tuple[int, int]:
    """Export all matching fights; returns the numbers of fights and of bytes."""
    from resonance_logs.commands.filters import Filters

    filters = Filters(is_favorite=is_favorite, descending=False)
    report = database.export_matching_fights(filters, target)
    return len(report.exported), report.size_bytes
