"""The state of the database and its recorder on one page, and the current settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from resonance_logs.cli import options
from resonance_logs.cli.configuration import configuration
from resonance_logs.cli.opening import open_for_reading
from resonance_logs.cli.render import cell, local_time, out, safe, size, table

if TYPE_CHECKING:
    from rich.console import Console

    from resonance_logs.commands.health import DatabaseHealth, RecorderRun
    from resonance_logs.settings import Configuration


def doctor(as_json: options.AsJson = False, db: options.Db = None) -> None:
    """Show the state of the database and its recorder, and the current settings.

    The exit code is 1 if something needs attention.
    """
    from resonance_logs.errors import DatabaseError, Unavailable

    settings = configuration()
    try:
        with open_for_reading(db) as database:
            health = database.commands.get_database_health()
    except (DatabaseError, Unavailable) as error:
        _print_file(out(), db)
        typer.echo(f"! {safe(str(error), 500)}")
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(health.model_dump_json(indent=2).encode())
    else:
        _print_health(out(), health)
        _print_settings(out(), settings)
        for finding in health.findings:
            typer.echo(f"! {safe(finding, 500)}")
        if not health.findings:
            typer.echo("no problems found")
    if health.findings:
        raise typer.Exit(1)


def _print_file(console: Console, db: Path | None) -> None:
    """Print what is known about a file that cannot be opened."""
    from resonance_logs.settings import find_path

    path = find_path(db)
    shown = table("", "")
    shown.show_header = False
    shown.columns[1].overflow = "fold"
    shown.add_row("file", safe(str(path), 1_000))
    if path.is_file():
        shown.add_row("size", size(path.stat().st_size))
    console.print(shown)


def _print_health(console: Console, health: DatabaseHealth) -> None:
    shown = table("", "")
    shown.show_header = False
    shown.columns[1].overflow = "fold"
    shown.add_row("file", safe(health.path, 1_000))
    shown.add_row("version", f"{health.program_version}, schema {health.schema_version}")
    shown.add_row("size", f"{size(health.size_bytes)} ({size(health.free_bytes)} free)")
    shown.add_row("log", size(health.log_bytes))
    shown.add_row("disk", f"{size(health.disk_free_bytes)} free")
    shown.add_row("fights", f"{health.encounters:,}")
    shown.add_row("open fight", _open_fight(health))
    shown.add_row("recorded now", "yes" if health.is_recorded else "no")
    for name, text in _run(health.last_run, is_recorded=health.is_recorded):
        shown.add_row(name, safe(text, 500))
    shown.add_row("rejected", f"{health.rejected_tasks:,} tasks")
    for file in health.spill_files:
        shown.add_row("pending", safe(file, 1_000))
    for file in health.kept_files:
        shown.add_row("kept", safe(file, 1_000))
    console.print(shown)


def _open_fight(health: DatabaseHealth) -> str:
    if health.open_encounter_id is None or health.open_since_ms is None:
        return "none"
    return f"{health.open_encounter_id}, since {local_time(health.open_since_ms)}"


def _run(run: RecorderRun | None, *, is_recorded: bool) -> list[tuple[str, str]]:
    if run is None:
        return [("last run", "none yet")]
    if run.ended_at_ms is not None:
        end = f"to {local_time(run.ended_at_ms)}"
    else:
        end = "running" if is_recorded else "interrupted"
    rows = [("last run", f"{run.id}, from {local_time(run.started_at_ms)}, {end}")]
    if run.seen_at_ms is not None:
        counts = f"{run.written:,} tasks written, {run.rejected:,} rejected, {run.queued:,} queued"
        rows.append(("progress", f"{counts} (as of {local_time(run.seen_at_ms)})"))
    if run.fault:
        rows.append(("last error", run.fault))
    return rows


def _print_settings(console: Console, current: Configuration) -> None:
    shown = table("setting", "value", "from")
    for name, origin in current.origins.items():
        value = _setting_text(getattr(current.settings, name))
        shown.add_row(cell(name), cell(value), cell(origin))
    console.print(shown)


def _setting_text(value: object) -> str:
    if value is None:
        return "no limit"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
