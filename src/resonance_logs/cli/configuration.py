"""The settings of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from resonance_logs.settings import Configuration

QUEUE_TASKS: Final = 40_000
"""Two of the writer's largest batches: as fast as a longer queue, and saves 60 MB."""


def configuration() -> Configuration:
    """Load the current settings for recording from the command line.

    Raises:
        InputError: a setting is unknown or invalid.
    """
    from resonance_logs.settings import Configuration

    return Configuration.load(queue_tasks=QUEUE_TASKS)
