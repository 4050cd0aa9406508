"""Waiting for what another thread does."""

from __future__ import annotations

import time


def wait_until(condition: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.01)
