"""``serve`` under torture: killed and started again while clients send tasks to it."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from torture.children import PATIENCE_S, Child


class Server:
    """A server of one file, which is another process after each kill."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._child: Child | None = None
        self._address: tuple[str, int] | None = None
        self._changed = threading.Condition()

    def start(self) -> None:
        """Start the process, which then recovers the file."""
        self._child = Child("resonance_logs", "serve", "--port", 0, "--db", self._path, package="")

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._child is not None
        return self._child.pid

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            ChildFailed: it ended before.
        """
        assert self._child is not None
        said = self._child.wait_for("serving")
        found = re.search(r" at http://([\d.]+):(\d+)/", said)
        assert found, said
        with self._changed:
            self._address = found[1], int(found[2])
            self._changed.notify_all()

    def kill(self) -> None:
        """Kill it like a crash."""
        with self._changed:
            self._address = None
        if self._child is not None:
            self._child.close()

    def address(self) -> tuple[str, int]:
        """Where it answers, once it does.

        Raises:
            TimeoutError: it does not.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._address is not None, PATIENCE_S):
                raise TimeoutError("the server has not answered")
            assert self._address is not None
            return self._address

    def __enter__(self) -> Self:
        self.start()
        self.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
