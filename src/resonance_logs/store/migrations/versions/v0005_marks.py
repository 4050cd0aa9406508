"""What users write to a fight, its note and its tags; and each player's fights by an index."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Fights so far have neither note nor tags."""
    op.execute("ALTER TABLE encounters ADD COLUMN note TEXT")
    op.execute("ALTER TABLE encounters ADD COLUMN tags TEXT DEFAULT '[]' NOT NULL")
    op.execute(
        "CREATE INDEX ix_actor_encounter_stats_player "
        "ON actor_encounter_stats (actor_id, encounter_id) WHERE is_player = 1"
    )
