"""The catalog: names of skills and scenes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import func, select

from resonance_logs.commands.models import Arguments, GameArguments, GameId, Shape, storable
from resonance_logs.commands.registry import command
from resonance_logs.fights.identity import DEFAULT_GAME
from resonance_logs.fights.text_limits import MAX_NAME_LENGTH
from resonance_logs.store.rows import insert_rows
from resonance_logs.store.schema import catalog_names
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.tasks import MAX_INTEGER


class CatalogKind(StrEnum):
    """What the names belong to."""

    SKILL = "skill"
    SCENE = "scene"


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_NAME_LENGTH),
    AfterValidator(storable),
]


class SetCatalogNamesArguments(Arguments):
    """Names by id, and what they belong to."""

    kind: CatalogKind
    names: Annotated[
        dict[
            Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)],
            Name,
        ],
        Field(max_length=1_000_000),
    ]
    game: GameId = Field(default=DEFAULT_GAME, description="The game that the ids are of.")


class Catalog(Shape):
    """How many skills and scenes have a name."""

    skills: int
    scenes: int


@command(changes=True)
def set_catalog_names(store: Store, arguments: SetCatalogNamesArguments) -> None:
    """Set names of skills or scenes of a game by id, replacing existing ones."""
    of = arguments.game, arguments.kind.value
    rows = [(*of, each, name) for each, name in arguments.names.items()]
    if rows:
        columns = catalog_names.c.keys()
        with store.write_transaction() as connection:
            insert_rows(connection, catalog_names, columns, rows, replace=True)


@command(is_quick=True)
def get_catalog(store: Store, arguments: GameArguments) -> Catalog:
    """How many skills and scenes have a name, in one game or in all."""
    statement = select(catalog_names.c.kind, func.count()).group_by(catalog_names.c.kind)
    if arguments.game is not None:
        statement = statement.where(catalog_names.c.game == arguments.game)
    with store.read_transaction() as connection:
        counts = {row[0]: row[1] for row in connection.execute(statement)}
    return Catalog(
        skills=counts.get(CatalogKind.SKILL.value, 0),
        scenes=counts.get(CatalogKind.SCENE.value, 0),
    )
