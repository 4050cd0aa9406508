"""A signal handler may enqueue and flush while it interrupts another call that does."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from resonance_logs import Database
from resonance_logs.recording.queue import FlushMark, TaskQueue, Wakeup
from resonance_logs.tasks import EndEncounter
from tests.helpers.recording import rows

pytestmark = pytest.mark.attack

_STORM = """
import random, signal, sys, threading
from resonance_logs import *

calls = [0, 0]

def hit():
    return InsertDamageEvent(timestamp_ms=2_000, attacker_id=7, value=1)

def handle(_number, _frame):
    kind = random.random()
    calls[1] += 1
    if kind < 0.5:
        db.enqueue(hit()); calls[0] += 1
    elif kind < 0.8:
        db.enqueue_many([hit(), hit(), hit()]); calls[0] += 3
    elif kind < 0.98:
        raid.enqueue(hit())
    else:
        db.flush()
    signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00001, 0.0003))

db = Database.open(sys.argv[1], settings=Settings(queue_tasks=50))
raid = db.recorder("raid")
db.enqueue(BeginEncounter(started_at_ms=1_000, local_player_id=7))
signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.001)
mine = 0
while calls[1] < 1_000:
    for _ in range(200):
        db.enqueue(hit())
        db.own_recorder.position
    db.enqueue_many([hit() for _ in range(120)])  # more than the queue takes
    mine += 320
    db.flush()
signal.setitimer(signal.ITIMER_REAL, 0)
db.enqueue(EndEncounter(ended_at_ms=9_000))
db.close()
print(mine + calls[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no timers")
def test_a_storm_of_signals_neither_deadlocks_nor_loses_a_task(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", _STORM, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    expected = int(done.stdout)
    assert rows(path, "SELECT total_dmg FROM encounters") == [(expected,)]


def test_the_position_never_counts_marks_or_misses_what_is_being_taken() -> None:
    queue = TaskQueue(1_000_000)
    is_over = threading.Event()

    def take() -> None:
        while not is_over.is_set():
            queue.take(7)

    def mark() -> None:
        while not is_over.is_set():
            queue.put_mark(FlushMark())
            time.sleep(0)

    threads = [threading.Thread(target=work) for work in (take, mark)]
    for each in threads:
        each.start()
    try:
        for number in range(1, 5_000):
            queue.put(EndEncounter(ended_at_ms=number))
            assert queue.position == number
    finally:
        is_over.set()
        for each in threads:
            each.join()


def test_a_mark_tells_what_went_wrong_and_one_that_is_not_done_times_out() -> None:
    mark = FlushMark()
    with pytest.raises(TimeoutError):
        mark.wait(0)
    mark.resolve(ValueError("wrong"))
    with pytest.raises(ValueError, match="wrong"):
        mark.wait(None)


def test_a_handler_that_closes_while_the_database_is_being_closed_returns(path: Path) -> None:
    db = Database.open(path)
    before = signal.signal(signal.SIGINT, lambda _number, _frame: db.close())
    killer = threading.Thread(target=lambda: signal.raise_signal(signal.SIGINT))
    try:
        with db._close_lock:
            killer.start()
            killer.join()
            time.sleep(0.01)
            db.close()
    finally:
        signal.signal(signal.SIGINT, before)


def test_waking_twice_is_waking_once_and_a_wake_before_the_sleep_counts() -> None:
    wakeup = Wakeup()
    wakeup.wake()
    wakeup.wake()
    assert wakeup.wait(0)
    assert not wakeup.wait(0.01)
    assert not wakeup.wait(-1)
    wakeup.wake()
    wakeup.clear()
    assert not wakeup.wait(0)
    threading.Timer(0.02, wakeup).start()
    assert wakeup.wait(None)
