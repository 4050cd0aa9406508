"""The live fight, watched while it is recorded."""

import httpx
from playwright.sync_api import Page, expect

from resonance_logs import Task, encode_task
from tests.helpers.pages import EVIL, Site, raid, rows


def send(site: Site, tasks: list[Task]) -> None:
    lines = b"".join(encode_task(task) + b"\n" for task in tasks)
    assert httpx.post(f"{site.address}/api/tasks", content=lines).json()["refused"] == 0


def test_without_an_open_fight_it_says_so_and_lists_the_last(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/live")
    expect(page.get_by_text("No fight is being recorded.")).to_be_visible()
    expect(rows(page)).to_have_count(5)
    expect(rows(page).first).to_contain_text("Court 2")
    expect(rows(page).first).to_contain_text("wiped")
    rows(page).first.get_by_text("Imp").click()
    expect(page).to_have_url(f"{site.address}/fight/12")


def test_the_standings_follow_the_fight_to_its_end(page: Page, site: Site) -> None:
    tasks = raid(30)
    page.goto(f"{site.address}/live")
    send(site, tasks[:23])
    expect(page.get_by_text("Court 0 · 2 s · 1,240,000 damage")).to_be_visible()
    expect(rows(page).first).to_contain_text(EVIL)
    expect(rows(page).first).to_contain_text("930k")
    send(site, tasks[23:103])
    expect(rows(page).first).to_contain_text("4.65m")
    expect(page.locator("canvas")).to_have_count(1)
    page.get_by_role("button", name="Healing").click()
    expect(page.locator(".ag-header-cell-text").first).to_have_text("Name")
    expect(page.get_by_text("HPS")).to_be_visible()
    expect(rows(page).first).to_contain_text("0")
    send(site, tasks[103:])
    expect(page.get_by_text("No fight is being recorded.")).to_be_visible()
    last = page.locator(".ag-row", has_text="6.20m")
    expect(last).to_contain_text("Ogre")


def test_without_any_fight_it_waits(page: Page, empty_site: Site) -> None:
    page.goto(f"{empty_site.address}/live")
    expect(page.get_by_text("No fight is being recorded.")).to_be_visible()
