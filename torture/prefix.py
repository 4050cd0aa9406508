"""How much of a stream a file contains: the number of its tasks, from the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.helpers.model import Entity, Fight, Model

from resonance_logs import Task, UpsertEntity


@dataclass(frozen=True)
class FightView:
    """The evidence of how far a file got."""

    ended: int
    """Fights that ended with their end task."""
    interrupted_events: int
    """Events of the open fight; 0 if there was none."""
    entities: Mapping[int, Entity]


@dataclass(frozen=True)
class Prefix:
    """The first tasks of a stream, and the expected contents of a file with them."""

    length: int
    fights: Sequence[Fight]
    interrupted: bool
    """Whether the last fight was open."""
    entities: Mapping[int, Entity]
    dispensable: frozenset[int]
    """Players of the open fight whose only updates arrived after the last flush."""


def find_length(tasks: Sequence[Task], flushed: int, view: FightView) -> int | None:
    """The number of tasks that the file contains, at least ``flushed`` if possible."""
    candidates = list(_candidates(tasks, view))
    likely = [each for each in candidates if each[0] >= flushed] or candidates[::-1]
    for length, entities in likely:
        if timeless(entities) == timeless(view.entities):
            return length
    return likely[0][0] if likely else None


def _candidates(
    tasks: Sequence[Task], view: FightView
) -> Iterator[tuple[int, Mapping[int, Entity]]]:
    """The lengths that give this many fights and events, with the players known by then."""
    walk = Model()
    for length in range(len(tasks) + 1):
        if length:
            walk.apply(tasks[length - 1])
        if (len(walk.fights), _open_events(walk)) == (view.ended, view.interrupted_events):
            yield length, dict(walk.entities)
        if len(walk.fights) > view.ended:
            return


def _open_events(walk: Model) -> int:
    return 0 if walk._recording is None else len(walk._recording.events)


def timeless(entities: Mapping[int, Entity]) -> dict[int, Entity]:
    """The players without the time they were last seen, which may lag until a flush."""
    return {key: replace(each, last_seen_ms=0) for key, each in entities.items()}


def take(tasks: Sequence[Task], length: int, flushed: int) -> Prefix:
    """The first ``length`` tasks of the stream, of which ``flushed`` are known to be written."""
    model = Model(tasks[:length])
    is_open = bool(_open_events(model))
    dispensable: frozenset[int] = frozenset()
    if is_open:
        dispensable = _dispensable(tasks[:length], flushed, model)
        model.interrupt()
    return Prefix(length, model.fights, is_open, model.entities, dispensable)


def _dispensable(tasks: Sequence[Task], flushed: int, model: Model) -> frozenset[int]:
    """Players who were updated in the open fight, but only after the last flush."""
    assert model._recording is not None
    begun = tasks.index(model._recording.begin)
    sure = {each.entity_id for each in tasks[begun:flushed] if isinstance(each, UpsertEntity)}
    return frozenset(model._recording.upserted - sure)
