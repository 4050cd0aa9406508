"""Repair a damaged database as far as possible."""

from __future__ import annotations

import typer

from resonance_logs.cli import options
from resonance_logs.cli.render import safe, size


def salvage(db: options.Db = None) -> None:
    """Save the readable parts of a damaged file, fight by fight, into a new file.

    The damaged file is kept under another name. An undamaged file is left alone.
    """
    from resonance_logs.database import Database

    report = Database.salvage(db)
    if report is None:
        typer.echo("OK: the database is not damaged")
        return
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in report.outcomes.items())
    typer.echo(f"fights: {counts or 'none found'}")
    for note in report.notes:
        typer.echo(safe(note, 500))
    kept = report.damaged
    typer.echo(f"the damaged file is kept as {safe(str(kept), 500)}, {size(kept.stat().st_size)}")
