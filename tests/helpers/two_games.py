"""Fights of two games by two recorders, whose actors, classes, skills and bosses share ids and
names.
"""

from __future__ import annotations

from pathlib import Path

from resonance_logs import (
    BeginEncounter,
    Database,
    EndEncounter,
    InsertDamageEvent,
    Task,
    UpsertEntity,
)

BPSR, WOW, ALT = "bpsr", "wow", "alt"
SHARED, OTHER, OGRE, SKILL, OTHER_SKILL = 7, 8, 900, 5, 6


def hit(time: int, value: int, attacker: int = SHARED, skill: int = SKILL) -> Task:
    return InsertDamageEvent(
        timestamp_ms=time,
        attacker_id=attacker,
        defender_id=OGRE,
        value=value,
        skill_id=skill,
        is_boss=True,
        monster_name="Ogre",
    )


def aoi(seen: int) -> Task:
    """A Stormblade of bpsr."""
    return UpsertEntity(entity_id=SHARED, seen_at_ms=seen, name="Aoi", class_id=1, class_spec=2)


def thrall(seen: int) -> Task:
    """A player of the other game, with the same id, class and spec."""
    return UpsertEntity(entity_id=SHARED, seen_at_ms=seen, name="Thrall", class_id=1, class_spec=2)


FIRST: list[Task] = [
    BeginEncounter(started_at_ms=10_000, scene_name="Court"),
    aoi(10_000),
    hit(11_000, 1_000),
    EndEncounter(ended_at_ms=20_000, defeated_bosses=["Ogre"]),
]
"""Of bpsr; like the last one, but a kill: Aoi has 100 DPS."""

SECOND: list[Task] = [
    BeginEncounter(started_at_ms=30_000, scene_name="Court"),
    thrall(30_000),
    UpsertEntity(entity_id=OTHER, seen_at_ms=30_000, name="Jaina", class_id=8),
    hit(31_000, 4_000),
    hit(32_000, 1_000, OTHER, OTHER_SKILL),
    EndEncounter(ended_at_ms=50_000),
]
"""Of wow, in 20 s: Thrall has 200 DPS, Jaina 50."""

THIRD: list[Task] = [
    BeginEncounter(started_at_ms=60_000, scene_name="Void"),
    thrall(60_000),
    hit(61_000, 3_000),
    EndEncounter(ended_at_ms=70_000, defeated_bosses=["Ogre"]),
]
"""Of wow, a kill: Thrall has 300 DPS."""

FOURTH: list[Task] = [
    BeginEncounter(started_at_ms=80_000, scene_name="Court"),
    aoi(80_000),
    hit(81_000, 500),
    EndEncounter(ended_at_ms=90_000),
]
"""Of bpsr: Aoi has 50 DPS."""


def record_two_games(path: Path) -> None:
    """Record the fights 1 to 4: the first and the last of bpsr, the others of wow by ``alt``."""
    with Database.open(path) as db:
        alt = db.recorder(ALT, game=WOW)
        for recorder, tasks in ((db, FIRST), (alt, SECOND), (alt, THIRD), (db, FOURTH)):
            for task in tasks:
                recorder.enqueue(task)
            db.flush(30)
        db.commands.set_catalog_names("skill", {SKILL: "Slash"})
        db.commands.set_catalog_names("skill", {SKILL: "Chain Lightning"}, WOW)
        db.commands.set_encounter_tags(1, ["ours"])
        db.commands.set_encounter_tags(3, ["theirs"])
        db.commands.toggle_favorite_encounter(3, is_favorite=True)
