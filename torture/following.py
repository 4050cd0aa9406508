"""``ingest --follow`` of growing files: killed and run again, and no task is lost or doubled."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from torture.children import Child, let_pass
from torture.moment import Moment
from torture.recorded_stream import RecordedStream, make_streams
from torture.recorders_verdict import judge_recorders
from torture.serving import Server
from torture.verdict import Verdict

FIGHTS: Final = 4
MOST_EVENTS: Final = 100
MAX_KILLS: Final = 5
GROWING_S: Final = 8.0
"""How long the files grow, unless all kills are done before."""


class GrowingFile:
    """A file to which another thread appends the lines of a stream, sometimes half a line."""

    def __init__(self, path: Path, stream: RecordedStream, seed: int) -> None:
        self.path = path
        self.stream = stream
        self._text = b"".join(stream.lines)
        self._dice = random.Random(seed)
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._grow, daemon=True)
        path.touch()
        self._thread.start()

    def complete(self) -> None:
        """Append all that is left."""
        self._hurry.set()
        self._thread.join()

    def words(self, db: Path) -> list[object]:
        """The arguments of ``ingest`` for the file."""
        who = self.stream.identity
        return ["--recorder", who.recorder, "--game", who.game, "--quiet", "--db", db, self.path]

    def _grow(self) -> None:
        largest = max(2, len(self._text) // 50)
        start = 0
        with self.path.open("ab", buffering=0) as file:
            while start < len(self._text):
                stop = start + self._dice.randint(1, largest)
                if self._hurry.is_set():
                    stop = len(self._text)
                file.write(self._text[start:stop])
                start = stop
                self._hurry.wait(self._dice.uniform(0.0, 2 * GROWING_S / 50))


def kill_following(moment: Moment) -> Verdict:
    """Kill ``ingest --follow``, into the database or through a server, and run it again."""
    dice = moment.dice
    is_served = dice.random() < 0.5
    streams = make_streams(dice, FIGHTS, MOST_EVENTS)
    files = [
        GrowingFile(moment.path.with_name(f"{number}.ndjson"), stream, dice.getrandbits(30))
        for number, stream in enumerate(streams)
    ]
    with ExitStack() as stack:
        server = stack.enter_context(Server(moment.path)) if is_served else None
        if server is None:
            kills, wrong = _kill_direct(moment, files)
        else:
            kills, wrong = _kill_served(moment, files, server)
        wrong += [each for file in files for each in _finish(moment.path, file)]
    verdict = judge_recorders(moment.path, streams)
    verdict.note = f"{kills} kills {'with a server' if is_served else 'without a server'}"
    verdict.wrong[:0] = wrong
    return verdict


def _follow(path: Path, file: GrowingFile) -> Child:
    return Child("resonance_logs", "ingest", "--follow", *file.words(path), package="")


def _follow_served(path: Path, file: GrowingFile) -> Child:
    """Follow a file, and wait until the server was found: without one it would record itself."""
    words = [each for each in file.words(path) if each != "--quiet"]
    child = Child("resonance_logs", "ingest", "--follow", *words, package="", with_errors=True)
    child.wait_until(lambda line: "sending the tasks to it" in line, "the server")
    return child


def _finish(path: Path, file: GrowingFile) -> list[str]:
    """Record the rest of the file, which does not grow any more."""
    file.complete()
    with Child("resonance_logs", "ingest", *file.words(path), package="") as child:
        child.finish()
        code = child.exit_code
    return [] if code == 0 else [f"ingest {file.path.name} ended with {code}"]


def _kill_direct(moment: Moment, files: Sequence[GrowingFile]) -> tuple[int, list[str]]:
    """Have one program after another record into the database, and kill each."""
    kills = moment.dice.randint(2, MAX_KILLS)
    for _ in range(kills):
        with _follow(moment.path, moment.dice.choice(files)):
            let_pass(moment.dice.uniform(0.5, 2.5))
    return kills, []


def _kill_served(
    moment: Moment, files: Sequence[GrowingFile], server: Server
) -> tuple[int, list[str]]:
    """Kill the programs that send to the server, and sometimes the server."""
    dice = moment.dice
    kills = dice.randint(2, MAX_KILLS)
    with ExitStack() as stack:
        children = [stack.enter_context(_follow_served(moment.path, file)) for file in files]
        for _ in range(kills):
            let_pass(dice.uniform(0.0, 1.5))
            if dice.random() < 0.4:
                server.kill()
                server.start()
                server.wait()
            else:
                number = dice.randrange(len(files))
                children[number].kill()
                children[number] = stack.enter_context(_follow_served(moment.path, files[number]))
        wrong = [
            f"ingest {file.path.name} ended by itself: {child.finish()[-1:]}"
            for child, file in zip(children, files, strict=True)
            if child.exit_code is not None
        ]
    return kills, wrong
