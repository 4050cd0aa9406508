"""The panel of a chosen row is seen as soon as it is opened."""

from playwright.sync_api import Page, expect

from tests.helpers.fight_page import open_fight, panel, party
from tests.helpers.pages import Site


def test_a_clicked_player_is_scrolled_into_view_and_has_the_focus(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 1280, "height": 600})
    open_fight(page, site)
    party(page).nth(1).locator("[col-id=player]").click()
    expect(panel(page)).to_be_focused()
    heading = panel(page).get_by_role("heading", name="Aoi: damage")
    expect(heading).to_be_in_viewport()
    expect(panel(page).locator("[role=row]", has_text="Ogre")).to_be_in_viewport()


def test_who_opens_and_closes_it_by_keyboard_is_back_at_the_row(page: Page, site: Site) -> None:
    open_fight(page, site)
    cell = party(page).nth(1).locator("[col-id=player]")
    cell.focus()
    page.keyboard.press("Enter")
    expect(panel(page)).to_be_focused()
    panel(page).get_by_role("button", name="Close").press("Enter")
    expect(panel(page)).to_have_count(0)
    expect(cell).to_be_focused()


def test_a_player_in_the_address_does_not_move_the_page(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 1280, "height": 600})
    open_fight(page, site)
    page.goto(f"{site.address}/fight/1?actor=7")
    expect(panel(page).locator("[role=row]", has_text="Ogre")).to_be_attached()
    assert page.evaluate("scrollY") == 0
