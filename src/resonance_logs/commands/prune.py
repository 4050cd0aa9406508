"""Delete fights that exceed limits, or report which would be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, Strict
from sqlalchemy import Connection, func, select

from resonance_logs.commands.models import Arguments, Flag, Shape
from resonance_logs.commands.registry import command
from resonance_logs.store.retention import (
    Limits,
    PruneCandidate,
    PrunePlan,
    Retention,
    plan_pruning,
    prune,
)
from resonance_logs.store.schema import encounters
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.tasks import MAX_INTEGER

_Days = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]

_Count = Annotated[int, Strict(), Field(ge=1, le=MAX_INTEGER)]


class PruneArguments(Arguments):
    """Limits for keeping fights and their individual hits; null: no limit."""

    keep_hits_days: _Days | None = Field(
        default=None,
        description="Delete hits of fights more than this many days before the newest.",
    )
    keep_hits_newest: _Count | None = Field(
        default=None, description="Keep the individual hits of this many of the newest fights."
    )
    keep_hits_file_bytes: _Count | None = Field(
        default=None,
        description="Delete the oldest fights' hits while the file is larger than this.",
    )
    keep_fights_days: _Days | None = Field(
        default=None, description="Delete fights more than this many days before the newest."
    )
    keep_fights_newest: _Count | None = Field(
        default=None, description="Keep this many of the newest fights."
    )
    keep_fights_file_bytes: _Count | None = Field(
        default=None, description="Delete the oldest fights while the file is larger than this."
    )
    dry_run: Flag = Field(default=False, description="Only report what would be deleted.")


class PrunedPart(Shape):
    """How many fights are affected, about how many bytes that frees, and when they started."""

    encounters: int
    bytes: int
    oldest_started_at_ms: int | None
    newest_started_at_ms: int | None


class PruneReport(Shape):
    """What was deleted (with ``dry_run``: would be): only the hits of ``hits``; ``fights``."""

    dry_run: bool
    hits: PrunedPart
    fights: PrunedPart


@command(changes=True, is_keyword_only=True)
def prune_encounters(store: Store, arguments: PruneArguments) -> PruneReport:
    """Delete individual hits and whole fights that exceed the limits, oldest first.

    Favourites are kept. With ``dry_run`` nothing is changed; the bytes are an estimate of what
    would be freed. Otherwise deletion runs in small steps, so that a recorder is not blocked, and
    the space is returned to the system.
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
    with store.read_transaction() as connection:
        plan = plan_pruning(connection, retention)
        report = PruneReport(
            dry_run=arguments.dry_run,
            hits=_pruned_part(connection, plan.hits),
            fights=_pruned_part(connection, plan.fights),
        )
    if not arguments.dry_run:
        _prune_step(store, plan)
    return report


def _prune_step(store: Store, plan: PrunePlan) -> None:
    while not plan.is_empty:
        with store.write_transaction() as connection:
            plan = prune(connection, plan)
    store.give_back_space()


def _pruned_part(connection: Connection, candidates: Sequence[PruneCandidate]) -> PrunedPart:
    oldest, newest = (
        _started_at_ms(connection, candidates[place]) if candidates else None for place in (0, -1)
    )
    return PrunedPart(
        encounters=len(candidates),
        bytes=sum(candidate.bytes for candidate in candidates),
        oldest_started_at_ms=oldest,
        newest_started_at_ms=newest,
    )


def _started_at_ms(connection: Connection, candidate: PruneCandidate) -> int:
    statement = select(func.min(encounters.c.started_at_ms)).where(
        encounters.c.id == candidate.encounter_id
    )
    return int(connection.execute(statement).scalar_one())
