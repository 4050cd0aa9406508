"""Whatever is sent, within the description or not, answers are as described."""

import subprocess
import sys
from pathlib import Path

from resonance_logs import Database
from resonance_logs.web.guard import Rules
from tests.helpers.http import running
from tests.helpers.recording import fight, record

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def test_no_request_breaks_the_server_or_its_description(tmp_path: Path) -> None:
    with Database.open(tmp_path / "fights.db") as db:
        for number in range(1, 4):
            record(db, fight(started=60_000 * number))
        rules = Rules(requests_a_second=1e9, burst=10**9)
        with running(db, rules) as address:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "schemathesis.cli", "run"),
                    f"{address}/api/openapi.json",
                    *("--checks", ",".join(CHECKS)),
                    *("--mode", "all", "--max-examples", "5", "--seed", "7"),
                    # Its threads interfere in the parser of Python 3.11.
                    *("--workers", "1"),
                    *("--phases", "coverage,fuzzing"),
                    # They have their own tests: one never ends, the other takes lines.
                    *("--exclude-path", "/api/live", "--exclude-path", "/api/tasks"),
                    # Its answer is a list of pairs, which this tool does not support.
                    *("--exclude-path", "/api/commands/get_recent_players_command"),
                    *("--request-timeout", "30", "--no-color"),
                ],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=300,
            )
    assert done.returncode == 0, done.stdout[-8_000:]
