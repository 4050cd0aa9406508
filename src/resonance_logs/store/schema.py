"""The tables. Migrations create them; a test checks that both agree.

Every table of a fight has a primary key that begins with ``encounter_id``, and its rows are deleted
with the fight. Times are epoch milliseconds; flags are 0 or 1; in keys UNKNOWN (see events) stands
for null.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from resonance_logs.fights.counters import COUNTER_NAMES
from resonance_logs.fights.identity import DEFAULT_GAME, DEFAULT_RECORDER

metadata: Final = MetaData()

_int = BigInteger().with_variant(Integer, "sqlite")
_strict: Final[dict[str, Any]] = {"sqlite_strict": True}
_clustered: Final[dict[str, Any]] = {"sqlite_strict": True, "sqlite_with_rowid": False}


def _number(name: str) -> Column[int]:
    return Column(name, _int, nullable=False, server_default=text("0"))


def _recorder() -> Column[str]:
    return Column("recorder", Text, nullable=False, server_default=text(f"'{DEFAULT_RECORDER}'"))


def _game(*, is_key: bool = False) -> Column[str]:
    default = text(f"'{DEFAULT_GAME}'")
    return Column("game", Text, primary_key=is_key, nullable=False, server_default=default)


def _owner_key(name: str, owner: str) -> Column[int]:
    """A part of the key that refers to another row, and goes with it."""
    reference = ForeignKey(owner, ondelete="CASCADE")
    return Column(name, _int, reference, primary_key=True, autoincrement=False)


def _encounter_id() -> Column[int]:
    return _owner_key("encounter_id", "encounters.id")


def _key(name: str) -> Column[int]:
    return Column(name, _int, primary_key=True, autoincrement=False)


encounters: Final = Table(
    "encounters",
    metadata,
    Column("id", _int, primary_key=True),
    Column("started_at_ms", _int, nullable=False),
    Column("ended_at_ms", _int),
    Column("local_player_id", _int),
    Column("scene_id", _int),
    Column("scene_name", Text),
    _number("duration_ms"),
    _number("total_dmg"),
    _number("total_heal"),
    _number("is_favorite"),
    _number("is_defeated"),
    _number("damage_events"),
    _number("heal_events"),
    _number("journal_bytes"),
    Column("bosses", Text, nullable=False, server_default=text("'[]'")),
    Column("players", Text, nullable=False, server_default=text("'[]'")),
    _number("was_interrupted"),
    _number("rejected_events"),
    _number("lost_events"),
    Column("fingerprint", _int),
    Column("actors_checksum", _int),
    Column("damage_checksum", _int),
    Column("heals_checksum", _int),
    Column("bosses_checksum", _int),
    Column("attributes_checksum", _int),
    Column("note", Text),
    Column("tags", Text, nullable=False, server_default=text("'[]'")),
    _number("clock_jumped"),
    Column("unknown_dmg", _int),
    _recorder(),
    _game(),
    sqlite_autoincrement=True,
    **_strict,
)
"""One row per fight, with everything a list shows; ``ended_at_ms`` is null while it is open.

