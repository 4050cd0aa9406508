"""Call any command by name, with its arguments and its answer as JSON."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from resonance_logs.cli import options
from resonance_logs.cli.opening import open_for_reading
from resonance_logs.cli.render import out, table


def call(
    name: Annotated[str | None, typer.Argument(help="Command name; see --list.")] = None,
    arguments: Annotated[
        str,
        typer.Argument(metavar="JSON", help="Arguments as a JSON object; - reads stdin."),
    ] = "{}",
    list_: Annotated[bool, typer.Option("--list", help="List the commands and exit.")] = False,
    describe: Annotated[
        bool,
        typer.Option("--describe", help="Print the command's arguments and answer as JSON Schema."),
    ] = False,
    db: options.Db = None,
) -> None:
    """Call a command and print its answer as JSON."""
    if list_:
        _print_registry()
        return
    from resonance_logs.commands.registry import find_command

    if name is None:
        raise typer.BadParameter("name a command, or list them with --list")
    command = find_command(name)
    if describe:
        typer.echo(json.dumps(command.description, indent=2, ensure_ascii=False))
        return
    text = sys.stdin.buffer.read() if arguments == "-" else arguments.encode("utf-8", "replace")
    with open_for_reading(db) as database:
        answer = database.commands.call_json(name, text)
    typer.echo(answer.encode())


def _print_registry() -> None:
    from resonance_logs.commands.registry import REGISTRY

    shown = table("command", "arguments", "answers")
    for name, command in REGISTRY.items():
        shown.add_row(name, ", ".join(command.argument_names), command.summary)
    out().print(shown)
