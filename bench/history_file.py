"""A file with a long history, created in SQL from one recorded fight.

Each fight has the local player, four of 40 regulars and five of 2,000 others; one of 30 bosses in
one of 10 scenes; the figures are those of the template. There are no archives: they are in a
separate table, and 100,000 of them would take gigabytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Final

from pyroaring import BitMap

from resonance_logs import Database, EndEncounter
from resonance_logs.sources.simulation import Night, simulate
from resonance_logs.store.checksums import (
    FINGERPRINTED,
    FINGERPRINTED_LATER,
    IDENTIFIED,
    fingerprint,
)
from resonance_logs.store.idsets import BLOCK, encode

DAY_MS: Final = 86_400_000
START_MS: Final = 1_500_000_000_000
LOCAL_PLAYER: Final = 50_000_000
REGULARS: Final = 40
OTHERS: Final = 2_000
PLAYERS: Final = 10
BOSSES: Final = 30
SCENES: Final = 10
CLASSES: Final = (1, 2, 4, 5, 9, 11, 12, 13)


def build(path: Path, fights: int) -> None:
    """Create the file."""
    _record_template(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-200000")
    connection.execute("PRAGMA temp_store=MEMORY")
    try:
        connection.execute("BEGIN")
        _keep_template(connection)
        _fill_players(connection)
        _fill_rosters(connection, fights)
        for statement in _STATEMENTS:
            connection.execute(statement)
        _fill_sets(connection)
        _fill_fingerprints(connection)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _record_template(path: Path) -> None:
    with Database.open(path) as database:
        for task in simulate(Night(seed=5, players=PLAYERS, fights=1, seconds=180)):
            database.enqueue(task)
            if isinstance(task, EndEncounter):
                break
        database.flush()


def _keep_template(connection: sqlite3.Connection) -> None:
    """Copy the recorded fight, its actors numbered (the players first), and empty the file."""
    for statement in _TEMPLATE:
        connection.execute(statement)


def _fill_players(connection: sqlite3.Connection) -> None:
    def players() -> Iterator[tuple[object, ...]]:
        for number in range(1 + REGULARS + OTHERS):
            name = f"Mika {number}" if number else "Local Hero"
            class_id = CLASSES[number % len(CLASSES)]
            yield LOCAL_PLAYER + number, name, name.casefold(), class_id, START_MS, START_MS

    connection.executemany(
        "INSERT INTO entities (entity_id, name, name_folded, class_id, first_seen_ms, "
        "last_seen_ms) VALUES (?,?,?,?,?,?)",
        players(),
    )


def _fill_rosters(connection: sqlite3.Connection, fights: int) -> None:
    random = Random(1)
    regulars = range(LOCAL_PLAYER + 1, LOCAL_PLAYER + 1 + REGULARS)
    others = range(regulars.stop, regulars.stop + OTHERS)

    def rosters() -> Iterator[tuple[int, int, int]]:
        for fight in range(1, fights + 1):
            party = [LOCAL_PLAYER, *random.sample(regulars, 4), *random.sample(others, 5)]
            yield from ((fight, slot, actor) for slot, actor in enumerate(party))

    def chosen() -> Iterator[tuple[object, ...]]:
        for fight in range(1, fights + 1):
            boss = min(int(random.expovariate(0.12)), BOSSES - 1)
            duration = random.randrange(60_000, 600_000)
            start = START_MS + fight * 900_000 + random.randrange(300_000)
            lucky = random.random() < 0.02
            yield fight, boss, start, duration, int(random.random() < 0.6), int(lucky)

    connection.executemany("INSERT INTO temp.roster VALUES (?,?,?)", rosters())
    connection.execute(
        "INSERT INTO temp.roster SELECT fight, slot, actor_id FROM temp.chosen_slots, "
        f"(SELECT DISTINCT fight FROM temp.roster) WHERE slot >= {PLAYERS}"
    )
    connection.executemany("INSERT INTO temp.chosen VALUES (?,?,?,?,?,?)", chosen())


def _fill_sets(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        f"SELECT value_id, fight / {BLOCK}, fight % {BLOCK} FROM temp.facets "
        "NATURAL JOIN facet_values ORDER BY value_id, fight"
    )
    connection.executemany(
        "INSERT INTO facet_encounters (value_id, block, encounters) VALUES (?,?,?)",
        (
            (*key, encode(BitMap(offset for _, _, offset in members)))
            for key, members in groupby(rows, key=lambda row: row[:2])
        ),
    )


def _fill_fingerprints(connection: sqlite3.Connection) -> None:
    """As the recorder writes them, so that lists cost as much as in practice: each row is
    checked.
    """
    names = (*FINGERPRINTED, *FINGERPRINTED_LATER, *IDENTIFIED)
    rows = connection.execute(f"SELECT id, {', '.join(names)} FROM encounters")
    connection.executemany(
        "UPDATE encounters SET fingerprint = ? WHERE id = ?",
        [(fingerprint(dict(zip(names, row[1:], strict=True))), row[0]) for row in rows],
    )


_COUNTERS: Final = """
    damage_dealt, hits_dealt, crit_hits_dealt, lucky_hits_dealt, crit_total_dealt,
    lucky_total_dealt, heal_dealt, hits_heal, crit_hits_heal, lucky_hits_heal, crit_total_heal,
    lucky_total_heal, damage_taken, hits_taken, crit_hits_taken, lucky_hits_taken,
    crit_total_taken, lucky_total_taken, boss_damage_dealt, boss_hits_dealt,
    boss_crit_hits_dealt, boss_lucky_hits_dealt, boss_crit_total_dealt, boss_lucky_total_dealt
