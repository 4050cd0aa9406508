"""Manage the database and its fights: info, check, backup, marks, deletion."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resonance_logs.cli import options
from resonance_logs.cli.opening import open_for_reading
from resonance_logs.cli.render import local_time, out, percent, safe, size, table

if TYPE_CHECKING:
    from rich.console import Console

    from resonance_logs.commands.maintenance import DatabaseInfo


def info(as_json: options.AsJson = False, db: options.Db = None) -> None:
    """Show where the database is, and what it contains."""
    with open_for_reading(db) as database:
        answer = database.commands.get_database_info()
    if as_json:
        typer.echo(answer.model_dump_json(indent=2).encode())
    else:
        print_info(out(), answer)


def print_info(console: Console, answer: DatabaseInfo) -> None:
    """Print what a database contains."""
    shown = table("", "")
    shown.show_header = False
    shown.columns[1].overflow = "fold"
    still_open = f" ({answer.open_encounters:,} still open)" if answer.open_encounters else ""
    shown.add_row("file", safe(answer.path, 1000))
    shown.add_row("size", f"{size(answer.size_bytes)}, schema {answer.schema_version}")
    shown.add_row("fights", f"{answer.encounters:,}{still_open}")
    if answer.oldest_started_at_ms is not None and answer.newest_started_at_ms is not None:
        oldest, newest = answer.oldest_started_at_ms, answer.newest_started_at_ms
        shown.add_row("from", f"{local_time(oldest)} to {local_time(newest)}")
    shown.add_row("players", f"{answer.players:,}")
    shown.add_row("individual hits", _archive_summary(answer))
    if answer.journal_bytes_pruned:
        shown.add_row("journal", f"{size(answer.journal_bytes_pruned)} written{_savings(answer)}")
    if answer.rejected_tasks:
        shown.add_row("rejected", f"{answer.rejected_tasks:,} tasks (see table rejected_tasks)")
    console.print(shown)


def check(
    quick: Annotated[
        bool, typer.Option("--quick", help="Check only the file's pages, not the fights.")
    ] = False,
    as_json: options.AsJson = False,
    db: options.Db = None,
) -> None:
    """Check the file for damage, and each fight's figures against its hits."""
    with open_for_reading(db) as database:
        report = database.commands.check_database(quick=quick)
    if as_json:
        typer.echo(report.model_dump_json(indent=2).encode())
    elif report.is_sound:
        typer.echo(f"OK: {report.encounters_checked:,} fights match their hits")
    for finding in () if as_json else report.findings:
        where = "" if finding.encounter_id is None else f"fight {finding.encounter_id}: "
        typer.echo(f"{finding.part}: {where}{safe(finding.message, 500)}")
    if not report.is_sound:
        raise typer.Exit(1)


def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The file to create.")],
    db: options.Db = None,
) -> None:
    """Copy the database to a new file, even while it is being recorded."""
    with open_for_reading(db) as database:
        count = database.backup(target)
    typer.echo(f"saved {size(count)} to {safe(str(target), 500)}")


def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to restore.")],
    db: options.Db = None,
) -> None:
    """Restore a backup; the current database is kept under another name."""
    from resonance_logs.cli.file_kinds import FileKind, refuse_other_kinds
    from resonance_logs.database import Database

    refuse_other_kinds(source, FileKind.DATABASE)
    kept = Database.restore(source, db)
    typer.echo(f"restored from {safe(str(source), 500)}")
    if kept is not None:
        typer.echo(f"the previous database is kept as {safe(str(kept), 500)}")


def favorite(
    fight_id: options.FightId,
    off: Annotated[bool, typer.Option("--off", help="Remove the mark.")] = False,
    db: options.Db = None,
) -> None:
    """Mark a fight as favourite, or remove the mark."""
    with open_for_reading(db) as database:
        database.commands.toggle_favorite_encounter(id=fight_id, is_favorite=not off)
    typer.echo(f"fight {fight_id} is {'no longer' if off else 'now'} a favourite")


def note(
    fight_id: options.FightId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The note; '' removes it.")],
    db: options.Db = None,
) -> None:
    """Set the note of a fight, replacing the previous one."""
    with open_for_reading(db) as database:
        database.commands.set_encounter_note(fight_id, text)
    message = "has a note" if text.strip() else "has no note"
    typer.echo(f"fight {fight_id} {message}")


def tag(
    fight_id: options.FightId,
    tags: Annotated[
        list[str] | None, typer.Argument(metavar="TAG", help="The tags; none removes all.")
    ] = None,
    db: options.Db = None,
) -> None:
    """Set the tags of a fight, replacing the previous ones."""
    with open_for_reading(db) as database:
        database.commands.set_encounter_tags(fight_id, tags or [])
        given = database.commands.get_encounter_by_id(fight_id).tags
    text = ", ".join(safe(each) for each in given) if given else "none"
    typer.echo(f"tags of fight {fight_id}: {text}")


def delete(
    fight_ids: Annotated[
        list[int],
        typer.Argument(min=1, max=2**53 - 1, metavar="ID", help="Fight ids."),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without confirmation.")] = False,
    db: options.Db = None,
) -> None:
    """Delete fights with everything that belongs to them: all of the given fights, or none."""
    ids = sorted(set(fight_ids))
    named = f"fight {ids[0]}" if len(ids) == 1 else f"{len(ids)} fights"
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("not a terminal: use --yes to delete without confirmation")
    with open_for_reading(db) as database:
        if not yes and not typer.confirm(f"Delete {named} permanently?", err=True):
            typer.echo("nothing was deleted")
            raise typer.Exit(1)
        database.commands.delete_encounters(ids=ids)
    typer.echo(f"deleted {named}")


def _archive_summary(answer: DatabaseInfo) -> str:
    if not answer.archived_events:
        return "0"
    each = answer.archive_bytes / answer.archived_events
    return f"{answer.archived_events:,} in {size(answer.archive_bytes)}, {each:.1f} bytes per hit"


def _savings(answer: DatabaseInfo) -> str:
    return f"; archives are {percent(answer.space_saved)} smaller" if answer.space_saved else ""