``bosses`` and ``players`` are JSON lists as the command's answer has them; ``is_defeated`` is 1
where any boss was; ``journal_bytes`` is what pruning the journal freed; ``was_interrupted`` is 1
where the recorder's end ended it; events that were ``rejected`` or ``lost`` (damaged) are counted.
The ``fingerprint`` and the checksums (see checksums) are null where they are not known. The
``note`` and the ``tags`` (a JSON list) are the users'. ``clock_jumped`` is 1 where the clock was
set back while the fight went on; ``unknown_dmg`` is the damage dealt to monsters by attackers that
are neither players nor named monsters, null where it is not known. ``recorder`` and ``game`` say
whose tasks the fight is made of, and what the ids in it mean.
"""

# Each covers a page or a count of fights, so that no row needs to be fetched for it.
for _name, _columns in (
    ("started", ("started_at_ms", "id", "duration_ms", "ended_at_ms")),
    ("duration", ("duration_ms", "id", "started_at_ms", "ended_at_ms")),
    ("total_dmg", ("total_dmg", "id", "started_at_ms", "duration_ms", "ended_at_ms")),
):
    Index(
        f"ix_encounters_{_name}",
        *(encounters.c[each] for each in _columns),
        sqlite_where=encounters.c.ended_at_ms.is_not(None),
    )
Index("ix_encounters_fingerprint", encounters.c.fingerprint)
Index("ix_encounters_open", encounters.c.id, sqlite_where=encounters.c.ended_at_ms.is_(None))

entities: Final = Table(
    "entities",
    metadata,
    _game(is_key=True),
    _key("entity_id"),
    Column("name", Text),
    Column("name_folded", Text),
    Column("class_id", _int),
    Column("class_spec", _int),
    Column("ability_score", _int),
    Column("level", _int),
    Column("attributes", Text),
    Column("first_seen_ms", _int, nullable=False),
    Column("last_seen_ms", _int, nullable=False),
    **_strict,
)
"""A row for each player of a game; null is unknown; ``name_folded`` is the name as fold_name makes
it.
"""

Index("ix_entities_last_seen", entities.c.last_seen_ms, entities.c.entity_id)


actor_encounter_stats: Final = Table(
    "actor_encounter_stats",
    metadata,
    _encounter_id(),
    _key("actor_id"),
    Column("name", Text),
    Column("class_id", _int),
    Column("class_spec", _int),
    Column("ability_score", _int),
    Column("level", _int),
    _number("is_player"),
    _number("is_local_player"),
    _number("active_time_ms"),
    *(_number(name) for name in COUNTER_NAMES),
    **_clustered,
)
"""One row per actor of a fight: updated about once a second while it is open, final at its end."""

Index(
    "ix_actor_encounter_stats_player",
    actor_encounter_stats.c.actor_id,
    actor_encounter_stats.c.encounter_id,
    sqlite_where=actor_encounter_stats.c.is_player == text("1"),
)

actor_attributes: Final = Table(
    "actor_attributes",
    metadata,
    _encounter_id(),
    _key("actor_id"),
    Column("attributes", Text, nullable=False),
    **_strict,
)
"""The players' attributes (JSON text) as known at the end of the fight."""

damage_skill_stats: Final = Table(
    "damage_skill_stats",
    metadata,
    _encounter_id(),
    _key("attacker_id"),
    _key("defender_id"),
    _key("skill_id"),
    *(
        _number(name)
        for name in (
            "total_value",
            "hits",
            "crit_hits",
            "lucky_hits",
            "crit_total",
            "lucky_total",
            "hp_loss_total",
            "shield_loss_total",
        )
    ),
    **_clustered,
)

heal_skill_stats: Final = Table(
    "heal_skill_stats",
    metadata,
    _encounter_id(),
    _key("healer_id"),
    _key("target_id"),
    _key("skill_id"),
    *(
        _number(name)
        for name in (
            "total_value",
            "hits",
            "crit_hits",
            "lucky_hits",
            "crit_total",
            "lucky_total",
        )
    ),
    **_clustered,
)

encounter_bosses: Final = Table(
    "encounter_bosses",
    metadata,
    _encounter_id(),
    Column("monster_name", Text, primary_key=True),
    _number("hits"),
    _number("total_damage"),
    Column("max_hp", _int),
    _number("is_defeated"),
    **_clustered,
)