"""

_TEMPLATE: Final = (
    """CREATE TEMP TABLE roster (fight INTEGER, slot INTEGER, actor INTEGER,
        PRIMARY KEY (fight, slot)) WITHOUT ROWID""",
    "CREATE TEMP TABLE chosen (fight INTEGER PRIMARY KEY, boss, start, duration, won, favorite)",
    "CREATE TEMP TABLE actors AS SELECT * FROM actor_encounter_stats",
    """CREATE TEMP TABLE chosen_slots AS
    SELECT actor_id, row_number() OVER (ORDER BY is_player DESC, actor_id) - 1 AS slot
    FROM temp.actors""",
    "CREATE UNIQUE INDEX temp.ix_slots ON chosen_slots (actor_id)",
    """CREATE TEMP TABLE damage AS SELECT a.slot AS one, b.slot AS other, d.*
    FROM damage_skill_stats d JOIN temp.chosen_slots a ON a.actor_id = d.attacker_id
    JOIN temp.chosen_slots b ON b.actor_id = d.defender_id""",
    "CREATE INDEX temp.ix_damage ON damage (one)",
    """CREATE TEMP TABLE heals AS SELECT a.slot AS one, b.slot AS other, h.*
    FROM heal_skill_stats h JOIN temp.chosen_slots a ON a.actor_id = h.healer_id
    JOIN temp.chosen_slots b ON b.actor_id = h.target_id""",
    "CREATE INDEX temp.ix_heals ON heals (one)",
    "CREATE TEMP TABLE fight AS SELECT total_dmg, total_heal, damage_events, heal_events "
    "FROM encounters",
    *(
        f"DELETE FROM {table}"
        for table in (
            "facet_encounters",
            "facet_values",
            "encounter_archives",
            "encounter_bosses",
            "damage_skill_stats",
            "heal_skill_stats",
            "actor_attributes",
            "actor_encounter_stats",
            "entities",
            "encounters",
        )
    ),
)

_SIX: Final = "total_value, hits, crit_hits, lucky_hits, crit_total, lucky_total"

_STATEMENTS: Final = (
    f"""INSERT INTO encounters (id, started_at_ms, ended_at_ms, local_player_id, scene_id,
        scene_name, duration_ms, total_dmg, total_heal, is_favorite, is_defeated, damage_events,
        heal_events, journal_bytes, bosses, players)
    SELECT c.fight, start, start + duration, {LOCAL_PLAYER}, boss % {SCENES},
        'Scene ' || (boss % {SCENES}), duration, total_dmg + 1000 * (c.fight * 7919 % 100000),
        total_heal, favorite, won, damage_events, heal_events, 0,
        json_array(json_object('monsterName', 'Boss ' || boss, 'maxHp', 900000000,
            'isDefeated', json(iif(won, 'true', 'false')))),
        (SELECT json_group_array(json_object('name', name, 'classId', class_id,
            'isLocalPlayer', json(iif(actor = {LOCAL_PLAYER}, 'true', 'false'))))
        FROM temp.roster r CROSS JOIN entities ON entity_id = r.actor
        WHERE r.fight = c.fight)
    FROM temp.chosen c, temp.fight""",
    f"""INSERT INTO actor_encounter_stats (encounter_id, actor_id, name, class_id, class_spec,
        ability_score, level, is_player, is_local_player, active_time_ms, {_COUNTERS})
    SELECT r.fight, r.actor, coalesce(e.name, a.name), e.class_id, a.class_spec, a.ability_score,
        a.level, a.is_player, r.actor = {LOCAL_PLAYER}, a.active_time_ms, {_COUNTERS}
    FROM temp.roster r JOIN temp.chosen_slots s ON s.slot = r.slot
    JOIN temp.actors a ON a.actor_id = s.actor_id LEFT JOIN entities e ON e.entity_id = r.actor
    ORDER BY r.fight, r.actor""",
    f"""INSERT INTO damage_skill_stats (encounter_id, attacker_id, defender_id, skill_id, {_SIX},
        hp_loss_total, shield_loss_total)
    SELECT r.fight, r.actor, o.actor, d.skill_id, {_SIX}, hp_loss_total, shield_loss_total
    FROM temp.roster r CROSS JOIN temp.damage d ON d.one = r.slot
    CROSS JOIN temp.roster o ON o.fight = r.fight AND o.slot = d.other""",
    f"""INSERT INTO heal_skill_stats (encounter_id, healer_id, target_id, skill_id, {_SIX})
    SELECT r.fight, r.actor, o.actor, h.skill_id, {_SIX}
    FROM temp.roster r CROSS JOIN temp.heals h ON h.one = r.slot
    CROSS JOIN temp.roster o ON o.fight = r.fight AND o.slot = h.other""",
    """INSERT INTO encounter_bosses (encounter_id, monster_name, hits, total_damage, max_hp,
        is_defeated)
    SELECT c.fight, 'Boss ' || boss, damage_events, total_dmg, 900000000, won
    FROM temp.chosen c, temp.fight""",
    """CREATE TEMP TABLE facets AS
    SELECT fight, start, 'boss' AS kind, 'Boss ' || boss AS value FROM temp.chosen
    UNION ALL SELECT fight, start, 'scene', 'Scene ' || (boss % 10) FROM temp.chosen
    UNION ALL SELECT fight, start, 'outcome', CAST(won AS TEXT) FROM temp.chosen
    UNION ALL SELECT fight, start, 'recorder', 'default' FROM temp.chosen
    UNION ALL SELECT fight, start, 'favorite', '1' FROM temp.chosen WHERE favorite
    UNION ALL SELECT c.fight, start, 'player', name FROM temp.chosen c
        JOIN temp.roster r ON r.fight = c.fight JOIN entities ON entity_id = actor
    UNION ALL SELECT DISTINCT c.fight, start, 'class', CAST(class_id AS TEXT) FROM temp.chosen c
        JOIN temp.roster r ON r.fight = c.fight JOIN entities ON entity_id = actor""",
    """INSERT INTO facet_values (kind, value, folded)
    SELECT DISTINCT kind, value, lower(value) FROM temp.facets""",
)
