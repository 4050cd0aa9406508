"""What a fight from another file may hold: nothing that a recorder could not have written.

Checksums tell what changed on a disk. They do not tell what somebody made up, who computes them
too: a number or a list that nothing here ever writes would break every page that shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, func, select

from resonance_logs.errors import InvalidArgument
from resonance_logs.fights.identity import Identity
from resonance_logs.store.checksums import CHECKED
from resonance_logs.store.fight_lists import is_list_valid
from resonance_logs.store.schema import rejected_tasks
from resonance_logs.store.stored_fight import ENTITY_COLUMNS, StoredFight
from resonance_logs.tasks import MAX_INTEGER

MAX_ROWS: Final = 1_000_000
"""Maximum number of rows of a fight: they are read at once."""

MAX_COUNT: Final = 2**62
"""Maximum of a total: two of them can be added."""

_NUMBERS: Final = ("started_at_ms", "ended_at_ms", "local_player_id", "scene_id")
_COUNTS: Final = (
    *("duration_ms", "total_dmg", "total_heal", "damage_events", "heal_events", "unknown_dmg"),
    *("journal_bytes", "rejected_events", "lost_events"),
)
_SEEN: Final = tuple(ENTITY_COLUMNS.index(name) for name in ("first_seen_ms", "last_seen_ms"))


def count_rows(connection: Connection, encounter_id: int) -> int:
    """The number of rows of a fight that are read together with it."""
    tables = [*CHECKED.values(), rejected_tasks]
    counts = [
        select(func.count()).where(each.c.encounter_id == encounter_id).scalar_subquery()
        for each in tables
    ]
    return sum(connection.execute(select(*counts)).one())


def invalid_values(fight: StoredFight) -> list[str]:
    """Which values of a fight no recorder could have written."""
    return list(_invalid(fight))


def _invalid(fight: StoredFight) -> Iterator[str]:
    row = fight.row
    try:
        Identity.checked(row["recorder"], row["game"])
    except InvalidArgument as error:
        yield str(error)
    for name in _NUMBERS:
        is_needed = name.endswith("_ms")
        if not _is_within(row[name], -MAX_INTEGER, MAX_INTEGER, is_needed=is_needed):
            yield name
    for name in _COUNTS:
        if not _is_within(row[name], 0, MAX_COUNT, is_needed=name != "unknown_dmg"):
            yield name
    yield from (name for name in ("bosses", "players") if not is_list_valid(name, row[name]))
    if not all(
        _is_within(each[at], -MAX_INTEGER, MAX_INTEGER) for each in fight.entities for at in _SEEN
    ):
        yield "players"


def _is_within(value: object, lowest: int, highest: int, *, is_needed: bool = True) -> bool:
    if value is None:
        return not is_needed
    return isinstance(value, int) and lowest <= value <= highest
