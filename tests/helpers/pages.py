"""A server with pages, its fights, and what a browser shows of its tables."""

from __future__ import annotations

import contextlib
import re
import signal
from pathlib import Path

from playwright.sync_api import Locator, Page
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from resonance_logs import (
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
)
from tests.helpers.programs import Program

EVIL = "<img src=x onerror=window.broken=1>"

DAY_MS = 86_400_000

FIRST_MS = 1_700_000_000_000


def raid(number: int) -> list[Task]:
    """A fight of Aoi and a player with a malicious name, against one of two bosses."""
    start, boss = FIRST_MS + DAY_MS * number, ("Ogre", "Imp")[number % 2]
    hits = [
        InsertDamageEvent(
            timestamp_ms=start + 100 * n,
            attacker_id=7 + n % 2,
            value=1_000 * (number + 1) * (3 if n % 2 else 1),
            defender_id=900,
            monster_name=boss,
            is_boss=True,
            skill_id=5,
        )
        for n in range(100)
    ]
    return [
        BeginEncounter(started_at_ms=start, local_player_id=7, scene_name=f"Court {number % 3}"),
        UpsertEntity(entity_id=7, seen_at_ms=start, name="Aoi", class_id=1),
        UpsertEntity(entity_id=8, seen_at_ms=start, name=EVIL, class_id=5),
        *hits,
        InsertHealEvent(timestamp_ms=start + 50, healer_id=8, value=77, target_id=7),
        EndEncounter(
            ended_at_ms=start + 10_000, defeated_bosses=["Ogre"] if boss == "Ogre" else []
        ),
    ]


class Site:
    """The URL of a server, and the file that it serves."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        self.popen = Program("serve", "--port", "0", "--db", path, *options)
        found = re.search(r"at (http://\S+)/ ", self.popen.stdout.readline())
        assert found, self.popen.communicate()[1]
        self.address = found[1]

    def end(self) -> None:
        self.popen.send_signal(signal.SIGINT)
        _, errors = self.popen.communicate(timeout=30)
        assert self.popen.returncode == 0
        assert "Traceback" not in errors, errors


TOKEN = "a-token-of-some-length"


def rows(page: Page) -> Locator:
    return page.locator(".ag-center-cols-container [role=row]")


def close_code(socket: ClientConnection) -> int:
    """The code with which a server closes a web socket, after whatever it sends."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            socket.recv(timeout=20)
    assert socket.close_code is not None
    return socket.close_code
