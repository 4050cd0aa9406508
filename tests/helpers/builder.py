"""Fights written row by row, as the writer would leave them, for the commands to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert

from resonance_logs.fights.archive import encode_events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.identity import DEFAULT_GAME, DEFAULT_RECORDER
from resonance_logs.fights.name_folding import fold_name
from resonance_logs.store import journal, schema
from resonance_logs.store.facets import Facet, add_to_index
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.tasks import InsertDamageEvent, InsertHealEvent


class Builder:
    """Fills the tables of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def fight(
        self,
        started: int = 1_000,
        duration: int | None = 10_000,
        bosses: Sequence[str] = (),
        defeated: Sequence[str] = (),
        scene: str | None = None,
        players: Sequence[tuple[int, str | None, int | None]] = (),
        favorite: bool = False,
        **columns: Any,
    ) -> int:
        """An ended fight (``duration`` None: an open one) with everything that lists and filters
        need.
        """
        row = {
            "started_at_ms": started,
            "ended_at_ms": None if duration is None else started + duration,
            "duration_ms": duration or 0,
            "scene_name": scene,
            "is_favorite": int(favorite),
            "is_defeated": int(bool(defeated)),
            "bosses": json.dumps(
                [{"monsterName": b, "maxHp": 900, "isDefeated": b in defeated} for b in bosses]
            ),
            "players": json.dumps(
                [
                    {"name": name or f"#{actor}", "classId": kind, "isLocalPlayer": False}
                    for actor, name, kind in players
                ]
            ),
            **columns,
        }
        facets = [Facet("boss", name) for name in bosses]
        facets += [Facet("player", name) for _, name, _ in players if name]
        facets += [Facet("class", str(kind)) for _, _, kind in players if kind]
        facets += [Facet("scene", scene)] if scene else []
        facets += [Facet("favorite", "1")] if favorite else []
        facets.append(Facet("outcome", str(int(bool(defeated)))))
        facets.append(Facet("recorder", columns.get("recorder", DEFAULT_RECORDER)))
        with self.store.write_transaction() as connection:
            key = connection.execute(insert(schema.encounters), row).inserted_primary_key
            assert key is not None
            if duration is not None:
                add_to_index(connection, key[0], columns.get("game", DEFAULT_GAME), facets)
        return int(key[0])

    def row(self, table: str, **columns: Any) -> None:
        """One row of any table."""
        with self.store.write_transaction() as connection:
            connection.execute(insert(schema.metadata.tables[table]), columns)

    def actor(self, encounter_id: int, actor_id: int, **columns: Any) -> None:
        """An actor of a fight."""
        self.row("actor_encounter_stats", encounter_id=encounter_id, actor_id=actor_id, **columns)

    def player(self, entity_id: int, name: str | None, seen: int, **columns: Any) -> None:
        """A known player."""
        self.row(
            "entities",
            entity_id=entity_id,
            name=name,
            name_folded=None if name is None else fold_name(name),
            first_seen_ms=0,
            last_seen_ms=seen,
            **columns,
        )

    def archive(
        self,
        encounter_id: int,
        damage: Sequence[InsertDamageEvent] = (),
        heals: Sequence[InsertHealEvent] = (),
    ) -> None:
        """The events of an ended fight."""
        events = collect_events([*damage, *heals])
        self.row(
            "encounter_archives",
            encounter_id=encounter_id,
            events=len(events),
            payload=encode_events(events, compact=True),
        )

    def journal(self, encounter_id: int, damage: Sequence[InsertDamageEvent]) -> None:
        """The events of an open fight."""
        events = collect_events(damage)
        with self.store.write_transaction() as connection:
            journal.append(connection, encounter_id, 0, journal.Entry(events, len(damage), ()))


AOI, BEN, BOSS = 7, 8, 900


def hit(
    time: int, value: int, attacker: int = AOI, defender: int | None = BOSS, **more: Any
) -> InsertDamageEvent:
    """A hit by Aoi on the boss, unless told otherwise."""
    return InsertDamageEvent(
        timestamp_ms=time, attacker_id=attacker, defender_id=defender, value=value, **more
    )


def heal(
    time: int, value: int, healer: int = BEN, target: int | None = AOI, **more: Any
) -> InsertHealEvent:
    """A heal of Aoi by Ben, unless told otherwise."""
    return InsertHealEvent(
        timestamp_ms=time, healer_id=healer, target_id=target, value=value, **more
    )


