"""Tasks that were set aside: looking at them, trying them again, letting them go."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from resonance_logs.cli import options
from resonance_logs.cli.group import Group
from resonance_logs.cli.opening import reading
from resonance_logs.cli.render import local_time, safe

app: Final = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Tasks that were set aside with their error: list, retry, delete.",
)

_Ids = Annotated[
    list[int] | None,
    typer.Argument(min=1, max=2**53 - 1, metavar="ID", help="Numbers from the list."),
]
_All = Annotated[bool, typer.Option("--all", help="All of them.")]
_LONGEST_TASK: Final = 300


@app.callback()
def _rejects(db: options.DbBefore = None) -> None:
    pass


@app.command("list")
def list_rejected(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    offset: Annotated[int, typer.Option(min=0, max=2**53 - 1, help="Skip so many.")] = 0,
    as_json: options.AsJson = False,
    db: options.Db = None,
) -> None:
    """List the rejected tasks, the newest first."""
    with reading(db) as database:
        page = database.commands.get_rejected_tasks(limit=limit, offset=offset)
    if as_json:
        typer.echo(page.model_dump_json(indent=2).encode())
        return
    for row in page.rows:
        fight = "" if row.encounter_id is None else f" · fight {row.encounter_id}"
        typer.echo(f"{row.id} · {local_time(row.rejected_at_ms)}{fight}")
        typer.echo(f"    {safe(row.error, _LONGEST_TASK)}")
        typer.echo(f"    {safe(row.task, _LONGEST_TASK)}")
    typer.echo(f"{len(page.rows):,} of {page.total_count:,} rejected tasks")


@app.command("retry")
def retry(ids: _Ids = None, every: _All = False, db: options.Db = None) -> None:
    """Take rejected tasks that are right by now: hits and heals are added to their fights.

    What is still wrong stays, and it is said why.
    """
    wanted = _wanted(ids, every=every)
    with reading(db) as database:
        report = database.commands.retry_rejected_tasks(wanted)
    typer.echo(f"taken {len(report.taken):,}, left {len(report.left):,}")
    for refusal in report.left[:_LONGEST_TASK]:
        typer.echo(f"{refusal.id}: {safe(refusal.reason, _LONGEST_TASK)}")
    if report.left:
        raise typer.Exit(1)


@app.command("delete")
def delete(
    ids: _Ids = None,
    every: _All = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    db: options.Db = None,
) -> None:
    """Let rejected tasks go for ever."""
    wanted = _wanted(ids, every=every)
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here; say --yes to delete without asking")
    named = "all rejected tasks" if wanted is None else f"rejected tasks {_listed(wanted)}"
    if not yes and not typer.confirm(f"Delete {named} for ever?", err=True):
        typer.echo("nothing was deleted")
        raise typer.Exit(1)
    with reading(db) as database:
        database.commands.delete_rejected_tasks(wanted)
    typer.echo(f"deleted {named}")


def _listed(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:10]))
    return shown if len(ids) <= 10 else f"{shown} and {len(ids) - 10:,} more"


def _wanted(ids: list[int] | None, *, every: bool) -> list[int] | None:
    if bool(ids) == every:
        raise typer.BadParameter("name tasks by their numbers, or say --all")
    return None if every else sorted(set(ids or ()))
