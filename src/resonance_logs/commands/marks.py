"""What users mark ended fights with: favourite, note, tags."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from resonance_logs.commands.arguments import Favorite, NoArguments, NoteOf, TagsOf
from resonance_logs.commands.encounter import check_ended
from resonance_logs.commands.players import facet_names_statement
from resonance_logs.commands.shapes import Names
from resonance_logs.store.engine import Store
from resonance_logs.store.facets import Facet, list_under, unlist
from resonance_logs.store.marks import FAVORITE, TAG, read_tags, write_tags
from resonance_logs.store.tables import encounters


def toggle_favorite_encounter(store: Store, arguments: Favorite) -> None:
    """Mark an ended fight as favourite, or as none.

    Raises:
        NotFound: there is no such fight.
        InvalidArgument: it is still being recorded.
    """
    with store.writing() as connection:
        check_ended(connection, [arguments.id], argument="id")
        if arguments.is_favorite:
            list_under(connection, arguments.id, [FAVORITE])
        else:
            unlist(connection, [arguments.id], only=FAVORITE)
        _set(connection, arguments.id, is_favorite=int(arguments.is_favorite))


def set_encounter_note(store: Store, arguments: NoteOf) -> None:
    """Write a note to an ended fight in place of the one before; null or nothing takes it away.

    Raises:
        NotFound: there is no such fight.
        InvalidArgument: it is still being recorded.
    """
    with store.writing() as connection:
        check_ended(connection, [arguments.encounter_id], argument="encounterId")
        _set(connection, arguments.encounter_id, note=(arguments.note or "").strip() or None)


def set_encounter_tags(store: Store, arguments: TagsOf) -> None:
    """Give an ended fight these tags, in place of those before; of equal ones the first counts.

    Raises:
        NotFound: there is no such fight.
        InvalidArgument: it is still being recorded.
    """
    fight, wanted = arguments.encounter_id, list(dict.fromkeys(arguments.tags))
    with store.writing() as connection:
        check_ended(connection, [fight], argument="encounterId")
        before = connection.execute(select(encounters.c.tags).where(encounters.c.id == fight))
        for tag in {*read_tags(before.scalar_one())} - {*wanted}:
            unlist(connection, [fight], only=Facet(TAG, tag))
        list_under(connection, fight, [Facet(TAG, tag) for tag in wanted])
        _set(connection, fight, tags=write_tags(wanted))


def get_unique_tags(store: Store, _arguments: NoArguments) -> Names:
    """The tags that ended fights have, sorted."""
    with store.reading() as connection:
        return Names(names=list(connection.execute(facet_names_statement(TAG)).scalars()))


def _set(connection: Connection, encounter_id: int, **values: object) -> None:
    connection.execute(update(encounters).where(encounters.c.id == encounter_id).values(**values))
