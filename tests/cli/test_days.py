"""Days on the command line are those of this machine's time zone, of 23 to 25 hours."""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from resonance_logs import BeginEncounter, Database, EndEncounter, InsertDamageEvent

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="a process on Windows does not take its time zone from TZ"
)
DAYS = [
    ("Pacific/Auckland", "2026-09-22", 24),
    ("Pacific/Auckland", "2026-09-27", 23),
    ("Pacific/Auckland", "2026-04-05", 25),
    ("America/Sao_Paulo", "2018-11-04", 23),  # without a midnight: it begins at 01:00
]


@pytest.mark.parametrize(("zone", "day", "hours"), DAYS)
def test_a_day_is_that_of_the_machine(path: Path, zone: str, day: str, hours: int) -> None:
    moment = datetime.fromisoformat(day)
    first, after = (
        round(each.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1_000)
        for each in (moment, moment + timedelta(days=1))
    )
    assert after - first == hours * 3_600_000
    with Database.open(path) as db:
        for start in (first - 1, first, after - 1, after):
            db.enqueue(BeginEncounter(started_at_ms=start, local_player_id=7))
            db.enqueue(InsertDamageEvent(timestamp_ms=start, attacker_id=7, value=1))
            db.enqueue(EndEncounter(ended_at_ms=start + 5))
    command = [sys.executable, "-m", "resonance_logs", "list", "--db", str(path)]
    command += ["--since", day, "--until", day]
    environment = os.environ | {"TZ": zone}

    def run(*more: str) -> str:
        done = subprocess.run(
            [*command, *more], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    found = json.loads(run("--json"))["rows"]
    assert [each["startedAtMs"] for each in found] == [after - 1, first]
    assert run().count(f" {day} ") == 2
