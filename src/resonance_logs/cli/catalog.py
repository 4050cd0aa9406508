"""Load names of skills and scenes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from resonance_logs.cli import options
from resonance_logs.cli.group import Group
from resonance_logs.cli.render import safe
from resonance_logs.fights.identity import DEFAULT_GAME


class NamesKind(StrEnum):
    """What the names in a file belong to."""

    SKILLS = "skills"
    SCENES = "scenes"


app = typer.Typer(cls=Group, help="Names of skills and scenes.", no_args_is_help=True)


@app.callback()
def _catalog(db: options.DbBefore = None) -> None:
    pass


@app.command()
def load(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.json", help='The names, as {"id": "name", ...}.')
    ],
    kind: Annotated[NamesKind, typer.Option(help="What the names belong to.")] = NamesKind.SKILLS,
    game: Annotated[
        str, typer.Option("--game", metavar="ID", help="The game that the ids are of.")
    ] = DEFAULT_GAME,
    db: options.Db = None,
) -> None:
    """Load names from a JSON file, replacing existing ones."""
    from resonance_logs.cli.file_kinds import FileKind, refuse_other_kinds
    from resonance_logs.commands import CatalogKind, Commands
    from resonance_logs.fights.text_limits import MAX_NAME_LENGTH, is_cut
    from resonance_logs.settings import find_path
    from resonance_logs.sources.names import read_names
    from resonance_logs.store.sqlite.connections import Store
    from resonance_logs.store.sqlite.migrate import prepare

    of_game = options.read_game(game)
    refuse_other_kinds(file, FileKind.NAMES)
    names = read_names(file)
    path = find_path(db)
    prepare(path)
    store = Store(path)
    try:
        Commands(store).set_catalog_names(CatalogKind(kind.removesuffix("s")), names, of_game)
    finally:
        store.close()
    typer.echo(f"loaded {len(names):,} names of {kind} from {safe(str(file), 200)}")
    if cut := sum(map(is_cut, names.values())):
        typer.echo(f"{cut:,} names were longer than {MAX_NAME_LENGTH} characters and were cut")
