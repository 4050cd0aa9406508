"""Mending a damaged database as far as it can be."""

from __future__ import annotations

import typer

from resonance_logs.cli import options
from resonance_logs.cli.render import safe, size


def salvage(db: options.Db = None) -> None:
    """Save what can be read of a damaged file, fight by fight, into a new one in its place.

    The damaged file is kept under another name. A sound file is left as it is.
    """
    from resonance_logs.database import Database

    report = Database.salvage(db)
    if report is None:
        typer.echo("sound; there is nothing to mend")
        return
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in report.outcomes.items())
    typer.echo(f"fights: {counts or 'none could be found'}")
    for note in report.notes:
        typer.echo(safe(note, 500))
    kept = report.damaged
    typer.echo(f"the damaged file is kept in {safe(str(kept), 500)}, {size(kept.stat().st_size)}")
