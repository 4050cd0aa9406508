"""Letting fights go that are beyond limits, or telling which would be."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from resonance_logs.commands.arguments import PruneTo
from resonance_logs.commands.shapes import PrunedPart, PruneReport
from resonance_logs.retention import Limits, Plan, Retention, Share, let_go, make_plan
from resonance_logs.store.engine import Store
from resonance_logs.store.tables import encounters


def prune_encounters(store: Store, arguments: PruneTo) -> PruneReport:
    """Let single hits and whole fights go that are beyond the limits, the oldest first.

    Favourites stay. With ``dry_run`` nothing is changed; the bytes are about what would be freed.
    Otherwise it is done in small steps, so that a recorder is not kept waiting, and the space is
    given back to the system.
    """
    retention = Retention(
        fights=Limits(
            arguments.keep_fights_days,
            arguments.keep_fights_newest,
            arguments.keep_fights_file_bytes,
        ),
        hits=Limits(
            arguments.keep_hits_days, arguments.keep_hits_newest, arguments.keep_hits_file_bytes
        ),
    )
    with store.reading() as connection:
        plan = make_plan(connection, retention)
        report = PruneReport(
            dry_run=arguments.dry_run,
            hits=_part(connection, plan.hits),
            fights=_part(connection, plan.fights),
        )
    if not arguments.dry_run:
        _carry_out(store, plan)
    return report


def _carry_out(store: Store, plan: Plan) -> None:
    while not plan.is_empty:
        with store.writing() as connection:
            plan = let_go(connection, plan)
    store.give_back_space()


def _part(connection: Connection, shares: Sequence[Share]) -> PrunedPart:
    oldest, newest = (
        _started_at_ms(connection, shares[place]) if shares else None for place in (0, -1)
    )
    return PrunedPart(
        encounters=len(shares),
        bytes=sum(share.bytes for share in shares),
        oldest_started_at_ms=oldest,
        newest_started_at_ms=newest,
    )


def _started_at_ms(connection: Connection, share: Share) -> int:
    statement = select(func.min(encounters.c.started_at_ms)).where(
        encounters.c.id == share.encounter_id
    )
    return int(connection.execute(statement).scalar_one())
