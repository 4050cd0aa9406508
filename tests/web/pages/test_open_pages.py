"""The number of open pages is limited, for an address and in all, and so is their memory."""

import re

import httpx
from playwright.sync_api import Page, expect

from resonance_logs.web.pages.open_pages import MAX_PAGES_OF_ONE
from tests.helpers.pages import Site

NAMES = ("open_pages", "connected_pages", "open_pages_bytes")


def figures(site: Site) -> list[int]:
    text = httpx.get(f"{site.address}/metrics").text
    found = dict(re.findall(r"^resonance_logs_(\w+) (\S+)$", text, re.MULTILINE))
    return [int(float(found[name])) for name in NAMES]


def test_the_metrics_count_the_open_pages_and_their_memory(page: Page, empty_site: Site) -> None:
    assert figures(empty_site) == [0, 0, 0]
    page.goto(empty_site.address)
    expect(page.get_by_text("Nothing has been recorded yet.")).to_be_visible()
    count, connected, size = figures(empty_site)
    assert (count, connected) == (1, 1)
    assert 100_000 < size < 2_000_000
    httpx.get(f"{empty_site.address}/live")
    assert figures(empty_site)[:2] == [2, 1]
    assert figures(empty_site)[2] > size


def test_one_address_cannot_open_pages_without_end(empty_site: Site) -> None:
    with httpx.Client(base_url=empty_site.address) as client:
        # Unknown pages are pages too.
        codes = [client.get(f"/nope/{number}").status_code for number in range(MAX_PAGES_OF_ONE)]
        assert set(codes) == {404}
        for address in ("/", "/nope"):
            refused = client.get(address)
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "30"
            assert "Your address has as many pages open as it may." in refused.text
        assert client.get("/healthz").status_code == 200
    assert figures(empty_site)[0] == MAX_PAGES_OF_ONE
