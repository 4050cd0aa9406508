"""Checksums of ended fights, and what a run notes of itself while it goes on."""

import hashlib

import msgspec
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_CHECKSUMS = ("actors", "damage", "heals", "bosses", "attributes")
_FINGERPRINTED = (
    "started_at_ms, ended_at_ms, local_player_id, scene_id, scene_name, duration_ms, total_dmg, "
    "total_heal, is_defeated, damage_events, heal_events, bosses, players, was_interrupted, "
    "rejected_events, lost_events"
)
_AT_ONCE = 10_000


def upgrade() -> None:
    """Fights so far get a fingerprint; their figures have no checksum."""
    op.execute("ALTER TABLE encounters ADD COLUMN fingerprint INTEGER")
    for name in _CHECKSUMS:
        op.execute(f"ALTER TABLE encounters ADD COLUMN {name}_checksum INTEGER")
    for column in ("seen_at_ms INTEGER", "written INTEGER DEFAULT 0 NOT NULL"):
        op.execute(f"ALTER TABLE recorder_runs ADD COLUMN {column}")
    for column in ("queued", "rejected"):
        op.execute(f"ALTER TABLE recorder_runs ADD COLUMN {column} INTEGER DEFAULT 0 NOT NULL")
    op.execute("ALTER TABLE recorder_runs ADD COLUMN fault TEXT")
    _fingerprint_all()
    op.execute("CREATE INDEX ix_encounters_fingerprint ON encounters (fingerprint)")


def _fingerprint_all() -> None:
    connection = op.get_bind()
    last = -1
    while rows := connection.exec_driver_sql(
        f"SELECT id, {_FINGERPRINTED} FROM encounters "  # noqa: S608
        "WHERE ended_at_ms IS NOT NULL AND id > ? ORDER BY id LIMIT ?",
        (last, _AT_ONCE),
    ).all():
        last = rows[-1][0]
        connection.exec_driver_sql(
            "UPDATE encounters SET fingerprint = ? WHERE id = ?",
            [(_fingerprint(row[1:]), row[0]) for row in rows],
        )


def _fingerprint(row: tuple[object, ...]) -> int:
    """As store.checksums had it when this was written."""
    digest = hashlib.blake2b(msgspec.msgpack.encode(list(row)), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
