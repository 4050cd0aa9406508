BEGIN TRANSACTION;
CREATE TABLE actor_attributes (
        encounter_id INTEGER NOT NULL,
        actor_id INTEGER NOT NULL,
        attributes TEXT NOT NULL,
        PRIMARY KEY (encounter_id, actor_id),
        FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
    ) STRICT
    ;
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
    ;
INSERT INTO "actor_encounter_stats" VALUES(1,7,'Aoi',1,NULL,NULL,NULL,1,1,1000,30,3,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,30,3,0,0,0,0);
INSERT INTO "actor_encounter_stats" VALUES(1,900,'Boss',NULL,NULL,NULL,NULL,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0008');
CREATE TABLE catalog_names (
        game TEXT DEFAULT 'bpsr' NOT NULL,
        kind TEXT NOT NULL,
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (game, kind, id)
    ) WITHOUT ROWID, STRICT
    ;
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
    ;
INSERT INTO "damage_skill_stats" VALUES(1,7,900,-1,30,3,0,0,0,0,0,0);
CREATE TABLE encounter_archives (
        encounter_id INTEGER NOT NULL,
        events INTEGER NOT NULL,
        payload BLOB NOT NULL,
        PRIMARY KEY (encounter_id),
        FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
    ) STRICT
    ;
INSERT INTO "encounter_archives" VALUES(1,3,X'524C4101CC0506E05200000028B52FFD60000045020012040C17C0A735D67BFFAFAAA26BE94A7DBDFF7F2DE2B5B6DC32054A99F9FF203C7F05FE525EF240292104321EB4A7F8997D090920602BF3B204E089FAB0375A77C7C75D2226942F');
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
    ;
INSERT INTO "encounter_bosses" VALUES(1,'Boss',3,30,NULL,1);
CREATE TABLE encounter_journal (
        encounter_id INTEGER NOT NULL,
        chunk INTEGER NOT NULL,
        events INTEGER NOT NULL,
        payload BLOB NOT NULL, position INTEGER, party TEXT,
        PRIMARY KEY (encounter_id, chunk),
        FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
    ) STRICT
    ;
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
    , was_interrupted INTEGER DEFAULT 0 NOT NULL, rejected_events INTEGER DEFAULT 0 NOT NULL, lost_events INTEGER DEFAULT 0 NOT NULL, fingerprint INTEGER, actors_checksum INTEGER, damage_checksum INTEGER, heals_checksum INTEGER, bosses_checksum INTEGER, attributes_checksum INTEGER, note TEXT, tags TEXT DEFAULT '[]' NOT NULL, clock_jumped INTEGER DEFAULT 0 NOT NULL, unknown_dmg INTEGER, recorder TEXT DEFAULT 'default' NOT NULL, game TEXT DEFAULT 'bpsr' NOT NULL) STRICT
    ;
INSERT INTO "encounters" VALUES(1,1000,3000,7,NULL,'Tina''s Court',2000,30,0,0,1,3,0,0,'[{"monsterName": "Boss", "maxHp": null, "isDefeated": true}]','[{"name": "Aoi", "classId": 1, "isLocalPlayer": true}]',0,0,0,-8036430555018394254,2176575071,450263691,571309257,1889981845,571309257,NULL,'[]',0,0,'default','bpsr');
CREATE TABLE entities (
        game TEXT DEFAULT 'bpsr' NOT NULL,
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
        PRIMARY KEY (game, entity_id)
    ) STRICT
    ;
INSERT INTO "entities" VALUES('bpsr',7,'Aoi','aoi',1,NULL,NULL,NULL,NULL,1000,1000);
CREATE TABLE facet_encounters (
        value_id INTEGER NOT NULL,
        block INTEGER NOT NULL,
        encounters BLOB NOT NULL,
        PRIMARY KEY (value_id, block),
        FOREIGN KEY(value_id) REFERENCES facet_values (value_id) ON DELETE CASCADE
    ) WITHOUT ROWID, STRICT
    ;
