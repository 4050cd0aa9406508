"""The progress bar of reading, by bytes; on a terminal only."""

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

from resonance_logs.cli.render import safe, say

if TYPE_CHECKING:
    from rich.console import Console

    from resonance_logs.sources import TaskSource


class Meter:
    """Shows how much of the sources is read; lines said meanwhile stand above the bar."""

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
        """Take the bar away."""
        self._progress.stop()

    def begin(self, source: TaskSource) -> None:
        """The next source is read from now on."""
        self._before += self._read
        self._read = 0
        name = _escaped(safe(PurePath(source.name).name or source.name))
        self._progress.update(self._bar, description=name)

    def advance(self, bytes_read: int, tasks: int) -> None:
        """So many bytes of this source are read, so many tasks in all."""
        self._read = bytes_read
        self._progress.update(self._bar, completed=self._before + bytes_read, tasks=tasks)

    def say(self, line: str) -> None:
        """Write a line to standard error, unless all should be silent."""
        if self._quiet:
            return
        if self._progress.disable:
            say(line)
        else:
            self._console.print(line, soft_wrap=True)


def _escaped(text: str) -> str:
    """The same text for a column that reads markup."""
    from rich.markup import escape

    return escape(text)
