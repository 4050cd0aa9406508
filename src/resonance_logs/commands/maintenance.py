"""Deleting fights, and what the file contains."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from sqlalchemy import func, select, text

from resonance_logs.commands.encounter import check_ended
from resonance_logs.commands.formulas import ratio
from resonance_logs.commands.models import (
    Arguments,
    EncounterArguments,
    Integer,
    NoArguments,
    Shape,
)
from resonance_logs.commands.registry import command
from resonance_logs.store.fights import remove
from resonance_logs.store.schema import encounter_archives, encounters, entities, rejected_tasks
from resonance_logs.store.sqlite.connections import Store


class EncountersArguments(Arguments):
    """Several fights."""

    ids: Annotated[list[Integer], Field(max_length=10_000)]


class DatabaseInfo(Shape):
    """What is stored; ``space_saved`` is the fraction by which archives are smaller than the
    journal.
    """

    path: str
    size_bytes: int
    schema_version: str | None
    encounters: int
    open_encounters: int
    players: int
    archived_events: int
    rejected_tasks: int
    oldest_started_at_ms: int | None
    newest_started_at_ms: int | None
    journal_bytes_pruned: int
    archive_bytes: int
    space_saved: float


@command(changes=True)
def delete_encounter(store: Store, arguments: EncounterArguments) -> None:
    """Delete a fight and everything that belongs to it.

    Raises:
        NotFound: there is no such fight.
        InvalidArgument: the fight is still being recorded.
    """
    _delete(store, [arguments.encounter_id], argument="encounterId")


@command(changes=True)
def delete_encounters(store: Store, arguments: EncountersArguments) -> None:
    """Delete fights and everything that belongs to them: all, or none if an error is raised.

    Raises:
        NotFound: one of them does not exist.
        InvalidArgument: one of them is still being recorded.
    """
    _delete(store, sorted(set(arguments.ids)), argument="ids")


@command()
def get_database_info(store: Store, _arguments: NoArguments) -> DatabaseInfo:
    """What is stored, and its size in bytes."""
    with store.read_transaction() as connection:
        fights = connection.execute(
            select(
                func.count(encounters.c.ended_at_ms).label("ended"),
                func.count().label("stored"),
                func.min(encounters.c.started_at_ms).label("oldest"),
                func.max(encounters.c.started_at_ms).label("newest"),
                func.coalesce(func.sum(encounters.c.journal_bytes), 0).label("pruned"),
            )
        ).one()
        archived, archive_bytes = connection.execute(
            select(
                func.coalesce(func.sum(encounter_archives.c.events), 0),
                func.coalesce(func.sum(func.length(encounter_archives.c.payload)), 0),
            )
        ).one()
        players, rejected = connection.execute(
            select(
                select(func.count()).select_from(entities).scalar_subquery(),
                select(func.count()).select_from(rejected_tasks).scalar_subquery(),
            )
        ).one()
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return DatabaseInfo(
        path=str(store.path),
        size_bytes=store.file_bytes(),
        schema_version=version,
        encounters=fights.stored,
        open_encounters=fights.stored - fights.ended,
        players=players,
        archived_events=archived,
        rejected_tasks=rejected,
        oldest_started_at_ms=fights.oldest,
        newest_started_at_ms=fights.newest,
        journal_bytes_pruned=fights.pruned,
        archive_bytes=archive_bytes,
        space_saved=max(0.0, 1 - ratio(archive_bytes, fights.pruned)) if fights.pruned else 0.0,
    )


def _delete(store: Store, ids: list[int], *, argument: str) -> None:
    with store.write_transaction() as connection:
        check_ended(connection, ids, argument=argument)
        remove(connection, ids)
    store.give_back_space()
