"""Keeping the recorded fights: what the file holds, favourites, deleting."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resonance_logs.cli import options
from resonance_logs.cli.opening import reading
from resonance_logs.cli.render import local_time, out, percent, safe, size, table

if TYPE_CHECKING:
    from rich.console import Console

    from resonance_logs.commands.shapes import DatabaseInfo


def info(as_json: options.AsJson = False, db: options.Db = None) -> None:
    """Show where the database lies, and what it holds."""
    with reading(db) as database:
        answer = database.commands.get_database_info()
    if as_json:
        typer.echo(answer.model_dump_json(indent=2).encode())
    else:
        print_info(out(), answer)


def print_info(console: Console, answer: DatabaseInfo) -> None:
    """What a database holds, line by line."""
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
    shown.add_row("single hits", _archived(answer))
    if answer.journal_bytes_pruned:
        shown.add_row("pruned", f"{size(answer.journal_bytes_pruned)}{_saved(answer)}")
    if answer.rejected_tasks:
        shown.add_row("rejected", f"{answer.rejected_tasks:,} tasks (see table rejected_tasks)")
    console.print(shown)


def check(
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the file's pages, not the fights.")
    ] = False,
    as_json: options.AsJson = False,
    db: options.Db = None,
) -> None:
    """Look for damage in the file, and for fights whose figures disagree with their hits."""
    with reading(db) as database:
        report = database.commands.check_database(quick=quick)
    if as_json:
        typer.echo(report.model_dump_json(indent=2).encode())
    elif report.is_sound:
        typer.echo(f"sound; {report.encounters_checked:,} fights agree with their single hits")
    for finding in () if as_json else report.findings:
        where = "" if finding.encounter_id is None else f"fight {finding.encounter_id}: "
        typer.echo(f"{finding.part}: {where}{safe(finding.message, 500)}")
    if not report.is_sound:
        raise typer.Exit(1)


def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The new file to make.")],
    db: options.Db = None,
) -> None:
    """Copy the database into a new file, even while it is being recorded."""
    with reading(db) as database:
        count = database.backup(target)
    typer.echo(f"{size(count)} saved in {safe(str(target), 500)}")


def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to put back.")],
    db: options.Db = None,
) -> None:
    """Put a backup in the place of the database, which is kept under another name."""
    from resonance_logs.cli.file_kinds import FileKind, refuse_other_kinds
    from resonance_logs.database import Database

    refuse_other_kinds(source, FileKind.DATABASE)
    kept = Database.restore(source, db)
    typer.echo(f"restored from {safe(str(source), 500)}")
    if kept is not None:
        typer.echo(f"what was there before is kept in {safe(str(kept), 500)}")


def favorite(
    fight_id: options.FightId,
    off: Annotated[bool, typer.Option("--off", help="Take the mark away.")] = False,
    db: options.Db = None,
) -> None:
    """Mark a fight as favourite."""
    with reading(db) as database:
        database.commands.toggle_favorite_encounter(id=fight_id, is_favorite=not off)
    typer.echo(f"fight {fight_id} is {'no favourite any more' if off else 'a favourite'}")


def note(
    fight_id: options.FightId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The note; '' takes it away.")],
    db: options.Db = None,
) -> None:
    """Write a note to a fight in place of the one before."""
    with reading(db) as database:
        database.commands.set_encounter_note(fight_id, text)
    told = "has a note" if text.strip() else "has no note any more"
    typer.echo(f"fight {fight_id} {told}")


def tag(
    fight_id: options.FightId,
    tags: Annotated[
        list[str] | None, typer.Argument(metavar="TAG", help="The tags; none takes all away.")
    ] = None,
    db: options.Db = None,
) -> None:
    """Give a fight tags in place of those before."""
    with reading(db) as database:
        database.commands.set_encounter_tags(fight_id, tags or [])
        given = database.commands.get_encounter_by_id(fight_id).tags
    told = ", ".join(safe(each) for each in given) if given else "no more"
    typer.echo(f"tags of fight {fight_id}: {told}")


def delete(
    fight_ids: Annotated[
        list[int],
        typer.Argument(min=1, max=2**53 - 1, metavar="ID", help="The numbers of the fights."),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    db: options.Db = None,
) -> None:
    """Delete fights and all that belongs to them; all of those named, or none."""
    ids = sorted(set(fight_ids))
    named = f"fight {ids[0]}" if len(ids) == 1 else f"{len(ids)} fights"
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here; say --yes to delete without asking")
    with reading(db) as database:
        if not yes and not typer.confirm(f"Delete {named} for ever?", err=True):
            typer.echo("nothing was deleted")
            raise typer.Exit(1)
        database.commands.delete_encounters(ids=ids)
    typer.echo(f"deleted {named}")


def _archived(answer: DatabaseInfo) -> str:
    if not answer.archived_events:
        return "0"
    each = answer.archive_bytes / answer.archived_events
    return f"{answer.archived_events:,} in {size(answer.archive_bytes)}, {each:.1f} bytes a hit"


def _saved(answer: DatabaseInfo) -> str:
    return f", of which archives spare {percent(answer.space_saved)}" if answer.space_saved else ""
