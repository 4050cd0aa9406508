"""Replay tasks into a database at the pace of their timestamps, sped up, and show progress."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from resonance_logs.cli.fights import party_table, scene_of
from resonance_logs.cli.render import duration
from resonance_logs.sources.simulation import stream_time_ms

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from resonance_logs.database import Database
    from resonance_logs.tasks import Task

MAX_GAP_MS: Final = 3_000
"""Longer pauses between fights are shortened to this."""

STEP_SECONDS: Final = 0.02
STANDINGS_SECONDS: Final = 0.3
STANDINGS: Final = 5


def replay(database: Database, tasks: Sequence[Task], console: Console, seconds: float) -> None:
    """Enqueue the tasks in order, spread over ``seconds`` in proportion to their timestamps."""
    progress = Progress(
        TextColumn("recording"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,} tasks"),
        console=console,
    )
    bar = progress.add_task("", total=len(tasks))
    with Live(console=console, transient=True, auto_refresh=console.is_terminal) as live:
        next_look = 0.0
        for done, elapsed in _enqueue_paced(database, tasks, seconds):
            progress.update(bar, completed=done)
            if console.is_terminal and elapsed >= next_look:
                live.update(Group(progress, *_standings(database)))
                next_look = elapsed + STANDINGS_SECONDS


def _enqueue_paced(
    database: Database, tasks: Sequence[Task], seconds: float
) -> Iterator[tuple[int, float]]:
    """Enqueue each task when due; yields how many are done, and the time elapsed."""
    due = _due_times(tasks, seconds)
    started = time.monotonic()
    done = 0
    while done < len(tasks):
        elapsed = time.monotonic() - started
        while done < len(tasks) and due[done] <= elapsed:
            database.enqueue(tasks[done])
            done += 1
        yield done, elapsed
        if done < len(tasks):
            time.sleep(max(STEP_SECONDS, due[done] - elapsed) if seconds else 0)


def _due_times(tasks: Sequence[Task], seconds: float) -> list[float]:
    """When each task is due, in seconds: long gaps are shortened, then everything is scaled."""
    played = 0
    before: int | None = None
    times = []
    for task in tasks:
        now = stream_time_ms(task)
        if before is not None:
            played += min(max(now - before, 0), MAX_GAP_MS)
        before = now if before is None else max(before, now)
        times.append(played)
    scale = seconds / played if played else 0.0
    return [each * scale for each in times]


def _standings(database: Database) -> Iterator[RenderableType]:
    """The current standings of the open fight."""
    fight = database.commands.get_live_encounter(database.own_recorder.name)
    if fight is None or not fight.actors:
        yield "between fights"
        return
    yield f"fight {fight.id}  {scene_of(fight)}  {duration(fight.duration)}"
    yield party_table(fight, STANDINGS)
