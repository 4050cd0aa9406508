"""The recorders: who sent fights, how far their tasks are stored, what is open."""

from __future__ import annotations

from sqlalchemy import select

from resonance_logs.commands.answering import answering
from resonance_logs.commands.models import NoArguments, Shape
from resonance_logs.commands.registry import command
from resonance_logs.errors import NotFound
from resonance_logs.recording.stats import RecorderStatus
from resonance_logs.store.facets import read_sets
from resonance_logs.store.recorders import StoredRecorder, read_recorders
from resonance_logs.store.schema import encounters
from resonance_logs.store.sqlite.connections import Store


class RecorderOverview(Shape):
    """A recorder; ``position`` is the number of its tasks that are stored.

    ``can_resume``: its sender says where its tasks begin, so that it can continue a fight after an
    interruption. ``seen_at_ms`` is when its tasks were last stored, null if they never were, as
    where its fights were imported. ``open_encounter_id`` is the fight it has open, or null;
    ``encounters`` is the number of its ended fights.
    """

    name: str
    game: str
    position: int
    can_resume: bool
    seen_at_ms: int | None
    open_encounter_id: int | None
    encounters: int


def find_stored(store: Store, name: str) -> RecorderStatus:
    """How far the tasks of a recorder are stored that is not open.

    Raises:
        NotFound: nothing was ever recorded by a recorder of this name.
        CommandError: as for commands; the subclass says why.
    """
    with answering(), store.read_transaction() as connection:
        stored = read_recorders(connection, name)
    if not stored:
        raise NotFound(f"there is no recorder {name!r}")
    return RecorderStatus(name, stored[0].game, stored[0].position, stored[0].position)


@command(is_quick=True)
def get_recorders(store: Store, _arguments: NoArguments) -> list[RecorderOverview]:
    """The recorders, by name: how far their tasks are stored, and their fights."""
    still_open = (
        select(encounters.c.recorder, encounters.c.game, encounters.c.id)
        .where(encounters.c.ended_at_ms.is_(None))
        .order_by(encounters.c.id)
    )
    with store.read_transaction() as connection:
        stored = {each.name: each for each in read_recorders(connection)}
        ended = read_sets(connection, "recorder")
        opened = {row.recorder: row for row in connection.execute(still_open)}
    counts: dict[str, int] = {}
    for (_, name), ids in ended.items():
        counts[name] = counts.get(name, 0) + len(ids)
    newest_last = sorted(filter(ended.get, ended), key=lambda each: ended[each].max())
    games = {name: game for game, name in newest_last}
    games |= {name: row.game for name, row in opened.items()}
    known = {name: StoredRecorder(name, game) for name, game in games.items()} | stored
    return [
        RecorderOverview(
            name=name,
            game=recorder.game,
            position=recorder.position,
            can_resume=recorder.can_resume,
            seen_at_ms=recorder.seen_at_ms,
            open_encounter_id=opened[name].id if name in opened else None,
            encounters=counts.get(name, 0),
        )
        for name, recorder in sorted(known.items())
    ]
