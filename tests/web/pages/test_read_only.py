"""The pages of a read-only server have no button that changes something, and say why."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from resonance_logs import Database
from tests.helpers.fight_page import rows
from tests.helpers.pages import Site, raid

WHY = "This server is read-only: nothing can be changed here."


@pytest.fixture
def read_only_site(path: Path) -> Iterator[Site]:
    """A read-only server with two fights, one of them a favourite."""
    with Database.open(path) as db:
        db.enqueue_many([*raid(0), *raid(1)])
        db.flush()
        db.commands.toggle_favorite_encounter(1, True)
    served = Site(path, "--read-only")
    yield served
    served.end()


def test_a_fight_shows_its_marks_and_no_buttons_for_them(page: Page, read_only_site: Site) -> None:
    page.goto(f"{read_only_site.address}/fight/1")
    expect(page.get_by_text(WHY)).to_be_visible()
    expect(page.get_by_text("★ Favourite")).to_be_visible()
    for name in ("Remove favourite", "Favourite", "Note and tags", "Delete"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_selected_fights_can_be_compared_and_exported_only(
    page: Page, read_only_site: Site
) -> None:
    page.goto(read_only_site.address)
    rows(page).first.locator("input[type=checkbox]").check()
    expect(page.get_by_role("button", name="Export file")).to_be_visible()
    expect(page.get_by_text(WHY)).to_be_visible()
    for name in ("Favourite", "Remove favourite", "Delete"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_maintenance_only_checks(page: Page, read_only_site: Site) -> None:
    page.goto(f"{read_only_site.address}/maintenance")
    expect(page.get_by_role("button", name="Check all fights")).to_be_visible()
    expect(page.get_by_text(WHY)).to_be_visible()
    for name in ("Back up now", "Preview"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.locator("input[type=file]")).to_have_count(0)
