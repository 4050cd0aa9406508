"""A server in a separate process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def served(path: Path) -> Iterator[str]:
    """Serve a file; returns the URL."""
    command = [sys.executable, "-m", "resonance_logs", "serve", "--port", "0", "--db", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"at (http://\S+)/ ", process.stdout.readline())
    assert found is not None
    try:
        yield found[1]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
