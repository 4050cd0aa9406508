"""The first version: fights, players, statistics, archives, facets, catalog."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE catalog_names (
        kind TEXT NOT NULL,
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (kind, id)
    ) WITHOUT ROWID, STRICT
    """,
    """
    CREATE TABLE encounters (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        started_at_ms INTEGER NOT NULL,
        ended_at_ms INTEGER,
        local_player_id INTEGER,
        scene_id INTEGER,
        scene_name TEXT,
        duration_ms INTEGER DEFAULT 0 NOT NULL,
        total_dmg INTEGER DEFAULT 0 NOT NULL,
        total_heal INTEGER DEFAULT 0 NOT NULL,
        is_favorite INTEGER DEFAULT 0 NOT NULL,
        is_defeated INTEGER DEFAULT 0 NOT NULL,
        damage_events INTEGER DEFAULT 0 NOT NULL,
        heal_events INTEGER DEFAULT 0 NOT NULL,
        journal_bytes INTEGER DEFAULT 0 NOT NULL,
        bosses TEXT DEFAULT '[]' NOT NULL,
        players TEXT DEFAULT '[]' NOT NULL
    ) STRICT
    """,
    """
    CREATE INDEX ix_encounters_duration
        ON encounters (duration_ms, id)
        WHERE ended_at_ms IS NOT NULL
    """,
    "CREATE INDEX ix_encounters_open ON encounters (id) WHERE ended_at_ms IS NULL",
    """
    CREATE INDEX ix_encounters_started
        ON encounters (started_at_ms, id, duration_ms)
        WHERE ended_at_ms IS NOT NULL
    """,
    """
    CREATE INDEX ix_encounters_total_dmg
        ON encounters (total_dmg, id)
        WHERE ended_at_ms IS NOT NULL
    """,
    """
    CREATE TABLE entities (
        entity_id INTEGER NOT NULL,
        name TEXT,
        name_folded TEXT,
        class_id INTEGER,
        class_spec INTEGER,
        ability_score INTEGER,
        level INTEGER,
        attributes TEXT,
        first_seen_ms INTEGER NOT NULL,
        last_seen_ms INTEGER NOT NULL,
        PRIMARY KEY (entity_id)
    ) STRICT
    """,
    "CREATE INDEX ix_entities_last_seen ON entities (last_seen_ms, entity_id)",
    """
    CREATE TABLE facet_values (
        value_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        folded TEXT NOT NULL,
        CONSTRAINT uq_facet_values UNIQUE (kind, value)
    ) STRICT
    """,
    """
    CREATE TABLE rejected_tasks (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        rejected_at_ms INTEGER NOT NULL,
        task TEXT NOT NULL,
        error TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE actor_attributes (
        encounter_id INTEGER NOT NULL,
        actor_id INTEGER NOT NULL,
        attributes TEXT NOT NULL,
        PRIMARY KEY (encounter_id, actor_id),
        FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
    ) STRICT
    """,
    """
    CREATE TABLE actor_encounter_stats (
        encounter_id INTEGER NOT NULL,
        actor_id INTEGER NOT NULL,
        name TEXT,
        class_id INTEGER,
        class_spec INTEGER,
        ability_score INTEGER,
        level INTEGER,
        is_player INTEGER DEFAULT 0 NOT NULL,
        is_local_player INTEGER DEFAULT 0 NOT NULL,
        active_time_ms INTEGER DEFAULT 0 NOT NULL,
        damage_dealt INTEGER DEFAULT 0 NOT NULL,
        hits_dealt INTEGER DEFAULT 0 NOT NULL,
        crit_hits_dealt INTEGER DEFAULT 0 NOT NULL,
        lucky_hits_dealt INTEGER DEFAULT 0 NOT NULL,
        crit_total_dealt INTEGER DEFAULT 0 NOT NULL,
        lucky_total_dealt INTEGER DEFAULT 0 NOT NULL,
        heal_dealt INTEGER DEFAULT 0 NOT NULL,
        hits_heal INTEGER DEFAULT 0 NOT NULL,
        crit_hits_heal INTEGER DEFAULT 0 NOT NULL,
        lucky_hits_heal INTEGER DEFAULT 0 NOT NULL,
        crit_total_heal INTEGER DEFAULT 0 NOT NULL,
        lucky_total_heal INTEGER DEFAULT 0 NOT NULL,
        damage_taken INTEGER DEFAULT 0 NOT NULL,
        hits_taken INTEGER DEFAULT 0 NOT NULL,
        crit_hits_taken INTEGER DEFAULT 0 NOT NULL,
        lucky_hits_taken INTEGER DEFAULT 0 NOT NULL,
        crit_total_taken INTEGER DEFAULT 0 NOT NULL,
        lucky_total_taken INTEGER DEFAULT 0 NOT NULL,
        boss_damage_dealt INTEGER DEFAULT 0 NOT NULL,
        boss_hits_dealt INTEGER DEFAULT 0 NOT NULL,
        boss_crit_hits_dealt INTEGER DEFAULT 0 NOT NULL,
        boss_lucky_hits_dealt INTEGER DEFAULT 0 NOT NULL,
        boss_crit_total_dealt INTEGER DEFAULT 0 NOT NULL,
        boss_lucky_total_dealt INTEGER DEFAULT 0 NOT NULL,
        PRIMARY KEY (encounter_id, actor_id),
        FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
    ) WITHOUT ROWID, STRICT
    """,
    """
    CREATE TABLE damage_skill_stats (
        encounter_id INTEGER NOT NULL,
        attacker_id INTEGER NOT NULL,
        defender_id INTEGER NOT NULL,
        skill_id INTEGER NOT NULL,
        total_value INTEGER DEFAULT 0 NOT NULL,
        hits INTEGER DEFAULT 0 NOT NULL,
        crit_hits INTEGER DEFAULT 0 NOT NULL,
        lucky_hits INTEGER DEFAULT 0 NOT NULL,
        crit_total INTEGER DEFAULT 0 NOT NULL,
        lucky_total INTEGER DEFAULT 0 NOT NULL,
        hp_loss_total INTEGER DEFAULT 0 NOT NULL,
        shield_loss_total INTEGER DEFAULT 0 NOT NULL,
        PRIMARY KEY (encounter_id, attacker_id, defender_id, skill_id),
        FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
    ) WITHOUT ROWID, STRICT
    """,
    """
    CREATE TABLE encounter_archives (
        encounter_id INTEGER NOT NULL,
        events INTEGER NOT NULL,
        payload BLOB NOT NULL,
        PRIMARY KEY (encounter_id),
        FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
    ) STRICT
    """,
    """
    CREATE TABLE encounter_bosses (
        encounter_id INTEGER NOT NULL,
        monster_name TEXT NOT NULL,
        hits INTEGER DEFAULT 0 NOT NULL,
        total_damage INTEGER DEFAULT 0 NOT NULL,
        max_hp INTEGER,
        is_defeated INTEGER DEFAULT 0 NOT NULL,
        PRIMARY KEY (encounter_id, monster_name),
        FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
    ) WITHOUT ROWID, STRICT
    """,
    """
    CREATE TABLE encounter_facets (
        encounter_id INTEGER NOT NULL,
        value_id INTEGER NOT NULL,
        started_at_ms INTEGER NOT NULL,
        PRIMARY KEY (encounter_id, value_id),
        FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE,
        FOREIGN KEY(value_id) REFERENCES facet_values (value_id)
    ) WITHOUT ROWID, STRICT
    """,
    """
    CREATE INDEX ix_encounter_facets_value
        ON encounter_facets (value_id, started_at_ms, encounter_id)
    """,
    """
    CREATE TABLE encounter_journal (
        encounter_id INTEGER NOT NULL,
        chunk INTEGER NOT NULL,
        events INTEGER NOT NULL,
        payload BLOB NOT NULL,
        PRIMARY KEY (encounter_id, chunk),
        FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
    ) STRICT
    """,
    """
    CREATE TABLE heal_skill_stats (
        encounter_id INTEGER NOT NULL,
        healer_id INTEGER NOT NULL,
        target_id INTEGER NOT NULL,
        skill_id INTEGER NOT NULL,
        total_value INTEGER DEFAULT 0 NOT NULL,
        hits INTEGER DEFAULT 0 NOT NULL,
        crit_hits INTEGER DEFAULT 0 NOT NULL,
        lucky_hits INTEGER DEFAULT 0 NOT NULL,
        crit_total INTEGER DEFAULT 0 NOT NULL,
        lucky_total INTEGER DEFAULT 0 NOT NULL,
        PRIMARY KEY (encounter_id, healer_id, target_id, skill_id),
        FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
    ) WITHOUT ROWID, STRICT
    """,
)


def upgrade() -> None:
    """Make all tables in an empty file."""
    for statement in _STATEMENTS:
        op.execute(statement)
