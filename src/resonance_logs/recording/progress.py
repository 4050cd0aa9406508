"""What the thread that writes has done so far."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """The thread's counters, for ``Database.stats``."""

    written: int = 0
    batches: int = 0
    batch_seconds: float = 0.0
    """Time spent writing batches."""
    retries: int = 0
    rejected: int = 0
    last_error: str | None = None
    fault: str | None = None
    """Why nothing can be written at present."""
    damage: str | None = None
    """Damage of the file that was met, with what became of it; as ``recorder_runs`` notes it."""
    last_commit_at_ms: int | None = None
