"""User marks on ended fights: favourite, note, tags."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import Connection, select, update

from resonance_logs.commands.encounter import check_ended
from resonance_logs.commands.known_names import Names, facet_names_statement, read_names
from resonance_logs.commands.models import (
    Arguments,
    EncounterArguments,
    Flag,
    GameArguments,
    Integer,
    Text,
    storable,
)
from resonance_logs.commands.registry import command
from resonance_logs.fights.text_limits import MAX_TAG_LENGTH, MAX_TEXT_BYTES
from resonance_logs.store.facets import Facet, add_to_index, remove_from_index
from resonance_logs.store.marks import FAVORITE, TAG, read_tags, write_tags
from resonance_logs.store.schema import encounters
from resonance_logs.store.sqlite.connections import Store


class FavoriteArguments(Arguments):
    """A fight, and whether it is a favourite."""

    id: Integer
    is_favorite: Flag


def _check_length(note: str) -> str:
    size = len(note.encode())
    if size > MAX_TEXT_BYTES:
        raise ValueError(
            f"a note has up to {MAX_TEXT_BYTES:,} bytes of UTF-8; this one has {size:,}"
        )
    return note


class SetNoteArguments(EncounterArguments):
    """A fight and its note."""

    note: (
        Annotated[Text, Field(max_length=MAX_TEXT_BYTES), AfterValidator(_check_length)] | None
    ) = Field(description="Up to 64 kB of UTF-8.")


Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TAG_LENGTH),
    AfterValidator(storable),
]


class SetTagsArguments(EncounterArguments):
    """A fight and its tags."""

    tags: Annotated[list[Tag], Field(max_length=50)]


@command(changes=True)
def toggle_favorite_encounter(store: Store, arguments: FavoriteArguments) -> None:
    """Mark an ended fight as favourite, or remove the mark.

    Raises:
        NotFound: there is no such fight.
        InvalidArgument: the fight is still being recorded.
    """
    with store.write_transaction() as connection:
        check_ended(connection, [arguments.id], argument="id")
        if arguments.is_favorite:
            game = _game_of(connection, arguments.id)
            add_to_index(connection, arguments.id, game, [FAVORITE])
        else:
            remove_from_index(connection, [arguments.id], only=FAVORITE)
        _set(connection, arguments.id, is_favorite=int(arguments.is_favorite))


@command(changes=True)
def set_encounter_note(store: Store, arguments: SetNoteArguments) -> None:
    """Set the note of an ended fight, replacing the previous one; null or empty removes it.

    Raises:
        NotFound: there is no such fight.
        InvalidArgument: the fight is still being recorded.
    """
    with store.write_transaction() as connection:
        check_ended(connection, [arguments.encounter_id], argument="encounterId")
        _set(connection, arguments.encounter_id, note=(arguments.note or "").strip() or None)


@command(changes=True)
def set_encounter_tags(store: Store, arguments: SetTagsArguments) -> None:
    """Set the tags of an ended fight, replacing the previous ones; of duplicates the first is kept.

    Raises:
        NotFound: there is no such fight.
        InvalidArgument: the fight is still being recorded.
    """
    fight, wanted = arguments.encounter_id, list(dict.fromkeys(arguments.tags))
    with store.write_transaction() as connection:
        check_ended(connection, [fight], argument="encounterId")
        before = connection.execute(select(encounters.c.tags).where(encounters.c.id == fight))
        for tag in {*read_tags(before.scalar_one())} - {*wanted}:
            remove_from_index(connection, [fight], only=Facet(TAG, tag))
        tags = [Facet(TAG, tag) for tag in wanted]
        add_to_index(connection, fight, _game_of(connection, fight), tags)
        _set(connection, fight, tags=write_tags(wanted))


@command(is_quick=True)
def get_unique_tags(store: Store, arguments: GameArguments) -> Names:
    """All tags of ended fights, sorted."""
    return read_names(store, facet_names_statement(TAG, arguments.game))


def _game_of(connection: Connection, encounter_id: int) -> str:
    statement = select(encounters.c.game).where(encounters.c.id == encounter_id)
    game: str = connection.execute(statement).scalar_one()
    return game


def _set(connection: Connection, encounter_id: int, **values: object) -> None:
    connection.execute(update(encounters).where(encounters.c.id == encounter_id).values(**values))
