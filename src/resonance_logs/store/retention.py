"""Retention: what is deleted to limit the size of the file, individual hits first.

Favourites are always kept. Age is measured from the newest fight (or from now, if that is earlier),
so that neither a long break nor a single fight from the future empties the history.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, delete, func, select, tuple_

from resonance_logs.settings import Settings
from resonance_logs.store.fights import remove
from resonance_logs.store.rejects import is_in_open_fight
from resonance_logs.store.schema import encounter_archives, encounters, rejected_tasks
from resonance_logs.store.sqlite.space import used_bytes

DAY_MS: Final = 86_400_000
MAX_PER_STEP: Final = 16
"""Maximum number of fights deleted in one transaction."""

_ended: Final = encounters.c.ended_at_ms.is_not(None)
_OLDEST_FIRST: Final = (encounters.c.started_at_ms, encounters.c.id)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for keeping something; None means no limit."""

    days: float | None = None
    newest: int | None = None
    file_bytes: int | None = None


class Retention(NamedTuple):
    """How long whole fights are kept, and how long their individual hits."""

    fights: Limits = Limits()
    hits: Limits = Limits()

    @classmethod
    def from_settings(cls, settings: Settings) -> Retention:
        """From the settings."""
        return cls(
            Limits(
                settings.keep_fights_days,
                settings.keep_fights_newest,
                settings.keep_fights_file_bytes,
            ),
            Limits(
                settings.keep_hits_days, settings.keep_hits_newest, settings.keep_hits_file_bytes
            ),
        )


class PruneCandidate(NamedTuple):
    """A fight, and about how many bytes deleting it (or its hits) frees."""

    encounter_id: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What to delete, oldest first: the individual hits of some fights, and whole fights."""

    hits: Sequence[PruneCandidate]
    fights: Sequence[PruneCandidate]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to delete."""
        return not (self.hits or self.fights)


def plan_pruning(connection: Connection, retention: Retention) -> PrunePlan:
    """Find what exceeds the limits now; for the file's size, only as much as needed."""
    used = used_bytes(connection)
    fights_from, hits_from = (_first_kept(connection, each) for each in retention)
    is_too_large = any(_exceeds(used, each) for each in retention)
    if fights_from is None and hits_from is None and not is_too_large:
        return PrunePlan((), ())
    a_fight = _bytes_per_fight(connection)
    fights = [] if fights_from is None else list(_fights(connection, a_fight, fights_from))
    deleted = {candidate.encounter_id for candidate in fights}
    hits = [] if hits_from is None else list(_archives(connection, deleted, hits_from))
    used -= sum(candidate.bytes for candidate in (*fights, *hits))
    hits_to_delete = {candidate.encounter_id: candidate.bytes for candidate in hits}
    if _exceeds(used, retention.hits):
        more = _enough_to_free(
            _archives(connection, deleted | hits_to_delete.keys()), used, retention.hits
        )
        hits_to_delete |= {candidate.encounter_id: candidate.bytes for candidate in more}
        used -= sum(candidate.bytes for candidate in more)
    if _exceeds(used, retention.fights):
        remaining = (
            PruneCandidate(each.encounter_id, each.bytes - hits_to_delete.get(each.encounter_id, 0))
            for each in _fights(connection, a_fight)
            if each.encounter_id not in deleted
        )
        more = _enough_to_free(remaining, used, retention.fights)
        fights += more
        deleted |= {candidate.encounter_id for candidate in more}
    return PrunePlan(
        [PruneCandidate(*each) for each in hits_to_delete.items() if each[0] not in deleted], fights
    )


