"""A page whose answers take long is shown at once, and completed when they come."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.helpers.pages import Site, rows
from tests.helpers.slow_reads import unreadable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SQLite's locks are POSIX's here")

FRAMEWORK_PATIENCE_S = 3.0
"""After which NiceGUI would answer with status 500."""


def test_a_slow_page_says_that_it_loads_and_then_shows_all(page: Page, site: Site) -> None:
    httpx.get(f"{site.address}/healthz")
    with unreadable(site.path):
        begun = time.monotonic()
        answer = page.goto(site.address)
        assert answer is not None
        assert answer.status == 200
        expect(page.get_by_role("status").get_by_text("Loading…")).to_be_visible()
        page.wait_for_timeout(1_000 * max(0.0, begun + FRAMEWORK_PATIENCE_S + 1 - time.monotonic()))
        expect(page.get_by_text("Loading…")).to_be_visible()
    expect(rows(page)).to_have_count(12)
    expect(page.get_by_text("Loading…")).to_have_count(0)


ADDRESSES = (
    *("/", "/fight/1", "/live", "/bosses", "/boss?boss=Ogre", "/players", "/player/7"),
    *("/compare?side=1&side=2", "/maintenance"),
)


def test_every_page_is_sent_before_the_database_answers(site: Site) -> None:
    with (
        unreadable(site.path),
        httpx.Client(base_url=site.address, timeout=30) as client,
        ThreadPoolExecutor(len(ADDRESSES)) as pool,
    ):
        for address, answer in zip(ADDRESSES, pool.map(client.get, ADDRESSES), strict=True):
            assert answer.status_code == 200, address
            assert "Loading…" in answer.text or "q-skeleton" in answer.text, address


def test_a_reader_who_leaves_a_slow_page_is_no_error(site: Site) -> None:
    """``site`` checks at its end that nothing was logged."""
    with unreadable(site.path):
        for address in ("/", "/fight/1", "/players"):
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(site.address + address, timeout=0.3)
    assert httpx.get(site.address).status_code == 200
