"""Collect events from tasks into columns: every recorded event passes through here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from resonance_logs.errors import InvalidTask
from resonance_logs.fights.events import Events
from resonance_logs.fights.kinds import KINDS
from resonance_logs.fights.kinds.kind import Gatherer

CHUNK_TASKS: Final = 4_000
"""Tasks processed at a time: about as many as fit the processor's cache."""


def collect_events(tasks: Sequence[object]) -> Events:
    """The events of the tasks, in order within each kind; other tasks are passed over.

    Raises:
        InvalidTask: a field has a wrong type or is out of range.
    """
    gatherers: dict[int, Gatherer] = {}
    try:
        for start in range(0, len(tasks), CHUNK_TASKS):
            _gather(tasks[start : start + CHUNK_TASKS], gatherers)
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise InvalidTask(str(error)) from error
    return Events(
        *(
            gatherers[number].columns() if number in gatherers else kind.empty()
            for number, kind in KINDS.items()
        )
    )


def _gather(tasks: Sequence[object], gatherers: dict[int, Gatherer]) -> None:
    """Add the events among the tasks; a kind that does not occur gets no gatherer."""
    left = len(tasks)
    for number, kind in KINDS.items():
        if not left:
            return
        task_type = kind.TASK
        found = [task for task in tasks if type(task) is task_type]
        if found:
            left -= len(found)
            if number not in gatherers:
                gatherers[number] = kind.gatherer()
            gatherers[number].add(found)
