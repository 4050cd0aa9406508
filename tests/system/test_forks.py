"""A child process made by ``fork`` can neither use nor harm the database of its parent."""

import subprocess
import sys
from pathlib import Path

import pytest

from resonance_logs import Database
from tests.helpers.recording import rows

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no fork"),
]

_PRELUDE = """
import multiprocessing, os, sys, time
from pathlib import Path
from resonance_logs import *
from resonance_logs.store.sqlite.lock import is_held

path = Path(sys.argv[1])

def hit(n):
    return InsertDamageEvent(timestamp_ms=1_000 + n, attacker_id=7, value=1)

def begin(db):
    db.enqueue(BeginEncounter(started_at_ms=1_000, local_player_id=7))

def refused(work, kind=DatabaseClosed):
    try:
        work()
    except kind as error:
        assert "forked" in str(error), error
    else:
        raise AssertionError("not refused")

def wait_for(pid):
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
"""

_REFUSED = """
db = Database.open(path)
raid = db.recorder("raid")
begin(db)
db.commands.get_recent_encounters()
db.enqueue_many([hit(n) for n in range(1_000)])
pid = os.fork()
if pid == 0:
    for work in (
        lambda: db.enqueue(hit(1)),
        lambda: db.enqueue_many([hit(1)]),
        lambda: db.flush(),
        lambda: raid.enqueue(hit(1)),
        lambda: raid.flush(),
        lambda: db.recorder("raid"),
        lambda: db.find_recorder("raid"),
        lambda: db.stats(),
        lambda: db.backup(path.with_name("backup.db")),
        lambda: db.commands.get_recent_encounters(),
        lambda: db.commands.set_catalog_names("skill", {5: "Slash"}),
        lambda: db.fights_table(),
    ):
        refused(work)
    raid.position
    for record in (True, False):
        refused(lambda: Database.open(path, record=record), DatabaseUnavailable)
    with Database.open(path.with_name("other.db")) as other:
        begin(other)
        other.flush()
    db.close()
    END_OF_CHILD
wait_for(pid)
assert is_held(path)
db.enqueue_many([hit(n) for n in range(1_000)])
db.enqueue(EndEncounter(ended_at_ms=9_000))
db.close()
assert not is_held(path)
"""

_MANY = """
import gc
db = Database.open(path)
begin(db)
def child():
    global db
    refused(lambda: db.enqueue(hit(1)))
    db = None
    gc.collect()
for n in range(20):
    db.enqueue_many([hit(n) for n in range(100)])
    db.commands.get_live_encounter()
    if n % 2:
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join()
        assert process.exitcode == 0
        continue
    pid = os.fork()
    if pid == 0:
        child()
        sys.exit(0)
    wait_for(pid)
    assert is_held(path)
db.enqueue(EndEncounter(ended_at_ms=9_000))
db.close()
"""

_OUTLIVED = """
db = Database.open(path)
begin(db)
db.enqueue(hit(1))
db.flush()
read, write = os.pipe()
middle = os.fork()
if middle == 0:
    os._exit(0)
pid = os.fork()
if pid == 0:
    os.close(write)
    os.read(read, 1)  # until the parent has ended
    time.sleep(0.2)
    sys.exit(0)
os.waitpid(middle, 0)
print(pid, flush=True)
os._exit(0)
"""


def run(script: str, path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PRELUDE + script, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)", "db = raid = None; sys.exit(0)"])
def test_the_child_is_refused_and_the_parent_records_on(path: Path, end: str) -> None:
    run(_REFUSED.replace("END_OF_CHILD", end), path)
    assert rows(path, "SELECT total_dmg FROM encounters") == [(2_000,)]
    with Database.open(path, record=False) as db:
        assert db.commands.check_database().is_sound
        run_of_parent = db.commands.get_database_health().last_run
    assert run_of_parent is not None
    assert run_of_parent.is_clean


def test_many_children_end_and_nothing_is_lost(path: Path) -> None:
    run(_MANY, path)
    assert rows(path, "SELECT total_dmg FROM encounters") == [(2_000,)]


def test_a_child_that_outlives_its_parent_holds_no_lock_and_changes_nothing(path: Path) -> None:
    run(_OUTLIVED, path)
    with Database.open(path) as db:
        assert db.commands.get_recent_encounters().rows[0].total_dmg == 1
        assert db.commands.check_database().is_sound


def test_a_database_opened_after_the_fork_is_the_childs_own(path: Path) -> None:
    run(
        """
with Database.open(path) as db:
    begin(db)
del db
pid = os.fork()
if pid == 0:
    with Database.open(path) as db:
        begin(db)
        db.enqueue(hit(1))
    sys.exit(0)
wait_for(pid)
""",
        path,
    )
    assert rows(path, "SELECT total_dmg FROM encounters") == [(1,)]
