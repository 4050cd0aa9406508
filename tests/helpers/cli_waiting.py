"""Waiting for something that another process does."""

import time
from collections.abc import Callable


def wait_for(what: Callable[[], bool]) -> None:
    """Wait up to half a minute until it is so."""
    for _ in range(600):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")
