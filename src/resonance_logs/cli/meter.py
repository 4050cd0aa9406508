"""The progress bar of reading, by bytes; only on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Self

from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from resonance_logs.cli.render import print_error, safe

if TYPE_CHECKING:
    from rich.console import Console

    from resonance_logs.sources.task_source import TaskSource


class Meter:
    """Shows how much of the sources has been read; printed lines appear above the bar."""

    def __init__(self, console: Console, sources: Sequence[TaskSource], *, hidden: bool) -> None:
        self._quiet = hidden
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[tasks]:,} tasks"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=hidden or not console.is_terminal,
        )
        sizes = [source.size_bytes for source in sources]
        known = [size for size in sizes if size is not None]
        total = sum(known) if len(known) == len(sizes) else None
        self._bar = self._progress.add_task("", total=total, tasks=0)
        self._before = 0
        self._read = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the bar."""
        self._progress.stop()

    def begin(self, source: TaskSource) -> None:
        """Start on the next source."""
        self._before += self._read
        self._read = 0
        name = _escaped(safe(PurePath(source.name).name or source.name))
        self._progress.update(self._bar, description=name)

    def advance(self, bytes_read: int, tasks: int) -> None:
        """Show the bytes read of this source, and the total number of tasks."""
        self._read = bytes_read
        self._progress.update(self._bar, completed=self._before + bytes_read, tasks=tasks)

    def print_line(self, line: str) -> None:
        """Print a line to standard error, unless quiet."""
        if self._quiet:
            return
        if self._progress.disable:
            print_error(line)
        else:
            self._console.print(line, soft_wrap=True)


def _escaped(text: str) -> str:
    """Escape the text for a column that parses markup."""
    from rich.markup import escape

    return escape(text)
