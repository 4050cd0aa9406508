"""Times as the reader's clock and calendar have them."""

import pytest
from playwright.sync_api import Browser, Page, expect

from resonance_logs import Task, UpsertEntity
from tests.helpers.fight_page import button, curve, open_fight, raid_at, rows, send
from tests.helpers.pages import Site

AFTER_FIVE = {"en-US": "5:13\u202fPM", "en-GB": "17:13", "ko-KR": "오후 5:13"}
CUT_OFF = (
    "cells => cells.filter(e => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight)"
    ".map(e => e.textContent)"
)


@pytest.mark.parametrize("locale", AFTER_FIVE)
def test_no_part_of_a_time_is_cut_off(browser: Browser, site: Site, locale: str) -> None:
    context = browser.new_context(locale=locale, timezone_id="America/New_York")
    page = context.new_page()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(site.address)
        cells = page.locator(".ag-cell[col-id=started]")
        expect(cells).to_have_count(12)
        expect(cells.first).to_contain_text(AFTER_FIVE[locale])
        assert cells.evaluate_all(CUT_OFF) == []
    context.close()


FARTHEST_MS = 2**53 - 1
PAGES = (
    ("/", 13),
    ("/players", 3),
    ("/player/7", 13),
    ("/bosses", 5),
    ("/boss?boss=Imp", 7),
    ("/live", 5),
)


def far_fight(start: int) -> list[Task]:
    """A fight with the Imp at another time, and a player last seen at the end of time."""
    return [*raid_at(1, start), UpsertEntity(entity_id=9, seen_at_ms=FARTHEST_MS, name="Late")]


@pytest.mark.parametrize("start", [FARTHEST_MS - 20_000, -FARTHEST_MS])
def test_a_time_beyond_the_calendar_hides_nothing_else(page: Page, site: Site, start: int) -> None:
    send(site, far_fight(start))
    for address, least in PAGES:
        page.goto(f"{site.address}{address}")
        if start > 0:  # elsewhere the last of the fights is named, or those that were last
            expect(page.get_by_text("unknown time").first).to_be_visible()
        expect(rows(page).nth(least - 1), address).to_be_attached()
    page.goto(f"{site.address}/player/9")
    expect(page.get_by_text("unknown time")).to_have_count(2)
    page.goto(f"{site.address}/compare?side=1&side=13")
    expect(page.get_by_text("unknown time")).to_have_count(1)
    page.goto(f"{site.address}/maintenance")
    expect(page.get_by_text("no problems found")).to_be_visible()
    expect(rows(page)).to_have_count(2)  # runs of the recorder


def test_a_fight_beyond_the_calendar_is_opened_and_deleted(page: Page, site: Site) -> None:
    send(site, far_fight(FARTHEST_MS - 20_000))
    open_fight(page, site, 13)
    curve(page)
    expect(page.get_by_text("unknown time")).to_be_visible()
    button(page, "Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(rows(page)).to_have_count(12)
    expect(page.get_by_text("unknown time")).to_have_count(0)
