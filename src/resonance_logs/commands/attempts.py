"""The attempts at a boss: which fights came before and after one."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Select, func, select, tuple_

from resonance_logs.commands.encounter import find_encounter, summary
from resonance_logs.commands.filters import Filters, find_candidates
from resonance_logs.commands.models import EncounterArguments, Shape
from resonance_logs.commands.registry import command
from resonance_logs.store.schema import encounters
from resonance_logs.store.sqlite.connections import Store


class BossAttempts(Shape):
    """The position of a fight among those that share a boss with it: neighbours, number, count.

    ``previous_id`` and ``next_id`` are null at the ends.
    """

    previous_id: int | None
    next_id: int | None
    number: int
    count: int


_PLACE: Final = (encounters.c.started_at_ms, encounters.c.id)


@command(is_quick=True)
def get_boss_tries(store: Store, arguments: EncounterArguments) -> BossAttempts:
    """The fights of its game that share a boss with this one, by start: previous, next, how many.

    A fight without a boss, or one that is still open, stands alone.

    Raises:
        NotFound: there is no such fight.
    """
    with store.read_transaction() as connection:
        row = find_encounter(connection, arguments.encounter_id)
        bosses = [boss.monster_name for boss in summary(row, []).bosses]
        alone = BossAttempts(previous_id=None, next_id=None, number=1, count=1)
        if not bosses or row.ended_at_ms is None:
            return alone
        candidates = find_candidates(connection, Filters(boss_names=bosses, games=[row.game]))
        among = candidates.condition
        if among is None or not candidates.count:
            return alone
        here = (row.started_at_ms, row.id)
        before, after = tuple_(*_PLACE) < here, tuple_(*_PLACE) > here

        def one(statement: Select[Any]) -> int | None:
            return connection.execute(statement.where(among).limit(1)).scalar_one_or_none()

        newest_first = [each.desc() for each in _PLACE]
        return BossAttempts(
            previous_id=one(select(encounters.c.id).where(before).order_by(*newest_first)),
            next_id=one(select(encounters.c.id).where(after).order_by(*_PLACE)),
            number=1 + (one(select(func.count()).select_from(encounters).where(before)) or 0),
            count=candidates.count,
        )
