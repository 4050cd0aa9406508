"""What is let go so that the file keeps its size: single hits first, whole fights last.

Favourites are always kept. Age is reckoned from the newest fight (or from now, where that is
earlier), so that neither a long break nor a single fight from the future empties the history.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, delete, func, select, tuple_

from resonance_logs.encounters import remove
from resonance_logs.settings import Settings
from resonance_logs.store.rejects import of_open_fight
from resonance_logs.store.space import used_bytes
from resonance_logs.store.tables import encounter_archives, encounters, rejected_tasks

DAY_MS: Final = 86_400_000
MOST_AT_ONCE: Final = 16
"""So many fights are let go in one transaction."""

_ended: Final = encounters.c.ended_at_ms.is_not(None)
_OLDEST_FIRST: Final = (encounters.c.started_at_ms, encounters.c.id)


@dataclass(frozen=True, slots=True)
class Limits:
    """Up to where something is kept; None is without a limit."""

    days: float | None = None
    newest: int | None = None
    file_bytes: int | None = None


class Retention(NamedTuple):
    """How long whole fights are kept, and how long the single hits of fights."""

    fights: Limits = Limits()
    hits: Limits = Limits()

    @classmethod
    def of(cls, settings: Settings) -> Retention:
        """As the settings say."""
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


class Share(NamedTuple):
    """A fight, and about how many bytes letting it (or its hits) go frees."""

    encounter_id: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be let go, the oldest first: the single hits of some fights, and whole fights."""

    hits: Sequence[Share]
    fights: Sequence[Share]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be let go."""
        return not (self.hits or self.fights)


def make_plan(connection: Connection, retention: Retention) -> Plan:
    """What is beyond the limits now; by the file's size only what must go for it."""
    used = used_bytes(connection)
    fights_from, hits_from = (_beyond(connection, each) for each in retention)
    is_too_large = any(_exceeds(used, each) for each in retention)
    if fights_from is None and hits_from is None and not is_too_large:
        return Plan((), ())
    a_fight = _bytes_a_fight(connection)
    fights = [] if fights_from is None else list(_fights(connection, a_fight, fights_from))
    whole = {share.encounter_id for share in fights}
    hits = [] if hits_from is None else list(_archives(connection, whole, hits_from))
    used -= sum(share.bytes for share in (*fights, *hits))
    cut = {share.encounter_id: share.bytes for share in hits}
    if _exceeds(used, retention.hits):
        more = _cover(_archives(connection, whole | cut.keys()), used, retention.hits)
        cut |= {share.encounter_id: share.bytes for share in more}
        used -= sum(share.bytes for share in more)
    if _exceeds(used, retention.fights):
        left = (
            Share(each.encounter_id, each.bytes - cut.get(each.encounter_id, 0))
            for each in _fights(connection, a_fight)
            if each.encounter_id not in whole
        )
        more = _cover(left, used, retention.fights)
        fights += more
        whole |= {share.encounter_id for share in more}
    return Plan([Share(*each) for each in cut.items() if each[0] not in whole], fights)


def let_go(connection: Connection, plan: Plan) -> Plan:
    """Let go the first MOST_AT_ONCE fights (or hits of fights) of a plan; what is left of it.

    A fight that became a favourite since the plan was made is kept.
    """
    if plan.hits:
        ids = [share.encounter_id for share in plan.hits[:MOST_AT_ONCE]]
        archives = encounter_archives
        kept = select(encounters.c.id).where(encounters.c.is_favorite == 1)
        connection.execute(
            delete(archives).where(
                archives.c.encounter_id.in_(ids), archives.c.encounter_id.not_in(kept)
            )
        )
        return Plan(plan.hits[MOST_AT_ONCE:], plan.fights)
    ids = [share.encounter_id for share in plan.fights[:MOST_AT_ONCE]]
    statement = select(encounters.c.id).where(
        encounters.c.id.in_(ids), encounters.c.is_favorite == 0
    )
    remove(connection, list(connection.execute(statement).scalars()))
    return Plan((), plan.fights[MOST_AT_ONCE:])


def let_rejected_go(connection: Connection, kept: int) -> int:
    """Delete the oldest rejected tasks but the newest ``kept``; how many there were."""
    ids = rejected_tasks.c.id
    oldest_kept = select(ids).order_by(ids.desc()).limit(1).offset(kept - 1).scalar_subquery()
    beyond = delete(rejected_tasks).where(ids < oldest_kept, ~of_open_fight())
    return connection.execute(beyond).rowcount


def _exceeds(used: int, limits: Limits) -> bool:
    return limits.file_bytes is not None and used > limits.file_bytes


def _cover(shares: Iterable[Share], used: int, limits: Limits) -> list[Share]:
    """As many of the first as must go for the file to be within its limit."""
    taken: list[Share] = []
    for share in shares:
        if not _exceeds(used, limits):
            break
        taken.append(share)
        used -= share.bytes
    return taken


_Bound = tuple[int, int]
"""Start and id of the oldest fight that is kept."""


def _beyond(connection: Connection, limits: Limits) -> _Bound | None:
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


def _fights(connection: Connection, a_fight: int, beyond: _Bound | None = None) -> Iterator[Share]:
    """Fights that are no favourites, the oldest first."""
    archives = encounter_archives
    size = func.coalesce(func.length(archives.c.payload), 0)
    statement = select(encounters.c.id, size).outerjoin_from(encounters, archives)
    for encounter_id, archive in connection.execute(_oldest(statement, beyond)):
        yield Share(encounter_id, a_fight + archive)


def _archives(
    connection: Connection, leaving_out: Collection[int], beyond: _Bound | None = None
) -> Iterator[Share]:
    """The single hits of fights that are no favourites, the oldest first."""
    archives = encounter_archives
    size = func.length(archives.c.payload)
    statement = select(encounters.c.id, size).join_from(encounters, archives)
    for row in connection.execute(_oldest(statement, beyond)):
        if row[0] not in leaving_out:
            yield Share(*row)


def _oldest(statement: Select[Any], beyond: _Bound | None) -> Select[Any]:
    statement = statement.where(_ended, encounters.c.is_favorite == 0).order_by(*_OLDEST_FIRST)
    return statement if beyond is None else statement.where(tuple_(*_OLDEST_FIRST) < beyond)


def _bytes_a_fight(connection: Connection) -> int:
    """About what a fight takes without its single hits."""
    size = func.coalesce(func.sum(func.length(encounter_archives.c.payload)), 0)
    archived = connection.execute(select(size)).scalar_one()
    count = connection.execute(select(func.count()).select_from(encounters)).scalar_one()
    return int((used_bytes(connection) - archived) / max(count, 1))
