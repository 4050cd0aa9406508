"""The server as a process of its own."""

import re
import signal
from pathlib import Path

from tests.helpers.programs import Program

TOKEN = "correct-horse-battery"


class Server:
    """``serve`` in a process of its own."""

    def __init__(self, db: Path, *words: str) -> None:
        self.popen = Program("serve", "--port", "0", "--db", db, *words)
        line = self.popen.stdout.readline()
        found = re.search(r"at (http://\S+)", line)
        assert found, line or self.popen.communicate()[1]
        self.address = found[1]

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self.popen.send_signal(number)
        _, errors = self.popen.communicate(timeout=30)
        assert "Traceback" not in errors
        return self.popen.wait(), errors
