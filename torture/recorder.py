"""The program under torture: records a known stream, and reports progress after each flush.

It prints ``open``, ``flushed N`` (tasks), ``ending N`` (before an end), ``trouble MESSAGE`` (a
batch could not be written), ``stopped N`` (recording has stopped), ``paused N`` (and then waits for
a line), ``done N``, ``closed`` or ``left N MESSAGE``; N counts tasks from the start of the stream.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time
from itertools import count

from resonance_logs import (
    Database,
    DatabaseUnavailable,
    EndEncounter,
    RecordingError,
    Settings,
    Task,
)
from torture import limits
from torture.stream import Stream


def say(*words: object) -> None:
    """Print a line for the parent, at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Trouble(logging.Handler):
    """Prints a line when the writer logs that a batch could not be written."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            say("trouble", record.getMessage())


def record(db: Database, tasks: list[Task], options: argparse.Namespace) -> None:
    """Enqueue the tasks, flushing every few; pause before the task that is to be paused at."""
    dice = random.Random(options.stream[0])
    pause = options.pause_at
    start = 0
    while start < len(tasks):
        stop = min(len(tasks), start + dice.randint(1, options.most_a_flush))
        if start < pause < stop:
            stop = pause
        if start == pause:
            _pause(db, options)
            pause = -1
        part = tasks[start:stop]
        if EndEncounter in set(map(type, part)):
            say("ending", stop)
        try:
            db.enqueue_many(part)
        except RecordingError:
            say("stopped", start)
            raise
        start = stop
        if not (options.then_leave and pause == -1):
            try:
                db.flush()
            except RecordingError:
                say("stopped", stop)
                raise
            say("flushed", stop)


def _pause(db: Database, options: argparse.Namespace) -> None:
    say("paused", options.pause_at)
    order = sys.stdin.readline().strip()
    if order == "starve":
        limits.starve(db.path)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("stream", nargs=4, help="seed, fights, fewest and most events")
    parser.add_argument("--most-a-flush", type=int, default=7)
    parser.add_argument("--pause-at", type=int, default=-1)
    parser.add_argument("--stop-at", type=int, help="omit the rest of the stream")
    parser.add_argument("--then-leave", action="store_true", help="no flush after the pause")
    parser.add_argument("--close-seconds", type=float, default=60.0)
    parser.add_argument("--clock-back", action="store_true", help="the wall clock runs backwards")
    return parser.parse_args()


def _turn_clock_back() -> None:
    now, steps = time.time_ns(), count()
    time.time_ns = lambda: now - next(steps) * 60_000_000_000
    time.time = lambda: time.time_ns() / 1e9


def main() -> None:
    """Record the stream given on the command line."""
    options = _options()
    tasks = Stream.from_words(options.stream).tasks()[: options.stop_at]
    if options.clock_back:
        _turn_clock_back()
    logging.getLogger("resonance_logs.recording.committing").addHandler(Trouble())
    limits.watch_connections()
    settings = Settings(batch_seconds=0.001, live_seconds=0.01, close_seconds=options.close_seconds)
    db = Database.open(options.path, settings=settings)
    say("open")
    try:
        record(db, tasks, options)
    except RecordingError as error:
        say("trouble", error)
    else:
        say("done", len(tasks))
    sys.stdin.readline()
    try:
        db.close()
    except DatabaseUnavailable as error:
        say("left", len(tasks), error)
    else:
        say("closed")


if __name__ == "__main__":
    main()
