"""Hostile files go through import, restore and opening, and are uploaded to a server.

The server's pages and commands must keep answering meanwhile, and none of its fights may be lost.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Final
from urllib.parse import urlencode

from tests.helpers.hostile_claims import HostileClaims
from tests.helpers.hostile_files import HostileFile, hostile_files

from resonance_logs import Database
from torture.children import PATIENCE_S
from torture.fuzz.claims import Memory
from torture.scenario import Outcome, Run, attempt
from torture.serving import Server
from torture.stream import Stream
from torture.verdict import Verdict, page_faults

FILES_A_MOMENT: Final = 50
MEMORY_BYTES: Final = 400 << 20
MAX_ANSWER_S: Final = 30.0
"""A command that takes longer was starved."""

_STREAM: Final = Stream(5, 3, 10, 40)
_UPLOAD: Final = re.compile(r"/_nicegui/client/[^\"'&\\]+?/upload/\d+")
_BOUNDARY: Final = "resonance-torture"


def hostile(run: Run) -> Iterator[Outcome]:
    """The scenario: moments of so many files each; every fourth one uploads them."""
    for number in run.numbers(max(1, run.moments // 2)):
        if number % 4 == 3:
            yield attempt(run, "hostile uploads", number, lambda n=number: _upload(run, n))  # type: ignore[misc]
        else:
            yield attempt(run, "hostile files", number, lambda n=number: _read(run, n))  # type: ignore[misc]


def _files(run: Run, number: int) -> Iterator[HostileFile]:
    folder = run.folder / f"files-{number}"
    return hostile_files(folder, run.seed * 10_007 + number, FILES_A_MOMENT)


def _read(run: Run, number: int) -> Verdict:
    memory = Memory()
    claims = HostileClaims(run.folder / f"own-{number}")
    for file in _files(run, number):
        claims.check(file)
    claims.finish()
    if memory.grown() > MEMORY_BYTES:
        claims.broken.append(f"{memory.grown():,} bytes of memory were taken")
    return Verdict(wrong=claims.broken)


def _upload(run: Run, number: int) -> Verdict:
    path = run.file(number)
    with Database.open(path) as db:
        db.enqueue_many(_STREAM.tasks())
    verdict = Verdict(flushed=len(_STREAM.tasks()))
    expected = _fights(path)
    with Server(path) as server:
        asker = _Asker(server.address())
        asker.start()
        for file in _files(run, number):
            _send(server.address(), file)
        asker.stop()
    verdict.wrong += asker.wrong
    if not asker.answers:
        verdict.wrong.append("the server answered nothing")
    verdict.fights = len(expected)
    missing = expected - _fights(path)
    verdict.kept = verdict.flushed - len(missing)
    verdict.wrong += [f"fight {each} is gone or differs" for each in missing]
    verdict.wrong += page_faults(path)
    return verdict


def _fights(path: object) -> set[tuple[object, ...]]:
    with Database.open(str(path), record=False) as db:
        rows = db.commands.get_recent_encounters(1_000).rows
    return {(each.id, each.started_at_ms, each.total_dmg, each.is_complete) for each in rows}


def _send(address: tuple[str, int], file: HostileFile) -> None:
    """Drop a file on the page, as a browser does."""
    with closing(HTTPConnection(*address, timeout=PATIENCE_S)) as client:
        client.request("GET", "/maintenance")
        found = _UPLOAD.search(client.getresponse().read().decode())
        if found is None:
            raise AssertionError("the page has no area to drop files on")
        head = (
            f"--{_BOUNDARY}\r\nContent-Disposition: form-data; "
            'name="file"; filename="fights.rlog"\r\n\r\n'
        )
        body = head.encode() + file.path.read_bytes() + f"\r\n--{_BOUNDARY}--\r\n".encode()
        kind = f"multipart/form-data; boundary={_BOUNDARY}"
        client.request("POST", found[0], body, {"Content-Type": kind})
        client.getresponse().read()


class _Asker:
    """Asks for pages, commands and an export, one after another, until it is stopped."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.wrong: list[str] = []
        self.answers = 0
        self._address = address
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        export = "/api/encounters/export?" + urlencode({"format": "csv"})
        while not self._stopped.is_set():
            for method, path in (
                ("GET", "/"),
                ("GET", "/fight/1"),
                ("POST", "/api/commands/get_recent_encounters"),
                ("POST", "/api/commands/get_database_info"),
                ("GET", export),
                ("GET", "/healthz"),
            ):
                self._ask(method, path)

    def _ask(self, method: str, path: str) -> None:
        started = time.monotonic()
        try:
            with closing(HTTPConnection(*self._address, timeout=PATIENCE_S)) as client:
                body = "{}" if method == "POST" else None
                client.request(method, path, body, {"Content-Type": "application/json"})
                status = client.getresponse().status
        except OSError as error:
            self.wrong.append(f"{path}: {error}")
            return
        took = time.monotonic() - started
        self.answers += 1
        if status >= 500 or took > MAX_ANSWER_S:
            self.wrong.append(f"{path} answered {status} after {took:.1f} s")
