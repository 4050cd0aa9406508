"""The server as a process of its own."""

import re
import signal
import subprocess
import sys
from pathlib import Path

TOKEN = "correct-horse-battery"


class Server:
    """``serve`` in a process of its own."""

    def __init__(self, db: Path, *words: str) -> None:
        command = [sys.executable, "-m", "resonance_logs", "serve", "--port", "0", "--db", str(db)]
        self.popen = subprocess.Popen(
            [*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline()
        found = re.search(r"at (http://\S+)", line)
        assert found, line or self.popen.communicate()[1]
        self.address = found[1]

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self.popen.send_signal(number)
        _, errors = self.popen.communicate(timeout=30)
        assert "Traceback" not in errors
        return self.popen.returncode, errors
