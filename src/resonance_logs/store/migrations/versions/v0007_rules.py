"""Marks of a clock that was set back and of unknown attackers; figures of damage to oneself."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Damage to oneself is no longer dealt: the fights that have any are to be computed again."""
    op.execute("ALTER TABLE encounters ADD COLUMN clock_jumped INTEGER DEFAULT 0 NOT NULL")
    op.execute("ALTER TABLE encounters ADD COLUMN unknown_dmg INTEGER")
    op.execute(
        """
        CREATE TABLE outdated_figures (
            encounter_id INTEGER NOT NULL,
            PRIMARY KEY (encounter_id),
            FOREIGN KEY(encounter_id) REFERENCES encounters (id) ON DELETE CASCADE
        ) STRICT
        """
    )
    op.execute(
        """
        INSERT INTO outdated_figures (encounter_id)
        SELECT DISTINCT encounter_id FROM damage_skill_stats WHERE attacker_id = defender_id
        """
    )