INSERT INTO "facet_encounters" VALUES(1,0,X'3A3000000100000000000000100000000100');
INSERT INTO "facet_encounters" VALUES(2,0,X'3A3000000100000000000000100000000100');
INSERT INTO "facet_encounters" VALUES(3,0,X'3A3000000100000000000000100000000100');
INSERT INTO "facet_encounters" VALUES(4,0,X'3A3000000100000000000000100000000100');
INSERT INTO "facet_encounters" VALUES(5,0,X'3A3000000100000000000000100000000100');
INSERT INTO "facet_encounters" VALUES(6,0,X'3A3000000100000000000000100000000100');
CREATE TABLE facet_values (
        value_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        game TEXT DEFAULT 'bpsr' NOT NULL,
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        folded TEXT NOT NULL,
        CONSTRAINT uq_facet_values UNIQUE (kind, value, game)
    ) STRICT
    ;
INSERT INTO "facet_values" VALUES(1,'bpsr','boss','Boss','boss');
INSERT INTO "facet_values" VALUES(2,'bpsr','class','1','1');
INSERT INTO "facet_values" VALUES(3,'bpsr','outcome','1','1');
INSERT INTO "facet_values" VALUES(4,'bpsr','player','Aoi','aoi');
INSERT INTO "facet_values" VALUES(5,'bpsr','recorder','default','default');
INSERT INTO "facet_values" VALUES(6,'bpsr','scene','Tina''s Court','tina''s court');
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
    ;
CREATE TABLE outdated_figures (
            encounter_id INTEGER NOT NULL,
            PRIMARY KEY (encounter_id),
            FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
        ) STRICT
        ;
CREATE TABLE recorder_inputs (
        recorder_id INTEGER NOT NULL,
        position INTEGER NOT NULL,
        input TEXT NOT NULL,
        input_position INTEGER NOT NULL,
        PRIMARY KEY (recorder_id, position),
        FOREIGN KEY(recorder_id) REFERENCES recorders (id) ON DELETE CASCADE
    ) STRICT
    ;
CREATE TABLE recorder_runs (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            started_at_ms INTEGER NOT NULL,
            ended_at_ms INTEGER,
            version TEXT NOT NULL,
            pid INTEGER NOT NULL,
            spill_read INTEGER DEFAULT 0 NOT NULL
        , seen_at_ms INTEGER, written INTEGER DEFAULT 0 NOT NULL, queued INTEGER DEFAULT 0 NOT NULL, rejected INTEGER DEFAULT 0 NOT NULL, fault TEXT) STRICT
        ;
INSERT INTO "recorder_runs" VALUES(1,1795631433082,1795631433160,'0.1.0',31111,0,1795631433159,6,0,0,NULL);
CREATE TABLE recorders (
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        game TEXT DEFAULT 'bpsr' NOT NULL,
        position INTEGER DEFAULT 0 NOT NULL,
        can_resume INTEGER DEFAULT 0 NOT NULL,
        seen_at_ms INTEGER,
        strays BLOB,
        PRIMARY KEY (id),
        CONSTRAINT uq_recorders UNIQUE (name)
    ) STRICT
    ;
INSERT INTO "recorders" VALUES(1,'default','bpsr',6,0,1795631433136,NULL);
CREATE TABLE rejected_tasks (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        rejected_at_ms INTEGER NOT NULL,
        task TEXT NOT NULL,
        error TEXT NOT NULL
    , encounter_id INTEGER, recorder TEXT DEFAULT 'default' NOT NULL, game TEXT DEFAULT 'bpsr' NOT NULL) STRICT
    ;
CREATE INDEX ix_encounters_open ON encounters (id) WHERE ended_at_ms IS NULL;
CREATE INDEX ix_encounters_started ON encounters (started_at_ms, id, duration_ms, ended_at_ms) WHERE ended_at_ms IS NOT NULL;
CREATE INDEX ix_encounters_duration ON encounters (duration_ms, id, started_at_ms, ended_at_ms) WHERE ended_at_ms IS NOT NULL;
CREATE INDEX ix_encounters_total_dmg ON encounters (total_dmg, id, started_at_ms, duration_ms, ended_at_ms) WHERE ended_at_ms IS NOT NULL;
CREATE INDEX ix_rejected_tasks_encounter ON rejected_tasks (encounter_id);
CREATE INDEX ix_encounters_fingerprint ON encounters (fingerprint);
CREATE INDEX ix_actor_encounter_stats_player ON actor_encounter_stats (actor_id, encounter_id) WHERE is_player = 1;
CREATE INDEX ix_entities_last_seen ON entities (last_seen_ms, entity_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('facet_values',6);
INSERT INTO "sqlite_sequence" VALUES('recorder_runs',1);
INSERT INTO "sqlite_sequence" VALUES('encounters',1);
COMMIT;
