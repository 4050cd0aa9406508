"""The command line: translates options to commands, and answers to text.

Nothing heavy is imported until a command runs, so that help is fast.
Exit codes: 0 success, 1 refused, not found or stopped, 2 usage error.
"""

from __future__ import annotations

import logging
import sys
from typing import Annotated, Final

import typer

from resonance_logs import __version__
from resonance_logs.cli import (
    call,
    catalog,
    demo,
    doctor,
    exchange,
    history,
    ingest,
    maintenance,
    options,
    prune,
    recorders,
    rejects,
    salvage,
    serve,
    simulate,
)
from resonance_logs.cli.group import Group

__all__ = ["app", "main"]

DISTRIBUTION: Final = "resonance-logs"


app = typer.Typer(
    cls=Group,
    name="resonance-logs",
    help="The combat-log database: records fights as they happen and answers queries at once.",
    no_args_is_help=True,
    add_completion=False,  # its options would make every help load pydantic
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich help doubles the start-up time
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"resonance-logs {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    db: options.DbBefore = None,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version),
    ] = False,
) -> None:
    del version  # shown by its callback
    if db is not None and not _accepts_db(context):
        raise typer.BadParameter(f"{context.invoked_subcommand} has no option --db")


def _accepts_db(context: typer.Context) -> bool:
    """Whether the subcommand has the option; an unknown subcommand reports its own error."""
    command = context.command.commands.get(context.invoked_subcommand)  # type: ignore[attr-defined]
    return command is None or any(option.name == "db" for option in command.params)


app.command("ingest")(ingest.ingest)
app.command("list")(history.list_fights)
app.command("show")(history.show)
app.command("recorders")(recorders.recorders)
app.command("call")(call.call)
app.command("serve")(serve.serve)
app.command("info")(maintenance.info)
app.command("doctor")(doctor.doctor)
app.command("check")(maintenance.check)
app.command("backup")(maintenance.backup)
app.command("restore")(maintenance.restore)
app.command("export")(exchange.export)
app.command("import")(exchange.import_fights)
app.command("salvage")(salvage.salvage)
app.command("prune")(prune.prune)
app.command("favorite")(maintenance.favorite)
app.command("note")(maintenance.note)
app.command("tag")(maintenance.tag)
app.command("delete")(maintenance.delete)
app.add_typer(rejects.app, name="rejects")
app.add_typer(catalog.app, name="catalog")
app.command("simulate")(simulate.simulate)
app.command("demo")(demo.demo)


def main() -> None:
    """Run the command line with the arguments of the process."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    # What a pool of connections logs when Ctrl-C interrupts it is no news to the user.
    logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())
    app(prog_name=DISTRIBUTION)
