"""The contents of a database, read from its tables in the terms of the model."""

from typing import Any

from sqlalchemy import Connection, Table, select

from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.events import Events
from resonance_logs.fights.identity import DEFAULT_GAME
from resonance_logs.fights.kinds.values import UNKNOWN
from resonance_logs.store import schema
from tests.helpers import model

SIX = ("total_value", "hits", "crit_hits", "lucky_hits", "crit_total", "lucky_total")


def null(value: int) -> int | None:
    return None if value == UNKNOWN else value


def of_fight(connection: Connection, table: Table, encounter_id: int) -> list[Any]:
    return list(
        connection.execute(select(table).where(table.c.encounter_id == encounter_id)).mappings()
    )


def stored_actors(connection: Connection, encounter_id: int) -> dict[int, model.Actor]:
    attributes = {
        row["actor_id"]: row["attributes"]
        for row in of_fight(connection, schema.actor_attributes, encounter_id)
    }
    actors = {}
    for row in of_fight(connection, schema.actor_encounter_stats, encounter_id):
        fields = {name: value for name, value in row.items() if name != "encounter_id"}
        fields |= {name: bool(row[name]) for name in ("is_player", "is_local_player")}
        actors[row["actor_id"]] = model.Actor(**fields, attributes=attributes.get(row["actor_id"]))
    return actors


def stored_pairs(
    connection: Connection, table: Table, encounter_id: int, who: str, whom: str
) -> dict[model.PairKey, model.Pair]:
    return {
        (row[who], null(row[whom]), row["skill_id"]): model.Pair(
            **{
                name: row[name]
                for name in (*SIX, "hp_loss_total", "shield_loss_total")
                if name in row
            }
        )
        for row in of_fight(connection, table, encounter_id)
    }


def stored_fight(connection: Connection, row: Any, expected: model.Fight) -> model.Fight:
    """The stored fight in the model's form; the events are compared elsewhere."""
    return model.Fight(
        started_at_ms=row["started_at_ms"],
        ended_at_ms=row["ended_at_ms"],
        local_player_id=row["local_player_id"],
        scene_id=row["scene_id"],
        scene_name=row["scene_name"],
        total_dmg=row["total_dmg"],
        total_heal=row["total_heal"],
        actors=stored_actors(connection, row["id"]),
        damage_pairs=stored_pairs(
            connection, schema.damage_skill_stats, row["id"], "attacker_id", "defender_id"
        ),
        heal_pairs=stored_pairs(
            connection, schema.heal_skill_stats, row["id"], "healer_id", "target_id"
        ),
        bosses={
            boss["monster_name"]: model.Boss(
                boss["hits"], boss["total_damage"], boss["max_hp"], bool(boss["is_defeated"])
            )
            for boss in of_fight(connection, schema.encounter_bosses, row["id"])
        },
        was_interrupted=bool(row["was_interrupted"]),
        clock_jumped=bool(row["clock_jumped"]),
        unknown_dmg=row["unknown_dmg"],
        damage_events=expected.damage_events,
        heal_events=expected.heal_events,
    )


def stored_events(connection: Connection, encounter_id: int) -> Events:
    archived = of_fight(connection, schema.encounter_archives, encounter_id)
    return decode_events(archived[0]["payload"]) if archived else Events.empty()


def stored_entities(connection: Connection, game: str = DEFAULT_GAME) -> dict[int, model.Entity]:
    """The known players of a game."""
    table = schema.entities
    columns = [each for each in table.c if each.name not in ("game", "name_folded")]
    statement = select(*columns).where(table.c.game == game)
    return {
        row["entity_id"]: model.Entity(**row) for row in connection.execute(statement).mappings()
    }
