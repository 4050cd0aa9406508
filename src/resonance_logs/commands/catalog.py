"""The catalog: names of skills and scenes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from sqlalchemy import func, select

from resonance_logs.commands.models import Arguments, NoArguments, Shape, Text
from resonance_logs.commands.registry import command
from resonance_logs.store.rows import insert_rows
from resonance_logs.store.schema import catalog_names
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.tasks import MAX_INTEGER


class CatalogKind(StrEnum):
    """What the names belong to."""

    SKILL = "skill"
    SCENE = "scene"


class SetCatalogNamesArguments(Arguments):
    """Names by id, and what they belong to."""

    kind: CatalogKind
    names: Annotated[
        dict[
            Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)],
            Annotated[Text, Field(min_length=1)],
        ],
        Field(max_length=1_000_000),
    ]


class Catalog(Shape):
    """How many skills and scenes have a name."""

    skills: int
    scenes: int


@command()
def set_catalog_names(store: Store, arguments: SetCatalogNamesArguments) -> None:
    """Set names of skills or scenes by id, replacing existing ones."""
    rows = [(arguments.kind.value, each, name) for each, name in arguments.names.items()]
    if rows:
        columns = catalog_names.c.keys()
        with store.write_transaction() as connection:
            insert_rows(connection, catalog_names, columns, rows, replace=True)


@command(is_quick=True)
def get_catalog(store: Store, _arguments: NoArguments) -> Catalog:
    """How many skills and scenes have a name."""
    statement = select(catalog_names.c.kind, func.count()).group_by(catalog_names.c.kind)
    with store.read_transaction() as connection:
        counts = {row[0]: row[1] for row in connection.execute(statement)}
    return Catalog(
        skills=counts.get(CatalogKind.SKILL.value, 0),
        scenes=counts.get(CatalogKind.SCENE.value, 0),
    )
