"""Parts on either side of a cut add up on the page, with the hits of the fight's very end."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from resonance_logs import Database, decode_task
from tests.helpers.fight_page import curve, drag, expect_lines, party
from tests.helpers.pages import Site
from tests.helpers.truth import data_file, needs_data, read_lines

WHOLE, WHOLE_MS = 960_000, 60_000


@pytest.fixture
def site_with_blow(path: Path) -> Iterator[Site]:
    """A fight whose last hit, of 900,000, is in its last millisecond."""
    with Database.open(path) as db:
        lines = read_lines(data_file("cases/killing-blow-at-end"))
        db.enqueue_many([decode_task(line) for line in lines])
    served = Site(path)
    yield served
    served.end()


def total(page: Page) -> int:
    """The whole number of the first row's total, in the title of the cell."""
    title = party(page).first.locator("[col-id=total] [title]").get_attribute("title")
    return int((title or "").replace(",", ""))


@needs_data
def test_what_is_dragged_to_the_right_edge_has_the_killing_blow(
    page: Page, site_with_blow: Site
) -> None:
    page.goto(f"{site_with_blow.address}/fight/1")
    curve(page)
    expect_lines(page, [("Aoi", "all")])
    assert total(page) == WHOLE
    drag(page, 0.5, 1.1, 0.4)
    page.wait_for_url(re.compile(rf"from=\d+&to={WHOLE_MS}$"))
    cut_ms = int(page.url.partition("from=")[2].partition("&")[0])
    expect(party(page).first.locator("[title='960,000']")).to_have_count(0)
    after = total(page)
    page.goto(f"{site_with_blow.address}/fight/1?from=0&to={cut_ms}")
    expect(page.get_by_text("From 0:00 to")).to_be_visible()
    assert total(page) + after == WHOLE
