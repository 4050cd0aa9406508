"""Names of skills."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, select

from resonance_logs.fights.kinds.values import UNKNOWN_SKILL
from resonance_logs.store.schema import catalog_names

_MAX_BATCH = 10_000

_skills: Final = select(catalog_names.c.id, catalog_names.c.name).where(
    catalog_names.c.game == bindparam("game"),
    catalog_names.c.kind == "skill",
    catalog_names.c.id.in_(bindparam("ids", expanding=True)),
)


def skill_names(connection: Connection, game: str, ids: Iterable[int]) -> dict[int, str]:
    """The name of each of these skills of a game: from the catalog, or a placeholder."""
    wanted = sorted(set(ids))
    found: dict[int, str] = {}
    for part in batched(wanted):
        rows = connection.execute(_skills, {"game": game, "ids": part}).all()
        found |= {row[0]: row[1] for row in rows}
    return {skill: found.get(skill) or _placeholder_name(skill) for skill in wanted}


def batched(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids in batches that fit into one statement."""
    for start in range(0, len(ids), _MAX_BATCH):
        yield ids[start : start + _MAX_BATCH]


def _placeholder_name(skill: int) -> str:
    return "Unknown Skill" if skill == UNKNOWN_SKILL else f"Skill {skill}"