def prune(connection: Connection, plan: PrunePlan) -> PrunePlan:
    """Delete the first MAX_PER_STEP fights (or hits of fights) of a plan; returns the rest of it.

    A fight marked as favourite since the plan was made is kept.
    """
    if plan.hits:
        ids = [candidate.encounter_id for candidate in plan.hits[:MAX_PER_STEP]]
        archives = encounter_archives
        kept = select(encounters.c.id).where(encounters.c.is_favorite == 1)
        connection.execute(
            delete(archives).where(
                archives.c.encounter_id.in_(ids), archives.c.encounter_id.not_in(kept)
            )
        )
        return PrunePlan(plan.hits[MAX_PER_STEP:], plan.fights)
    ids = [candidate.encounter_id for candidate in plan.fights[:MAX_PER_STEP]]
    statement = select(encounters.c.id).where(
        encounters.c.id.in_(ids), encounters.c.is_favorite == 0
    )
    remove(connection, list(connection.execute(statement).scalars()))
    return PrunePlan((), plan.fights[MAX_PER_STEP:])


def prune_rejected(connection: Connection, kept: int) -> int:
    """Delete rejected tasks except the newest ``kept``; returns how many."""
    ids = rejected_tasks.c.id
    oldest_kept = select(ids).order_by(ids.desc()).limit(1).offset(kept - 1).scalar_subquery()
    excess = delete(rejected_tasks).where(ids < oldest_kept, ~is_in_open_fight())
    return connection.execute(excess).rowcount


def _exceeds(used: int, limits: Limits) -> bool:
    return limits.file_bytes is not None and used > limits.file_bytes


def _enough_to_free(
    candidates: Iterable[PruneCandidate], used: int, limits: Limits
) -> list[PruneCandidate]:
    """As many of the first as must be deleted to bring the file within its limit."""
    taken: list[PruneCandidate] = []
    for candidate in candidates:
        if not _exceeds(used, limits):
            break
        taken.append(candidate)
        used -= candidate.bytes
    return taken


_Position = tuple[int, int]
"""Start and id of the oldest fight that is kept."""


def _first_kept(connection: Connection, limits: Limits) -> _Position | None:
    bounds = []
    newest_first = (
        select(*_OLDEST_FIRST).where(_ended).order_by(*(each.desc() for each in _OLDEST_FIRST))
    )
    if limits.newest is not None:
        last_kept = connection.execute(
            newest_first.limit(1).offset(limits.newest - 1)
        ).one_or_none()
        bounds += [] if last_kept is None else [tuple(last_kept)]
    if limits.days is not None and (newest := connection.execute(newest_first.limit(1)).first()):
        today = min(newest.started_at_ms, time.time_ns() // 1_000_000)
        bounds.append((today - round(limits.days * DAY_MS), 0))
    return max(bounds, default=None)


def _fights(
    connection: Connection, a_fight: int, beyond: _Position | None = None
) -> Iterator[PruneCandidate]:
    """Fights that are not favourites, oldest first."""
    archives = encounter_archives
    size = func.coalesce(func.length(archives.c.payload), 0)
    statement = select(encounters.c.id, size).outerjoin_from(encounters, archives)
    for encounter_id, archive in connection.execute(_oldest(statement, beyond)):
        yield PruneCandidate(encounter_id, a_fight + archive)


def _archives(
    connection: Connection, excluded: Collection[int], beyond: _Position | None = None
) -> Iterator[PruneCandidate]:
    """The individual hits of fights that are not favourites, oldest first."""
    archives = encounter_archives
    size = func.length(archives.c.payload)
    statement = select(encounters.c.id, size).join_from(encounters, archives)
    for row in connection.execute(_oldest(statement, beyond)):
        if row[0] not in excluded:
            yield PruneCandidate(*row)


def _oldest(statement: Select[Any], beyond: _Position | None) -> Select[Any]:
    statement = statement.where(_ended, encounters.c.is_favorite == 0).order_by(*_OLDEST_FIRST)
    return statement if beyond is None else statement.where(tuple_(*_OLDEST_FIRST) < beyond)


def _bytes_per_fight(connection: Connection) -> int:
    """The approximate size of a fight without its individual hits."""
    size = func.coalesce(func.sum(func.length(encounter_archives.c.payload)), 0)
    archived = connection.execute(select(size)).scalar_one()
    count = connection.execute(select(func.count()).select_from(encounters)).scalar_one()
    return int((used_bytes(connection) - archived) / max(count, 1))
