"""The program under torture: a separate process that reports its progress in lines."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

ROOT: Final = Path(__file__).parents[1]
PATIENCE_S: Final = 120.0
"""Without the expected line for this long, something hangs."""


class ChildFailed(Exception):
    """A child ended or printed nothing when a line was expected."""


class Child:
    """A module run as a program; killed at the end of the ``with`` block."""

    def __init__(
        self,
        module: str,
        *arguments: object,
        within: Sequence[str] = (),
        package: str = "torture.",
        with_errors: bool = False,
    ) -> None:
        """Start the module of ``package``; ``within`` is the command that runs it.

        ``with_errors`` also reads what it prints to standard error.
        """
        self.output: list[str] = []
        """All lines read so far."""
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [*within, sys.executable, "-m", f"{package}{module}", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if with_errors else subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send the child a signal."""
        self._process.send_signal(number)

    def wait_for(self, word: str) -> str:
        """Read until a line begins with ``word``; returns the rest of that line.

        Raises:
            ChildFailed: the child ended first, or printed nothing for too long.
        """
        return self.wait_until(lambda line: line.split(" ", 1)[0] == word, word)

    def wait_until(self, is_it: Callable[[str], bool], what: str) -> str:
        """Read until a line matches; returns what follows its first word."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise ChildFailed(f"silent for {PATIENCE_S} s, not {what!r}; {self.last}") from None
            if line is None:
                self._lines.put(None)
                raise ChildFailed(f"ended without {what!r}; {self.last}")
            self.output.append(line)
            if is_it(line):
                return line.partition(" ")[2]

    def tell(self, word: str) -> None:
        """Send the child a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def kill(self) -> list[str]:
        """Kill it like a crash; returns all lines it ever printed."""
        self._process.send_signal(signal.SIGKILL)
        return self.finish()

    def finish(self) -> list[str]:
        """Wait for its end; returns all lines it ever printed."""
        self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        while (line := self._lines.get()) is not None:
            self.output.append(line)
        self._lines.put(None)
        return self.output

    @property
    def last(self) -> str:
        """The last line read, for messages."""
        return f"last: {self.output[-1] if self.output else 'nothing'}"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):  # not if the kill truncated it
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def close(self) -> None:
        """Kill it, and close its pipes."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def last_number(said: Sequence[str], word: str) -> int:
    """The number in the last line that begins with ``word``; 0 if there is none."""
    found = [line.partition(" ")[2] for line in said if line.startswith(f"{word} ")]
    return int(found[-1]) if found else 0


def let_pass(seconds: float) -> None:
    """Let the child work for a while: the moment of a kill is what varies."""
    time.sleep(seconds)
