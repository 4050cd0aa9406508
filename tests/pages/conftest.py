"""A server with pages in a separate process, and a real browser."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from resonance_logs import (
    BeginEncounter,
    Database,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
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
        EndEncounter(ended_at_ms=start + 10_000, defeated_bosses=["Ogre"]),
    ]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser per module. No test of it may run an event loop: an open browser runs one."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian's package chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Site:
    """The URL of a server, and the file that it serves."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        command = [
            sys.executable,
            "-m",
            "resonance_logs",
            "serve",
            "--port",
            "0",
            "--db",
            str(path),
            *options,
        ]
        self.popen = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.popen.stdout is not None
        found = re.search(r"at (http://\S+)/ ", self.popen.stdout.readline())
        assert found, self.popen.communicate()[1]
        self.address = found[1]

    def end(self) -> None:
        self.popen.send_signal(signal.SIGINT)
        _, errors = self.popen.communicate(timeout=30)
        assert self.popen.returncode == 0
        assert "Traceback" not in errors, errors


@pytest.fixture
def site(path: Path) -> Iterator[Site]:
    """A server with twelve fights."""
    with Database.open(path) as db:
        for number in range(12):
            db.enqueue_many(raid(number))
    served = Site(path)
    yield served
    served.end()


@pytest.fixture
def empty_site(path: Path) -> Iterator[Site]:
    """A server without a fight."""
    served = Site(path)
    yield served
    served.end()


TOKEN = "a-token-of-some-length"


@pytest.fixture
def site_with_token(path: Path) -> Iterator[Site]:
    """A server without a fight, which asks for a token."""
    served = Site(path, "--token", TOKEN)
    yield served
    served.end()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a fresh browser context; it may not request other hosts, and must not log
    errors.
    """
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC"
    )
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    asked: list[str] = []
    broken: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: broken.append(str(error)))
    opened.on("console", lambda m: broken.append(m.text) if m.type == "error" else None)
    yield opened
    foreign = [
        url for url in asked if not re.match(r"(https?|wss?)://127\.0\.0\.1:|data:|blob:", url)
    ]
    assert foreign == []
    assert broken == []
    assert opened.evaluate("window.broken") is None
    context.close()
