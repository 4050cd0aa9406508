"""Resonance Logs, a combat-log database: enqueue tasks to record fights, run commands to query
them.

::

    from resonance_logs import BeginEncounter, Database, EndEncounter, InsertDamageEvent

    with Database.open() as db:
        db.enqueue(BeginEncounter(started_at_ms=1_000))
        db.enqueue(InsertDamageEvent(timestamp_ms=1_200, attacker_id=7, value=250))
        db.enqueue(EndEncounter(ended_at_ms=9_000))
        db.flush()
        print(db.commands.get_recent_encounters(limit=10, offset=0).rows)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from resonance_logs.database import Database
    from resonance_logs.errors import (
        AlreadyRecording,
        AlteredDatabase,
        BackupError,
        CommandError,
        CorruptArchive,
        DamagedDatabase,
        DatabaseClosed,
        DatabaseError,
        DatabaseMoved,
        DatabaseUnavailable,
        FlushTimeout,
        InputError,
        InvalidArgument,
        InvalidTask,
        NewerDatabase,
        NotADatabase,
        NotFound,
        PositionGap,
        QueueFull,
        ReadOnly,
        ReadOnlyDatabase,
        RecorderBusy,
        RecordingError,
        ResonanceLogsError,
        Unavailable,
    )
    from resonance_logs.exports.fight_files import ExportReport, ImportReport
    from resonance_logs.recording.recorder import Recorder
    from resonance_logs.recording.stats import Stats
    from resonance_logs.settings import Durability, Settings
    from resonance_logs.tasks import (
        BeginEncounter,
        EndEncounter,
        InsertDamageEvent,
        InsertHealEvent,
        Task,
        UpsertEntity,
        decode_task,
        encode_task,
    )

_EXPORTS = {
    "database": ("Database",),
    "exports.fight_files": ("ExportReport", "ImportReport"),
    "recording.recorder": ("Recorder",),
    "recording.stats": ("Stats",),
    "settings": ("Durability", "Settings"),
    "tasks": (
        "BeginEncounter",
        "EndEncounter",
        "InsertDamageEvent",
        "InsertHealEvent",
        "Task",
        "UpsertEntity",
        "decode_task",
        "encode_task",
    ),
    "errors": (
        "AlreadyRecording",
        "AlteredDatabase",
        "AlteredDatabase",
        "BackupError",
        "CommandError",
        "CorruptArchive",
        "DamagedDatabase",
        "DatabaseClosed",
        "DatabaseError",
        "DatabaseMoved",
        "DatabaseUnavailable",
        "FlushTimeout",
        "InputError",
        "InvalidArgument",
        "InvalidTask",
        "NewerDatabase",
        "NotADatabase",
        "NotFound",
        "PositionGap",
        "QueueFull",
        "ReadOnly",
        "ReadOnlyDatabase",
        "RecorderBusy",
        "RecordingError",
        "ResonanceLogsError",
        "Unavailable",
    ),
}
_MODULE_OF = {name: home for home, names in _EXPORTS.items() for name in names}

__all__ = [  # noqa: RUF022 - in order of importance
    "Database",
    "Recorder",
    "Settings",
    "Durability",
    "Stats",
    "ExportReport",
    "ImportReport",
    "Task",
    "BeginEncounter",
    "EndEncounter",
    "UpsertEntity",
    "InsertDamageEvent",
    "InsertHealEvent",
    "decode_task",
    "encode_task",
    "ResonanceLogsError",
    "DatabaseError",
    "DatabaseMoved",
    "DatabaseUnavailable",
    "AlreadyRecording",
    "AlteredDatabase",
    "ReadOnlyDatabase",
    "NotADatabase",
    "NewerDatabase",
    "DamagedDatabase",
    "BackupError",
    "CorruptArchive",
    "RecordingError",
    "QueueFull",
    "ReadOnly",
    "FlushTimeout",
    "InvalidTask",
    "RecorderBusy",
    "PositionGap",
    "DatabaseClosed",
    "InputError",
    "CommandError",
    "NotFound",
    "InvalidArgument",
    "Unavailable",
]


def __getattr__(name: str) -> Any:
    """Import an exported name on first use, so that the command line's help does not load numpy."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    """Include names that are not imported yet, for ``dir()``, ``help()`` and completion."""
    return sorted({*globals(), *__all__})
