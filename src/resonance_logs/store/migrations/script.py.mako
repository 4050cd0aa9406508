"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring a file of the version before to this one."""
    ${upgrades if upgrades else "raise RuntimeError('write the migration')"}
