"""Recorders with a position of their own, and games: players, names and facets belong to one."""

from collections import defaultdict

from alembic import op
from pyroaring import BitMap

from resonance_logs.errors import DamagedDatabase

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_RECORDER = "recorder TEXT DEFAULT 'default' NOT NULL"
_GAME = "game TEXT DEFAULT 'bpsr' NOT NULL"

_NEW = (
    f"ALTER TABLE encounters ADD COLUMN {_RECORDER}",
    f"ALTER TABLE encounters ADD COLUMN {_GAME}",
    f"ALTER TABLE rejected_tasks ADD COLUMN {_RECORDER}",
    f"ALTER TABLE rejected_tasks ADD COLUMN {_GAME}",
    "ALTER TABLE encounter_journal ADD COLUMN position INTEGER",
    "ALTER TABLE encounter_journal ADD COLUMN party TEXT",
    f"""
    CREATE TABLE recorders (
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        {_GAME},
        position INTEGER DEFAULT 0 NOT NULL,
        can_resume INTEGER DEFAULT 0 NOT NULL,
        seen_at_ms INTEGER,
        strays BLOB,
        PRIMARY KEY (id),
        CONSTRAINT uq_recorders UNIQUE (name)
    ) STRICT
    """,
    """
    CREATE TABLE recorder_inputs (
        recorder_id INTEGER NOT NULL,
        position INTEGER NOT NULL,
        input TEXT NOT NULL,
        input_position INTEGER NOT NULL,
        PRIMARY KEY (recorder_id, position),
        FOREIGN KEY(recorder_id) REFERENCES recorders (id) ON DELETE CASCADE
    ) STRICT
    """,
)

_PLAYERS = (
    "DROP INDEX ix_entities_last_seen",
    "ALTER TABLE entities RENAME TO old_entities",
    f"""
    CREATE TABLE entities (
        {_GAME},
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
    """,
    """
    INSERT INTO entities (
        entity_id, name, name_folded, class_id, class_spec, ability_score, level, attributes,
        first_seen_ms, last_seen_ms
    )
    SELECT
        entity_id, name, name_folded, class_id, class_spec, ability_score, level, attributes,
        first_seen_ms, last_seen_ms
    FROM old_entities ORDER BY entity_id
    """,
    "DROP TABLE old_entities",
    "CREATE INDEX ix_entities_last_seen ON entities (last_seen_ms, entity_id)",
)

_NAMES = (
    "ALTER TABLE catalog_names RENAME TO old_catalog_names",
    f"""
    CREATE TABLE catalog_names (
        {_GAME},
        kind TEXT NOT NULL,
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (game, kind, id)
    ) WITHOUT ROWID, STRICT
    """,
    "INSERT INTO catalog_names (kind, id, name) SELECT kind, id, name FROM old_catalog_names",
    "DROP TABLE old_catalog_names",
)

# The sets go first: deleting the values that they refer to would delete them.
_FACETS = (
    "ALTER TABLE facet_encounters RENAME TO old_facet_encounters",
    "ALTER TABLE facet_values RENAME TO old_facet_values",
    f"""
    CREATE TABLE facet_values (
        value_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        {_GAME},
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        folded TEXT NOT NULL,
        CONSTRAINT uq_facet_values UNIQUE (kind, value, game)
    ) STRICT
    """,
    """
    CREATE TABLE facet_encounters (
        value_id INTEGER NOT NULL,
        block INTEGER NOT NULL,
        encounters BLOB NOT NULL,
        PRIMARY KEY (value_id, block),
        FOREIGN KEY(value_id) REFERENCES facet_values (value_id) ON DELETE CASCADE
    ) WITHOUT ROWID, STRICT
    """,
    """
    INSERT INTO facet_values (value_id, kind, value, folded)
    SELECT value_id, kind, value, folded FROM old_facet_values
    """,
    "INSERT INTO facet_encounters SELECT value_id, block, encounters FROM old_facet_encounters",
    "DROP TABLE old_facet_encounters",
    "DROP TABLE old_facet_values",
)


def upgrade() -> None:
    """Everything so far is the default recorder's, and of its game.

    Raises:
        DamagedDatabase: a stored set is damaged.
    """
    for statement in (*_NEW, *_PLAYERS, *_NAMES, *_FACETS):
        op.execute(statement)
    _add_recorder_facet()


def _add_recorder_facet() -> None:
    """List every ended fight, each of which has an outcome, under the default recorder."""
    connection = op.get_bind()
    outcomes = connection.exec_driver_sql(
        "SELECT block, encounters FROM facet_encounters JOIN facet_values USING (value_id) "
        "WHERE kind = 'outcome'"
    ).all()
    blocks: defaultdict[int, BitMap] = defaultdict(BitMap)
    for block, stored in outcomes:
        blocks[block] |= _read(block, stored)
    if not blocks:
        return
    connection.exec_driver_sql(
        "INSERT INTO facet_values (kind, value, folded) VALUES ('recorder', 'default', 'default')"
    )
    for block, offsets in sorted(blocks.items()):
        offsets.run_optimize()
        connection.exec_driver_sql(
            "INSERT INTO facet_encounters (value_id, block, encounters) "
            "SELECT value_id, ?, ? FROM facet_values WHERE kind = 'recorder'",
            (block, offsets.serialize()),
        )


def _read(block: int, stored: bytes) -> BitMap:
    """A set in the format of 0006."""
    try:
        return BitMap.deserialize(stored)
    except (ValueError, IndexError) as error:
        raise DamagedDatabase(f"a set of fights of block {block} cannot be read") from error
