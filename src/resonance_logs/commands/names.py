"""Names of what numbers stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, select

from resonance_logs.events import UNKNOWN_SKILL
from resonance_logs.store.tables import catalog_names

_MOST_AT_ONCE = 10_000

_skills: Final = select(catalog_names.c.id, catalog_names.c.name).where(
    catalog_names.c.kind == "skill", catalog_names.c.id.in_(bindparam("ids", expanding=True))
)


def skill_names(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The name of each of these skills: from the catalog, or a stand-in."""
    wanted = sorted(set(ids))
    found: dict[int, str] = {}
    for part in batched(wanted):
        found |= {row[0]: row[1] for row in connection.execute(_skills, {"ids": part}).all()}
    return {skill: found.get(skill) or _stand_in(skill) for skill in wanted}


def batched(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids in parts that one statement can take."""
    for start in range(0, len(ids), _MOST_AT_ONCE):
        yield ids[start : start + _MOST_AT_ONCE]


def _stand_in(skill: int) -> str:
    return "Unknown Skill" if skill == UNKNOWN_SKILL else f"Skill {skill}"