DAMAGE = (
    hit(1_000, 100, skill_id=1, is_crit=True, is_boss=True, monster_name="Ogre", hp_loss=90),
    hit(2_000, 300, skill_id=2, is_lucky=True, is_boss=True, monster_name="Ogre"),
    hit(9_000, 100, skill_id=1, is_boss=True, monster_name="Ogre", defender_max_hp=5_000),
    hit(3_000, 200, attacker=BEN, defender=None),
    hit(4_000, 50, attacker=BOSS, defender=AOI, skill_id=66),
    hit(11_000, 150, attacker=BOSS, defender=BEN, skill_id=66, is_crit=True),
    hit(5_000, 40, attacker=BEN, defender=AOI, skill_id=3),
)
HEALS = (heal(3_500, 60, skill_id=4), heal(3_600, 40, target=None, is_crit=True))


def known_fight(builder: Builder) -> int:
    """A fight of 10 s from 1,000 ms on of Aoi, Ben, idle Cia and the boss; figures by hand."""
    fight = builder.fight(
        players=[(AOI, "Aoi", 1), (BEN, "Ben", 5), (9, None, None)],
        bosses=["Ogre"],
        defeated=["Ogre"],
        total_dmg=740,
        total_heal=100,
        damage_events=len(DAMAGE),
        heal_events=len(HEALS),
        journal_bytes=1_000,
    )
    builder.actor(
        fight,
        AOI,
        name="Aoi",
        class_id=1,
        class_spec=2,
        ability_score=3_000,
        level=60,
        is_player=1,
        is_local_player=1,
        active_time_ms=1_000,
        damage_dealt=500,
        hits_dealt=3,
        crit_hits_dealt=1,
        lucky_hits_dealt=1,
        crit_total_dealt=100,
        lucky_total_dealt=300,
        damage_taken=50,
        hits_taken=1,
        boss_damage_dealt=500,
        boss_hits_dealt=3,
        boss_crit_hits_dealt=1,
        boss_lucky_hits_dealt=1,
        boss_crit_total_dealt=100,
        boss_lucky_total_dealt=300,
    )
    builder.actor(
        fight,
        BEN,
        name="Ben",
        class_id=5,
        is_player=1,
        active_time_ms=2_000,
        damage_dealt=240,
        hits_dealt=2,
        heal_dealt=100,
        hits_heal=2,
        crit_hits_heal=1,
        crit_total_heal=40,
        damage_taken=150,
        hits_taken=1,
        crit_hits_taken=1,
        crit_total_taken=150,
    )
    builder.actor(fight, 9, is_player=1)
    builder.actor(
        fight,
        BOSS,
        name="Ogre",
        active_time_ms=1_000,
        damage_dealt=200,
        hits_dealt=2,
        crit_hits_dealt=1,
        crit_total_dealt=150,
    )
    for attacker, defender, skill, *sums in (
        (AOI, BOSS, 1, 200, 2, 1, 0, 100, 0, 90, 0),
        (AOI, BOSS, 2, 300, 1, 0, 1, 0, 300, 0, 0),
        (BEN, -(2**53), -1, 200, 1, 0, 0, 0, 0, 0, 0),
        (BEN, AOI, 3, 40, 1, 0, 0, 0, 0, 0, 0),
        (BOSS, AOI, 66, 50, 1, 0, 0, 0, 0, 0, 0),
        (BOSS, BEN, 66, 150, 1, 1, 0, 150, 0, 0, 0),
    ):
        keys = {"attacker_id": attacker, "defender_id": defender, "skill_id": skill}
        names = [column.name for column in schema.damage_skill_stats.columns][4:]
        values = dict(zip(names, sums, strict=True))
        builder.row("damage_skill_stats", encounter_id=fight, **keys, **values)
    for target, skill, total, crit in ((AOI, 4, 60, 0), (-(2**53), -1, 40, 1)):
        builder.row(
            "heal_skill_stats",
            encounter_id=fight,
            healer_id=BEN,
            target_id=target,
            skill_id=skill,
            total_value=total,
            hits=1,
            crit_hits=crit,
            crit_total=total * crit,
        )
    builder.row("catalog_names", kind="skill", id=1, name="Iai Slash")
    builder.archive(fight, DAMAGE, HEALS)
    return fight