encounter_journal: Final = Table(
    "encounter_journal",
    metadata,
    _encounter_id(),
    _key("chunk"),
    Column("events", _int, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("position", _int),
    Column("party", Text),
    **_strict,
)
"""What each batch added to an open fight, in order; empty once it has ended.

Its raw events, the recorder's ``position`` after the batch (null in rows of older versions), and
the ids of the players who joined the ``party`` (a JSON list; null where none did).
"""

encounter_archives: Final = Table(
    "encounter_archives",
    metadata,
    Column("encounter_id", _int, ForeignKey("encounters.id", ondelete="CASCADE"), primary_key=True),
    Column("events", _int, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    **_strict,
)
"""All events of an ended fight as one compressed value (see archive)."""

facet_values: Final = Table(
    "facet_values",
    metadata,
    Column("value_id", _int, primary_key=True),
    _game(),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("folded", Text, nullable=False),
    UniqueConstraint("kind", "value", "game", name="uq_facet_values"),
    sqlite_autoincrement=True,
    **_strict,
)
"""What fights of a game can be filtered by: (kind, value), as (boss, its name); ``folded`` is the
value as fold_name makes it.
"""

facet_encounters: Final = Table(
    "facet_encounters",
    metadata,
    _owner_key("value_id", "facet_values.value_id"),
    _key("block"),
    Column("encounters", LargeBinary, nullable=False),
    **_clustered,
)
"""The ended fights that have a value: one set per block of ids that has any (see idsets)."""

outdated_figures: Final = Table(
    "outdated_figures",
    metadata,
    _encounter_id(),
    **_strict,
)
"""Fights whose figures follow an older rule; they are computed again when recording begins."""

rejected_tasks: Final = Table(
    "rejected_tasks",
    metadata,
    Column("id", _int, primary_key=True),
    Column("rejected_at_ms", _int, nullable=False),
    Column("task", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("encounter_id", _int),
    _recorder(),
    _game(),
    sqlite_autoincrement=True,
    **_strict,
)
"""Rejected tasks, as JSON (or as Python's repr), each with its error.

``encounter_id`` is the fight that an event would belong to; it may have been deleted since.
"""

Index("ix_rejected_tasks_encounter", rejected_tasks.c.encounter_id)

recorder_runs: Final = Table(
    "recorder_runs",
    metadata,
    Column("id", _int, primary_key=True),
    Column("started_at_ms", _int, nullable=False),
    Column("ended_at_ms", _int),
    Column("version", Text, nullable=False),
    Column("pid", _int, nullable=False),
    _number("spill_read"),
    Column("seen_at_ms", _int),
    _number("written"),
    _number("queued"),
    _number("rejected"),
    Column("fault", Text),
    sqlite_autoincrement=True,
    **_strict,
)
"""The recorder's runs; one that was interrupted has no end.

``spill_read`` is 1 once the tasks that the run could not write have been read. About once a second
of recording, the time (``seen_at_ms``), the numbers of tasks ``written``, ``rejected`` and
``queued``, and the last ``fault`` of writing are updated.
"""

catalog_names: Final = Table(
    "catalog_names",
    metadata,
    _game(is_key=True),
    Column("kind", Text, primary_key=True),
    _key("id"),
    Column("name", Text, nullable=False),
    **_clustered,
)
"""Names by id in a game, of kind ``skill`` or ``scene``."""

recorders: Final = Table(
    "recorders",
    metadata,
    Column("id", _int, primary_key=True),
    Column("name", Text, nullable=False),
    _game(),
    _number("position"),
    _number("can_resume"),
    Column("seen_at_ms", _int),
    Column("strays", LargeBinary),
    UniqueConstraint("name", name="uq_recorders"),
    **_strict,
)
"""The recorders: each sends a stream of tasks of its own.

``position`` is the number of tasks accepted so far; while a fight is open, the journal may know a
higher one. ``can_resume`` is 1 where the sender says at which position its tasks begin, so that it
can continue a fight after an interruption; then ``strays`` has the events held outside any fight.
``seen_at_ms`` is when its tasks were last written.
"""

recorder_inputs: Final = Table(
    "recorder_inputs",
    metadata,
    _owner_key("recorder_id", "recorders.id"),
    _key("position"),
    Column("input", Text, nullable=False),
    Column("input_position", _int, nullable=False),
    **_strict,
)
"""Which input a recorder's tasks come from.

From ``position`` on, up to the next row, they are those of ``input`` (its fingerprint) from the
task ``input_position`` of it on.
"""
