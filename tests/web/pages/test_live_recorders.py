"""The open fights of two recorders, watched while they are recorded."""

import sqlite3
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.helpers.axe import grave
from tests.helpers.fight_page import send
from tests.helpers.pages import EVIL, Site, raid

LEFT = {"recorder": "left", "game": "bpsr"}
RIGHT = {"recorder": EVIL, "game": "wow"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server without a fight, for all tests of this module."""
    served = Site(tmp_path_factory.mktemp("recorders") / "fights.db")
    yield served
    served.end()


def fight_of(page: Page, recorder: str) -> Locator:
    return page.get_by_role("region", name=recorder, exact=True)


def test_the_fights_of_two_recorders_come_change_and_go_each_by_itself(
    page: Page, site: Site
) -> None:
    one, other = raid(30), raid(31)
    page.goto(f"{site.address}/live")
    send(site, one[:23], **LEFT)
    left, right = fight_of(page, "left"), fight_of(page, EVIL)
    expect(left).to_contain_text("Court 0 · 2 s · 1,240,000 damage")
    expect(page.get_by_role("heading", name="left")).to_be_hidden()
    send(site, other[:23], **RIGHT)
    expect(right).to_contain_text("Court 1 · 2 s · 1,280,000 damage")
    expect(right.locator(".rl-name[title='Class 5']")).to_have_text(EVIL)
    expect(left.locator(".rl-name[title='Verdant Oracle']")).to_have_text(EVIL)
    expect(right.get_by_role("heading")).to_have_text(EVIL)
    expect(page.locator(".rl-open [role=heading]")).to_have_text([EVIL, "left"])
    expect(right.get_by_text("wow")).to_be_visible()
    send(site, other[23:43], **RIGHT)
    expect(right).to_contain_text("2,560,000 damage")
    expect(left).to_contain_text("1,240,000 damage")
    expect(page.locator("canvas")).to_have_count(2)
    assert grave(Axe().run(page).response) == []
    send(site, one[23:], **LEFT)
    expect(left).to_have_count(0)
    expect(page.locator(".ag-row", has_text="6.20m")).to_contain_text("Ogre")
    expect(right.get_by_role("heading", name=EVIL)).to_be_hidden()
    send(site, other[43:], **RIGHT)
    expect(page.get_by_text("No fight is being recorded.")).to_be_visible()
    expect(page.locator("img")).to_have_count(0)


def test_one_recorder_is_watched_alone_and_marked_while_it_sends_nothing(
    page: Page, site: Site
) -> None:
    send(site, raid(40)[:23], **LEFT)
    send(site, raid(41)[:23], **RIGHT)
    page.goto(f"{site.address}/live")
    page.get_by_role("link", name=EVIL).click()
    expect(fight_of(page, EVIL)).to_contain_text("Court 2 · 2 s · 1,680,000 damage")
    expect(fight_of(page, "left")).to_have_count(0)
    expect(page.get_by_text("Waiting: nothing was received")).to_be_hidden()
    with sqlite3.connect(site.path) as connection:
        connection.execute("UPDATE recorders SET seen_at_ms = seen_at_ms - 3600000")
    connection.close()
    expect(page.get_by_text("Waiting: nothing was received for 3,6")).to_be_visible()
    send(site, raid(41)[23:], **RIGHT)
    expect(page.get_by_text(f"No fight is being recorded by {EVIL}.")).to_be_visible()
    page.get_by_role("link", name="All recorders").click()
    expect(fight_of(page, "left")).to_be_visible()
