"""Days are the reader's: the filter finds what the list shows of a day, of 23 to 25 hours."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from resonance_logs import Database
from tests.helpers.fight_page import raid_at, rows
from tests.helpers.pages import Site

AUCKLAND = ZoneInfo("Pacific/Auckland")
DAYS = {
    "2026-09-22": 24,
    "2026-09-27": 23,
    "2026-04-05": 25,
}
"""In Auckland, with their hours: clocks go forward in September and back in April."""


def edges(day: str) -> tuple[int, int]:
    """The first millisecond of the day in Auckland, and of the next."""
    first = datetime.fromisoformat(day).replace(tzinfo=AUCKLAND)
    after = first.replace(day=first.day + 1)
    return round(first.timestamp() * 1_000), round(after.timestamp() * 1_000)


@pytest.fixture
def server_in_utc(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server in UTC with a fight at each edge of the days, and just outside."""
    monkeypatch.setenv("TZ", "UTC")
    with Database.open(path) as db:
        for day in DAYS:
            first, after = edges(day)
            for start in (first - 1, first, after - 1, after):
                db.enqueue_many(raid_at(0, start))
    served = Site(path)
    yield served
    served.end()


def test_a_day_is_that_of_the_browser(browser: Browser, server_in_utc: Site) -> None:
    context = browser.new_context(locale="en-GB", timezone_id="Pacific/Auckland")
    page = context.new_page()
    for day, hours in DAYS.items():
        first, after = edges(day)
        assert after - first == hours * 3_600_000
        page.goto(f"{server_in_utc.address}/?since={day}&until={day}")
        expect(rows(page)).to_have_count(2)
        shown = datetime.fromisoformat(day).strftime("%-d %b %Y").replace("Sep", "Sept")
        for row in range(2):
            expect(rows(page).nth(row)).to_contain_text(shown)
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        lines = Path(download.value.path()).read_text("utf-8").splitlines()
        assert len(lines) == 3
    page.goto(server_in_utc.address)
    expect(rows(page)).to_have_count(12)
    page.get_by_label("From").fill("2026-09-22")
    page.get_by_label("To", exact=True).fill("2026-09-22")
    expect(rows(page)).to_have_count(2)
    page.get_by_label("To", exact=True).fill("")
    expect(rows(page)).to_have_count(7)
    context.close()
