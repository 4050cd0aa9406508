"""A server with pages in a separate process, and a real browser."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from resonance_logs import (
    Database,
)
from tests.helpers.pages import TOKEN, Site, raid

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser per module. No test of it may run an event loop: an open browser runs one."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian's package chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def twelve_fights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recorded once for all tests; never changed."""
    path = tmp_path_factory.mktemp("pages") / "fights.db"
    with Database.open(path) as db:
        for number in range(12):
            db.enqueue_many(raid(number))
    return path


@pytest.fixture
def site(path: Path, twelve_fights: Path) -> Iterator[Site]:
    """A server with twelve fights."""
    shutil.copy(twelve_fights, path)
    served = Site(path)
    yield served
    served.end()


@pytest.fixture
def empty_site(path: Path) -> Iterator[Site]:
    """A server without a fight."""
    served = Site(path)
    yield served
    served.end()


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
