"""What is known of a fight's completeness, and of the recorder's runs."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Fights so far are taken for complete; nothing was noted of them."""
    for column in ("was_interrupted", "rejected_events", "lost_events"):
        op.execute(f"ALTER TABLE encounters ADD COLUMN {column} INTEGER DEFAULT 0 NOT NULL")
    op.execute("ALTER TABLE rejected_tasks ADD COLUMN encounter_id INTEGER")
    op.execute("CREATE INDEX ix_rejected_tasks_encounter ON rejected_tasks (encounter_id)")
    op.execute(
        """
        CREATE TABLE recorder_runs (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            started_at_ms INTEGER NOT NULL,
            ended_at_ms INTEGER,
            version TEXT NOT NULL,
            pid INTEGER NOT NULL,
            spill_read INTEGER DEFAULT 0 NOT NULL
        ) STRICT
        """
    )
