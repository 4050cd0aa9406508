"""Names of what numbers stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, select

from resonance_logs.events import UNKNOWN_SKILL
from resonance_logs.store.tables import catalog_names

_MOST_AT_ONCE = 10_000


def skill_names(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The name of each of these skills: from the catalog, or a stand-in."""
    wanted = sorted(set(ids))
    found: dict[int, str] = {}
    for part in batched(wanted):
        statement = select(catalog_names.c.id, catalog_names.c.name).where(
            catalog_names.c.kind == "skill", catalog_names.c.id.in_(part)
        )
        found |= {row.id: row.name for row in connection.execute(statement)}
    return {skill: found.get(skill) or _stand_in(skill) for skill in wanted}


def batched(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids in parts that one statement can take."""
    for start in range(0, len(ids), _MOST_AT_ONCE):
        yield ids[start : start + _MOST_AT_ONCE]


def _stand_in(skill: int) -> str:
    return "Unknown Skill" if skill == UNKNOWN_SKILL else f"Skill {skill}"
