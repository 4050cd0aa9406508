"""Fights with everything in them, and all that a database has of its fights."""

from __future__ import annotations

from resonance_logs import (
    BeginEncounter,
    Database,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
)


def rich_fight(started: int, name: str = "Aoi") -> list[Task]:
    """A fight with something in every table."""
    boss = {"defender_id": 900, "monster_name": "Boss", "is_boss": True, "defender_max_hp": 50}
    return [
        BeginEncounter(started_at_ms=started, local_player_id=7, scene_id=3),
        UpsertEntity(entity_id=7, seen_at_ms=started, name=name, class_id=1, attributes='{"a":1}'),
        UpsertEntity(entity_id=8, seen_at_ms=started + 1),
        InsertDamageEvent(timestamp_ms=started, attacker_id=7, value=30, skill_id=17, **boss),  # type: ignore[arg-type]
        InsertDamageEvent(timestamp_ms=started + 50, attacker_id=900, value=3, defender_id=7),
        InsertDamageEvent(timestamp_ms=started + 60, attacker_id="x", value=3),  # type: ignore[arg-type]
        InsertHealEvent(timestamp_ms=started + 90, healer_id=8, value=5, target_id=7, skill_id=9),
        EndEncounter(ended_at_ms=started + 1_000, defeated_bosses=["Boss"]),
    ]


def everything(db: Database, encounter_id: int) -> dict[str, object]:
    """Everything the commands return about a fight, except its id."""
    ask = db.commands
    told = {
        "summary": ask.get_encounter_by_id(encounter_id),
        "actors": ask.get_encounter_actor_stats(encounter_id),
        "range": ask.get_encounter_range(encounter_id, 0, 500),
        "timeline": ask.get_encounter_timeline(encounter_id),
        **{
            kind: ask.get_encounter_player_skills(encounter_id, 7, kind)
            for kind in ("dps", "heal", "tanked")
        },
    }
    shapes = {name: value for name, value in told.items() if name != "actors"}
    return {
        "actors": [each.model_dump(exclude={"encounter_id"}) for each in told["actors"]],  # type: ignore[attr-defined]
        **{
            name: shape.model_dump(  # type: ignore[attr-defined]
                exclude={"id": True, "encounter_id": True, "actors": {"__all__": {"encounter_id"}}}
            )
            for name, shape in shapes.items()
        },
    }
