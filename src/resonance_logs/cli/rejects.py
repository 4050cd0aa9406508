"""Rejected tasks: list, retry or delete them."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from resonance_logs.cli import options
from resonance_logs.cli.group import Group
from resonance_logs.cli.opening import open_for_reading
from resonance_logs.cli.recorders import Origins
from resonance_logs.cli.render import local_time, safe

app: Final = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Rejected tasks: list, retry, delete.",
)

_Ids = Annotated[
    list[int] | None,
    typer.Argument(min=1, max=2**53 - 1, metavar="ID", help="Ids from the list."),
]
_All = Annotated[bool, typer.Option("--all", help="All rejected tasks.")]
_MAX_TASK_LENGTH: Final = 300


@app.callback()
def _rejects(db: options.DbBefore = None) -> None:
    pass


@app.command("list")
def list_rejected(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Maximum number to show.")] = 20,
    offset: Annotated[int, typer.Option(min=0, max=2**53 - 1, help="Number to skip.")] = 0,
    as_json: options.AsJson = False,
    db: options.Db = None,
) -> None:
    """List rejected tasks, newest first."""
    with open_for_reading(db) as database:
        page = database.commands.get_rejected_tasks(limit=limit, offset=offset)
        origins = Origins.of(database)
    if as_json:
        typer.echo(page.model_dump_json(indent=2).encode())
        return
    for row in page.rows:
        fight = "" if row.encounter_id is None else f" · fight {row.encounter_id}"
        whose = "".join(f" · {each}" for each in origins.lines(row.recorder, row.game))
        typer.echo(f"{row.id} · {local_time(row.rejected_at_ms)}{fight}{whose}")
        typer.echo(f"    {safe(row.error, _MAX_TASK_LENGTH)}")
        typer.echo(f"    {safe(row.task, _MAX_TASK_LENGTH)}")
    typer.echo(f"{len(page.rows):,} of {page.total_count:,} rejected tasks")


@app.command("retry")
def retry(ids: _Ids = None, every: _All = False, db: options.Db = None) -> None:
    """Retry rejected tasks that are now valid; hits and heals are added to their fights.

    Tasks that are still invalid stay, with the reason.
    """
    wanted = _ids_or_all(ids, every=every)
    with open_for_reading(db) as database:
        report = database.commands.retry_rejected_tasks(wanted)
    typer.echo(f"recorded {len(report.taken):,}, still rejected {len(report.left):,}")
    for refusal in report.left[:_MAX_TASK_LENGTH]:
        typer.echo(f"{refusal.id}: {safe(refusal.reason, _MAX_TASK_LENGTH)}")
    if report.left:
        raise typer.Exit(1)


@app.command("delete")
def delete(
    ids: _Ids = None,
    every: _All = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without confirmation.")] = False,
    db: options.Db = None,
) -> None:
    """Delete rejected tasks permanently."""
    wanted = _ids_or_all(ids, every=every)
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("not a terminal: use --yes to delete without confirmation")
    named = "all rejected tasks" if wanted is None else f"rejected tasks {_describe_ids(wanted)}"
    if not yes and not typer.confirm(f"Delete {named} permanently?", err=True):
        typer.echo("nothing was deleted")
        raise typer.Exit(1)
    with open_for_reading(db) as database:
        database.commands.delete_rejected_tasks(wanted)
    typer.echo(f"deleted {named}")


def _describe_ids(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:10]))
    return shown if len(ids) <= 10 else f"{shown} and {len(ids) - 10:,} more"


def _ids_or_all(ids: list[int] | None, *, every: bool) -> list[int] | None:
    if bool(ids) == every:
        raise typer.BadParameter("give task ids, or --all")
    return None if every else sorted(set(ids or ()))
