"""Identify an input by its first line, so that it is known again after it has grown."""

from __future__ import annotations

import hashlib
from typing import Final

from resonance_logs.sources.ndjson import BLANK

MAX_BYTES: Final = 64 * 1024
"""As much of the first line is read."""

ID_BYTES: Final = 16


class FirstLine:
    """Collects the first line of an input that is not blank."""

    def __init__(self) -> None:
        self._start = bytearray()
        self._id: str | None = None
        self._is_taken = False
        self._is_complete = False

    def feed(self, block: bytes) -> None:
        """Take what is needed of the next bytes of the input."""
        if self._is_complete:
            return
        self._start += block[:MAX_BYTES]
        self._start = self._start.lstrip(BLANK + b"\n")
        line, end, _ = self._start.partition(b"\n")
        if end or len(self._start) >= MAX_BYTES:
            self._complete(line)

    def finish(self) -> None:
        """Note that the input has ended."""
        if not self._is_complete:
            self._complete(self._start.strip(BLANK + b"\n"))

    def take_id(self) -> str | None:
        """The id of the input, the first time that it is known; None otherwise."""
        if self._is_taken:
            return None
        self._is_taken = self._id is not None
        return self._id

    def _complete(self, line: bytes | bytearray) -> None:
        self._is_complete = True
        self._start = bytearray()
        if line := bytes(line[:MAX_BYTES]).rstrip(BLANK):
            self._id = hashlib.blake2b(line, digest_size=ID_BYTES).hexdigest()
